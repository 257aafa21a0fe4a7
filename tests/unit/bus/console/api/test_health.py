from contextlib import contextmanager
from typing import Any

from bus.errors import StoreAway
from tests.unit.bus.console.visitor import Visitor


def test_whoever_looks_after_it_is_told_that_it_is_well(visitor: Visitor) -> None:
    """Without a key; nothing else is told, and nothing recorded."""
    answer = visitor.get("/healthz", None)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert visitor.log() == []


def test_a_database_that_is_away_is_not_well(visitor: Visitor) -> None:
    """It says to ask again."""

    @contextmanager
    def away() -> Any:
        raise StoreAway(store="ledger", why="no answer")
        yield

    visitor.ledger.reading = away
    answer = visitor.get("/healthz", None)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert visitor.get("/api/v1/access", "auditor").status_code == 503
