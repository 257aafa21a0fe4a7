"""bus/store/entries.py: that looking for what is due stays cheap, however much there is."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from bus.ports.records import InboxEntry
from bus.store.entries import chunks, docket_of
from bus.store.open import open_store
from bus.store.store import SqlStore
from schemas.codes import Kind, Outcome, Priority
from schemas.docket import Acknowledged, Docket
from tests.contract.store import LATER, NOW, PLENTY, mid, put, sending


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    yield store
    store.close()


def test_few_long_dockets_are_held_in_memory(store: SqlStore) -> None:
    """Receipts for hundreds of messages each, or dockets that a stranger filled: the latest that fit, of one size."""
    line = Acknowledged(message=mid(1), docket_sha256="0" * 64, outcome=Outcome.HELD)
    own = sending(2).docket.sender
    long = [
        Docket(
            id=mid(number), kind=Kind.RECEIPT, sender=own, recipients=(own,), created_at=NOW, acknowledges=(line,) * 500
        )
        for number in range(20)
    ]
    with store.write() as tx:
        tx.outbox.put([replace(sending(2), docket=each) for each in long], at=NOW)
        tx.inbox.put([InboxEntry(docket=long[-1], body=b"", taken_at=NOW)])
    held = [docket_of(each.to_json()) is each for each in long]
    assert held[-1]
    assert 0 < held.count(True) < 15
    assert docket_of(long[0].to_json()) == long[0]


@pytest.mark.parametrize("deferred", [False, True], ids=["at once", "put off"])
def test_thousands_wait(store: SqlStore, deferred: bool) -> None:
    """The next batch is found at once behind a backlog, and its most urgent entry is the one put last."""
    next_at = LATER if deferred else None
    for first in range(1, 20_000, 5000):
        put(
            store,
            *(
                replace(ONE, docket=ONE.docket.model_copy(update={"id": mid(first + n)}), next_at=next_at)
                for n in range(5000)
            ),
        )
    put(store, sending(999_999, priority=Priority.IMMEDIATE, next_at=NOW))
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1000
        return 0

    def counted(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(step, 1000)

    event.listen(store.engine, "checkout", counted)
    with store.read() as tx:
        found = tx.outbox.due(now=LATER if deferred else NOW, limit=200, max_bytes=PLENTY)
    assert [entry.docket.id for entry in found[:3]] == [mid(999_999), mid(1), mid(2)]
    assert len(found) == 200
    assert steps < (900_000 if deferred else 60_000), "instructions of SQLite's machine: a count, not a time"


ONE = replace(sending(1, body=b""), key=None)


def test_chunks() -> None:
    """Whatever is given, in order, in lists that every database takes."""
    assert [len(some) for some in chunks(range(1001))] == [500, 500, 1]
    assert list(chunks(())) == []


def test_what_was_written_a_moment_ago(store: SqlStore) -> None:
    """Is not parsed again, until a mebibyte of others was written since: circulars must not fill the memory."""
    entry = sending(1)
    put(store, entry)
    written = entry.docket.to_json()
    assert docket_of(written) is entry.docket
    everybody = tuple(f"H{number}" for number in range(1000))
    put(store, *(sending(number, to=everybody) for number in range(2, 32)))
    assert docket_of(written) is not entry.docket
    assert docket_of(written) == entry.docket
