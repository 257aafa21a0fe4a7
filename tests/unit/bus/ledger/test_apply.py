"""bus/ledger/apply.py: what a batch does in portions. The rest is told by test_ingest.py and test_rebuild.py: a step is
one thing."""

import tracemalloc
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text

from bus.ledger import keep
from bus.ledger.apply import apply, lines_of
from bus.ledger.open import open_ledger
from bus.ledger.records import Event, EventNumber
from bus.ledger.shadow import make
from bus.ledger.years import next_number
from schemas.codes import Kind, Outcome
from schemas.docket import Acknowledged, Docket, DocumentKey
from schemas.values import MessageId
from tests.unit.bus.ledger.recorded import recorded
from tests.unit.bus.ledger.test_ingest import DERIVED, dump, exchange_some
from tests.unit.bus.ledger.trail import MONDAY, RULES, Trail, address, event

CIRCULARS, RECIPIENTS = 16, 250


@pytest.mark.parametrize("most", [1, 2, 3])
def test_portions_make_no_difference(tmp_path: Path, most: int) -> None:
    """However few deliveries are in memory at once, the same rows and the same document of each event."""
    with recorded(tmp_path) as kept:
        exchange_some(kept, 4)
        kept.read_all()
        with kept.ledger.writing() as connection:
            shadow = make(connection)
            events = keep.events_after(connection, EventNumber(-1), limit=1000)
            rules = kept.rules(connection)
            about = apply(connection, events, rules=rules, at=kept.clock(), tables=shadow, most=most)
            kept_about = {
                row.event: row.document
                for row in connection.execute(text("SELECT event, document FROM seen WHERE document IS NOT NULL"))
            }
        grown = dump(kept, *DERIVED)
        assert all(grown.values())
        assert dump(kept, *(table.name for table in shadow.tables)) == {
            table.name: grown[name] for name, table in zip(DERIVED, shadow.tables, strict=True)
        }
        assert dict(about) == kept_about


def test_a_receipt_about_many_circulars_is_not_all_in_memory(tmp_path: Path) -> None:
    """Each has hundreds of recipients, and each is as it would be alone."""
    whole, whole_peak = _receipted(tmp_path / "whole.db", most=10**9)
    some, peak = _receipted(tmp_path / "some.db", most=RECIPIENTS)
    assert some == whole == CIRCULARS
    assert peak < whole_peak / 3


def _receipted(file: Path, *, most: int) -> tuple[int, int]:
    """How many circulars have the receipt, and what its step took of memory, at most."""
    ledger = open_ledger(f"sqlite:///{file}")
    try:
        with ledger.writing() as connection:
            numbers = count(next_number(connection, now=MONDAY))
            circulars = [_circular(numbers, place) for place in range(CIRCULARS)]
            about = apply(connection, circulars, rules=RULES, at=MONDAY)
            keep.insert_events(connection, circulars, about)
        receipt = _receipt(next(numbers), circulars)
        tracemalloc.start()
        with ledger.writing() as connection:
            keep.keep_receipt_lines(connection, list(lines_of([receipt])))
            apply(connection, [receipt], rules=RULES, at=MONDAY, most=most)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        with ledger.reading() as connection:
            held = connection.scalar(text("SELECT count(*) FROM delivery WHERE outcome = 'held'"))
    finally:
        ledger.close()
    return int(held or 0), peak


def _circular(numbers: "count[int]", place: int) -> Event:
    key = DocumentKey(issuer="G22", id=f"G22,2026/03/02,{place}/VPCP-KSTT")
    sent = Trail(key, numbers).sent(*(f"H{agency}" for agency in range(10, 10 + RECIPIENTS)))
    return replace(sent, docket_bytes=b"{}")


def _receipt(number: int, circulars: list[Event]) -> Event:
    docket = Docket(
        id=MessageId(f"r{number}"),
        kind=Kind.RECEIPT,
        sender=address("H10"),
        recipients=(address("G22"),),
        created_at=MONDAY + timedelta(hours=1),
        acknowledges=tuple(
            Acknowledged(message=each.docket.id, docket_sha256=each.docket_sha256, outcome=Outcome.HELD, code=None)
            for each in circulars
        ),
    )
    return event(number, docket)
