"""The vectors of editions, read by the bus and by a reader written from schemas/README.md §9 alone."""

import json
from base64 import b64decode
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from bus.directory.edition import accept, load
from bus.directory.header import rule_of
from bus.errors import BadEdition
from bus.trust.certificates import Certificate
from tests.vectors import editions
from tests.vectors.edition_reader import RefusedError, held, take

FOLDER = Path(__file__).parents[1] / "vectors" / "editions"
ROOT = b64decode(json.loads((FOLDER / "root-root.json").read_text(encoding="utf-8"))["offered"])
VECTORS = sorted(path for path in FOLDER.glob("*.json") if path.name != "root-root.json")

each = pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)


def _load(path: Path) -> dict[str, Any]:
    vector: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    vector["held"] = None if vector["held"] is None else b64decode(vector["held"])
    vector["offered"] = b64decode(vector["offered"])
    vector["now"] = datetime.fromisoformat(vector["now"])
    return vector


@each
def test_bus(path: Path) -> None:
    """The bus does with each vector what the vector says."""
    vector = _load(path)
    assert _by_the_bus(vector) == vector["expect"]


@each
def test_independent_reader(path: Path) -> None:
    """Who has only the page does with each vector what the vector says."""
    vector = _load(path)
    assert _by_the_page(vector) == vector["expect"]


def _by_the_bus(vector: dict[str, Any]) -> str:
    roots, now = (Certificate.from_der(ROOT),), vector["now"]
    before = None if vector["held"] is None else load(vector["held"], roots=roots, now=now)
    try:
        found = accept(before, vector["offered"], roots=roots, now=now)
    except BadEdition as error:
        return rule_of(error)
    return "kept" if found is before else "taken"


def _by_the_page(vector: dict[str, Any]) -> str:
    root, before = x509.load_der_x509_certificate(ROOT), held(vector["held"])
    try:
        found = take(before, vector["offered"], root=root, now=vector["now"])
    except RefusedError as error:
        return str(error)
    return "kept" if found is before else "taken"


def test_regenerated(tmp_path: Path) -> None:
    """The script still makes every vector, with the same facts."""
    editions.write(tmp_path)
    made, there = (
        {path.name: json.loads(path.read_text(encoding="utf-8"))["fact"] for path in folder.iterdir()}
        for folder in (tmp_path, FOLDER)
    )
    assert made == there
