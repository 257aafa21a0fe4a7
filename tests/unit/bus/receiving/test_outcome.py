"""bus/receiving/outcome.py: what the document system's answer makes of an entry, and what its sender is told."""

from dataclasses import replace
from hashlib import sha256

import pytest

from bus.errors import BusError, DmsAway, RefusedByDms
from bus.handling.transport import InboxState
from bus.ports.adapter import Filed
from bus.ports.records import Box, InboxChange, InboxEntry
from bus.ports.retry import DELIVER
from bus.receiving.open import Opened, open_entry
from bus.receiving.outcome import Delivery, Writes, answer, commit, postpone, refuse, took
from bus.wire.envelope import parse
from schemas.codes import Outcome
from tests.scenarios.country import Land
from tests.unit.bus.receiving.mail import sealed

AWAY = DmsAway(why="no disk")
NO = RefusedByDms(document="1", why="a duplicate number")


def opened(land: Land) -> Opened:
    sent = sealed(land)
    entry = InboxEntry(docket=sent.docket, body=sent.body, taken_at=land.now)
    return open_entry(entry, land["H49"].member, land["H49"].store, delivery(land).verified)


def delivery(land: Land) -> Delivery:
    return Delivery(member=land["H49"].member, now=land.now, dice=lambda: 0.0)


@pytest.mark.parametrize(
    ("before", "tries", "answer", "after", "told", "event"),
    [
        (InboxState.WAITING, 0, Filed(ref="CV-1"), InboxState.DONE, None, None),
        (InboxState.FETCHED, 0, Filed(ref="CV-1"), InboxState.DONE, None, None),
        (InboxState.WAITING, 0, Filed(error=AWAY), InboxState.WAITING, None, "inbox.postponed"),
        (InboxState.FETCHED, 0, Filed(error=AWAY), InboxState.FETCHED, None, "inbox.postponed"),
        (InboxState.WAITING, DELIVER.tries, Filed(error=AWAY), InboxState.PARKED, None, "inbox.parked"),
        (InboxState.WAITING, 0, Filed(error=NO), InboxState.REFUSED, "refused-by-dms", "inbox.refused"),
    ],
)
def test_what_an_answer_does(
    before: InboxState, tries: int, answer: Filed, after: InboxState, told: str | None, event: str | None
) -> None:
    """Filed, put off, given up for now, or refused: only then its sender hears of it."""
    land, writes = Land(), Writes()
    work = opened(land)
    work = replace(work, entry=replace(work.entry, state=before, attempts=tries))
    assert took(writes, work, answer, delivery(land)) is (answer.error is None)
    (change,) = writes.changes
    assert change.state is after
    assert (change.key, change.filed_as) == ((work.key, "CV-1") if after is InboxState.DONE else (None, None))
    assert (change.next_at is not None) == (event == "inbox.postponed")
    assert [each.name for each in writes.events] == ([event] if event else [])
    assert [line.code for sent in writes.outgoing for line in sent.docket.acknowledges] == ([told] if told else [])


@pytest.mark.parametrize(("error", "outcome"), [(None, Outcome.HELD), (NO, Outcome.REFUSED)])
def test_a_receipt_names_the_docket_as_signed(error: BusError | None, outcome: Outcome) -> None:
    """Whether its entry was opened or not."""
    land, writes = Land(), Writes()
    work = opened(land)
    answer(writes, work, error, delivery(land))
    answer(writes, work.entry, error, delivery(land))
    lines = [line for sent in writes.outgoing for line in sent.docket.acknowledges]
    assert {(line.docket_sha256, line.outcome) for line in lines} == {(parse(work.entry.body).docket_sha256, outcome)}


def test_a_damaged_entry_is_refused_like_any_other() -> None:
    """Bytes that the disk has spoilt cannot be taken apart: its sender is told, and the others of the batch go on."""
    land, writes = Land(), Writes()
    entry = replace(opened(land).entry, body=b"spoilt")
    refuse(writes, entry, NO, delivery(land))
    (line,) = writes.outgoing[0].docket.acknowledges
    assert line.docket_sha256 == sha256(entry.docket.to_json()).hexdigest()


def test_nothing_to_write_is_no_commit() -> None:
    """And what is written is there together."""
    land = Land()
    done: list[InboxChange] = []
    store = land["H49"].store
    commit(store, Writes(), done)
    assert (store.commits, done) == (0, [])
    work, writes = opened(land), Writes()
    with store.write() as tx:
        tx.inbox.put([work.entry])
    postpone(writes, work.entry, AWAY, delivery(land))
    commit(store, writes, done)
    assert (store.commits, done) == (2, writes.changes)
    with store.read() as tx:
        (row,) = tx.of(Box.IN).rows()
        assert row.attempts == 1
        assert [each.name for each in tx.dossiers.recent_events(limit=9)] == ["inbox.postponed"]
