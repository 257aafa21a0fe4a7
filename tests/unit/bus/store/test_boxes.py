"""bus/store/boxes.py: that looking for what is due stays cheap, however much there is."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Select, Update, event
from sqlalchemy.dialects import sqlite

from bus.records import InboxEntry
from bus.store import boxes, dossiers, inbox, outbox
from bus.store.boxes import INBOX, OUTBOX, Boxed
from bus.store.opening import open_store
from bus.store.sql import SqlStore
from schemas.codes import Kind, Outcome, Priority
from schemas.docket import Acknowledged, Docket
from tests.contract.store import LATER, NOW, PLENTY, mid, put, sending


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store = open_store(f"sqlite:///{tmp_path}/x.db", owner="G22")
    yield store
    store.close()


def plan(path: Path, statement: Select[object] | Update, **values: object) -> list[str]:
    """What SQLite means to do, a step each."""
    compiled = statement.params(**values).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with sqlite3.connect(path / "x.db") as connection:
        steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {compiled}")]
    connection.close()
    return steps


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
        tx.put_outbox([replace(sending(2), docket=each) for each in long], at=NOW)
        tx.put_inbox([InboxEntry(docket=long[-1], body=b"", taken_at=NOW)])
    held = [boxes.docket_of(each.to_json()) is each for each in long]
    assert held[-1]
    assert 0 < held.count(True) < 15
    assert boxes.docket_of(long[0].to_json()) == long[0]


@pytest.mark.parametrize("box", [OUTBOX, INBOX], ids=["outbox", "inbox"])
def test_due_is_read_from_indexes_alone(store: SqlStore, tmp_path: Path, box: Boxed) -> None:
    """In order of urgency, without sorting all that waits, and without touching a row."""
    steps = plan(tmp_path, box.due, limit=100, now=0)
    name = box.table.name
    touched = [step for step in steps if re.search(rf"(SCAN|SEARCH) {name}\b", step)]
    assert touched == [
        f"SEARCH {name} USING COVERING INDEX {name}_at_once (state=?)",
        f"SEARCH {name} USING COVERING INDEX {name}_later (next_at<?)",
    ]
    first_sort = next(number for number, step in enumerate(steps) if "B-TREE" in step)
    assert first_sort > steps.index(touched[1]), "what is due at once comes from the index in order"


HUNDREDS = [f"text {number}" for number in range(300)]


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        (OUTBOX.submitted, {"texts": HUNDREDS}, "outbox_submission"),
        (INBOX.submitted, {"texts": HUNDREDS}, "inbox_submission"),
        (outbox._standing, {"messages": HUNDREDS}, "sqlite_autoindex_outbox_1"),
        (inbox._standing, {"messages": HUNDREDS}, "sqlite_autoindex_inbox_1"),
        (outbox._outstanding, {"sequences": list(range(300))}, "PRIMARY KEY (sequence=?)"),
        (OUTBOX.oldest, {"state": "waiting", "limit": 1}, "outbox_state"),
        (OUTBOX.counts, {}, "outbox_state"),
        (dossiers._by_document, {"the_issuer": "a", "the_document": "b"}, "(issuer=? AND document=?)"),
        (dossiers._by_form, {"the_issuer": "a", "the_form": "b"}, "dossier_document_form"),
        (dossiers._by_code, {"the_issuer": "a", "the_code": "b", "the_date": "c"}, "dossier_code_form"),
        (dossiers._statuses, {"the_issuer": "a", "the_form": "b"}, "status_document_form"),
        (dossiers._events, {"the_form": "b"}, "event_document_form"),
        (dossiers._events, {"the_form": "b"}, "event_message"),
    ],
)
def test_look_ups_use_their_index(
    store: SqlStore, tmp_path: Path, statement: Select[object], values: dict[str, object], index: str
) -> None:
    """No look-up of the road reads a table from end to end, also when hundreds are asked for at once."""
    steps = plan(tmp_path, statement, **values)
    assert any(index in step for step in steps), steps
    assert [step for step in steps if re.match(r"SCAN (outbox|inbox|dossier|status|event)\b(?!.*INDEX)", step)] == []


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

    event.listen(store._engine, "checkout", counted)
    with store.read() as tx:
        found = tx.due_outbox(now=LATER if deferred else NOW, limit=200, max_bytes=PLENTY)
    assert [entry.docket.id for entry in found[:3]] == [mid(999_999), mid(1), mid(2)]
    assert len(found) == 200
    assert steps < (900_000 if deferred else 60_000), "instructions of SQLite's machine: a count, not a time"


ONE = replace(sending(1, body=b""), key=None)


def test_chunks() -> None:
    """Whatever is given, in order, in lists that every database takes."""
    assert [len(some) for some in boxes.chunks(range(1001))] == [500, 500, 1]
    assert list(boxes.chunks(())) == []


def test_what_was_written_a_moment_ago(store: SqlStore) -> None:
    """Is not parsed again, until a mebibyte of others was written since: circulars must not fill the memory."""
    entry = sending(1)
    put(store, entry)
    written = entry.docket.to_json()
    assert boxes.docket_of(written) is entry.docket
    everybody = tuple(f"H{number}" for number in range(1000))
    put(store, *(sending(number, to=everybody) for number in range(2, 32)))
    assert boxes.docket_of(written) is not entry.docket
    assert boxes.docket_of(written) == entry.docket
