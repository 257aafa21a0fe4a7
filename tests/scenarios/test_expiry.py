"""Documents that are not worth delivering after a time: the sender's clock ends them, its people are told, and neither
side believes what the other does not know."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bus.errors import DmsAway, Expired, HeldAfterAll, NotInTime
from bus.handling.transport import OutboxState
from bus.operations.trace import trace_document
from bus.ports.adapter import Bounce
from bus.ports.records import Box
from bus.ports.retry import RECEIPTS
from bus.sending.expire import BATCH, expire
from schemas.codes import Priority, StatusCode
from tests.scenarios.country import Land, document, status
from tests.scenarios.looking import events, rows

HOURS = timedelta(hours=2)
SKEW = timedelta(minutes=5)
TIMED = document(priority=Priority.IMMEDIATE_TIMED)


@pytest.fixture
def land() -> Land:
    """G22's documents of that urgency are worth two hours."""
    land = Land()
    land["G22"].member = replace(land["G22"].member, expiry={Priority.IMMEDIATE_TIMED: HOURS})
    return land


def told(land: Land) -> list[tuple[str, str]]:
    return [(bounce.mailbox, bounce.error.code) for bounce in land["G22"].dms.bounces]


def test_only_that_urgency_expires(land: Land) -> None:
    """The docket says when; a document of another urgency, and a status, say nothing."""
    land["G22"].dms.write(TIMED)
    land["G22"].dms.write(document(number=2, priority=Priority.IMMEDIATE))
    land["G22"].dms.write(status(StatusCode.TAKE_BACK, TIMED, "G22", "H49"))
    land.collect("G22")
    times = {row.docket.priority: row.docket.expires_at for row in rows(land, "G22", Box.OUT) if not row.docket.status}
    assert times == {Priority.IMMEDIATE_TIMED: land.now + HOURS, Priority.IMMEDIATE: None}
    assert [row.docket.expires_at for row in rows(land, "G22", Box.OUT) if row.docket.status] == [None]


def test_what_comes_in_time_never_expires(land: Land) -> None:
    """Held by its recipient it has arrived, whatever its document system does."""
    land["H49"].dms.away = DmsAway(why="bảo trì")
    land["G22"].dms.write(TIMED)
    land.settle(3)
    land.wait(HOURS * 2)
    assert land.expire("G22").events == ()
    land["H49"].dms.away = None
    land.settle()
    assert land["H49"].dms.documents == [TIMED.id]
    assert told(land) == []


def test_the_sender_is_told_at_that_moment(land: Land) -> None:
    """Not before; then once, naming the recipient, with an event and a trace; and nothing is sent any more."""
    land["H49"].broker.cut()
    land["G22"].dms.write(TIMED, ref="cv-1")
    land.settle(3)
    land.wait(HOURS - timedelta(seconds=1))
    assert land.expire("G22").events == ()
    land.wait(timedelta(seconds=1))
    land.settle(3)
    (bounce,) = land["G22"].dms.bounces
    assert isinstance(bounce, Bounce)
    assert (bounce.ref, bounce.mailbox, bounce.error.code) == ("cv-1", "H49", NotInTime.code)
    assert bounce.document
    assert bounce.document.id == TIMED.id
    assert "2016-07-01 11:00 +07" in bounce.error.in_vietnamese()
    (row,) = rows(land, "G22", Box.OUT)
    assert (row.state, row.size) == (OutboxState.DONE, 0)
    assert {"outbox.expired", "outbox.told"} <= events(land, "G22", TIMED.id)
    steps = [step.what for step in trace_document(land["G22"].store, TIMED.id)]
    assert "document given up: not confirmed in time" in steps
    land.wait(RECEIPTS[0][0] + RECEIPTS[1][0])
    assert land.publish("G22").confirmed == 0


def test_it_ends_where_it_never_left(land: Land) -> None:
    """The broker is away the whole time: the timer is the sender's own."""
    land["G22"].broker.cut()
    land["G22"].dms.write(TIMED)
    land.settle(2)
    land.wait(HOURS)
    land.settle(2)
    assert told(land) == [("H49", NotInTime.code)]
    land["G22"].broker.mend()
    land.settle()
    assert land["H49"].dms.documents == []


def test_only_those_who_have_not_answered(land: Land) -> None:
    """Of three recipients one is away: it alone is named, and the others' documents stand."""
    land["H53"].broker.cut()
    sent = document("G22", "H49", "H53", "H08", priority=Priority.IMMEDIATE_TIMED)
    land["G22"].dms.write(sent)
    land.settle()
    land.wait(HOURS)
    land.settle(2)
    assert told(land) == [("H53", NotInTime.code)]
    assert [land[code].dms.filings for code in ("H49", "H53", "H08")] == [1, 0, 1]


def test_a_recipient_files_nothing_that_has_expired(land: Land) -> None:
    """It comes back after the time and what clocks may differ: refused, and the sender is told so, by its own word."""
    land["H49"].broker.cut()
    land["G22"].dms.write(TIMED)
    land.settle(3)
    land.wait(HOURS + SKEW + timedelta(seconds=1))
    land["H49"].broker.mend()
    land.settle()
    assert land["H49"].dms.documents == []
    assert "inbox.expired" in events(land, "H49", TIMED.id)
    assert rows(land, "H49", Box.IN) == []
    assert land.exchange.depth("dead") == 0
    assert told(land) == [("H49", NotInTime.code), ("H49", Expired.code)]
    (row,) = rows(land, "G22", Box.OUT)
    assert [line.code for line in row.recipients] == [Expired.code]


def test_who_had_it_after_all_is_believed(land: Land) -> None:
    """The recipient took it in within the difference of clocks, after the sender had been told: the truth follows, to
    the document system too, and the document counts as sent."""
    land["H49"].broker.cut()
    land["G22"].dms.write(TIMED)
    land.settle(3)
    land.wait(HOURS + SKEW)
    land.expire("G22")
    land.deliver("G22")
    land["H49"].broker.mend()
    land.settle()
    assert land["H49"].dms.documents == [TIMED.id]
    assert told(land) == [("H49", NotInTime.code), ("H49", HeldAfterAll.code)]
    assert "outbox.held-after-all" in events(land, "G22", TIMED.id)
    assert ("01", "H49") in land["G22"].dms.heard
    land["G22"].dms.write(TIMED)
    land.settle(3)
    assert land["G22"].dms.answers[-1].duplicate


def test_the_last_word_counts_where_nothing_was_told_yet(land: Land) -> None:
    """The sender's document system was away meanwhile: it hears how things stand, not how they once seemed."""
    land["H49"].broker.cut()
    land["G22"].dms.write(TIMED)
    land.settle(3)
    land.wait(HOURS)
    land.expire("G22")
    land["H49"].broker.mend()
    land.take_in("H49")
    land.publish("H49")
    land.take_in("G22")
    land.deliver("G22")
    assert told(land) == [("H49", HeldAfterAll.code)]


def test_a_late_copy_of_what_was_held_in_time_is_no_late_message(land: Land) -> None:
    """Its receipt was lost, and it is published again: the second copy comes too late, and is receipted as held."""
    land["G22"].dms.write(TIMED)
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49", ack=False)
    land.deliver("H49")
    land["H49"].broker.cut()
    land.wait(HOURS + SKEW * 2)
    land["H49"].broker.mend()
    assert land.take_in("H49").duplicates == 1
    land.settle()
    assert land["H49"].dms.documents == [TIMED.id]
    (row,) = rows(land, "G22", Box.OUT)
    assert {line.outcome for line in row.recipients} == {"held"}


def test_what_expired_may_be_sent_again(land: Land) -> None:
    """The clerk decides that it is still wanted: the same document is a new submission."""
    land["H49"].broker.cut()
    land["G22"].dms.write(TIMED)
    land.settle(2)
    land.wait(HOURS * 2)
    land.settle(2)
    land["H49"].broker.mend()
    land["G22"].dms.write(TIMED)
    land.settle()
    assert land["H49"].dms.documents == [TIMED.id]


def test_many_end_in_batches(land: Land) -> None:
    """A batch says whether there may be more; each of them is told once."""
    land["G22"].broker.cut()
    for number in range(BATCH + 1):
        land["G22"].dms.write(document(number=number, priority=Priority.IMMEDIATE_TIMED))
    while land.collect("G22"):
        pass
    land.wait(HOURS)
    office = land["G22"]
    more = [expire(office.store, member=office.member, now=land.now).more for _ in range(3)]
    assert more == [True, False, False]
    land.deliver("G22")
    assert len(told(land)) == BATCH + 1
