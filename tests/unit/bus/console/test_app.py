from typing import Any

import pytest

from bus.console.app import BASE, openapi
from bus.console.problems import MEDIA_TYPE
from tests.unit.bus.console.visitor import Visitor

OPERATIONS = [
    (path, method, operation) for path, methods in openapi()["paths"].items() for method, operation in methods.items()
]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=[path for path, *_ in OPERATIONS])
def test_an_operation_is_described(path: str, method: str, operation: dict[str, Any]) -> None:
    """It reads; it says what it is, what it answers where there is none, and that a key or a certificate is wanted."""
    assert method == "get"
    assert path.startswith(f"{BASE}/")
    assert operation["description"]
    assert operation["security"] == [{"key": []}, {"certificate": []}]
    errors = {status: list(response["content"]) for status, response in operation["responses"].items() if status > "3"}
    assert errors == {status: [MEDIA_TYPE] for status in ("401", "403", "404", "422", "500", "503")}


@pytest.mark.parametrize("path", [path for path, *_ in OPERATIONS])
def test_nothing_is_told_to_a_stranger(visitor: Visitor, path: str) -> None:
    """Each route asks who it is, whatever the path."""
    assert visitor.get(path.replace("{number}", "1"), None).status_code == 401


def test_the_description_is_for_everybody(visitor: Visitor) -> None:
    """It is that of the code, and has no page that would load scripts."""
    assert visitor.get(f"{BASE}/openapi.json", None).json() == openapi()
    assert visitor.get("/docs").status_code == visitor.get("/redoc").status_code == 404


def test_names_of_operations_are_unique() -> None:
    """Clients are made from them."""
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(names) == len(set(names))
