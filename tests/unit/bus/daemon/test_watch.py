"""The watch of a mailbox: clocks that are set, and a twin at the same inbox."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.watch import UNHEARD, Watch, believed
from bus.errors import InboxShared, StoreFull
from bus.records import Box, OutboxChange, State
from bus.retry import LONGEST_PATIENCE, LONGEST_WAIT
from schemas.codes import Priority
from tests.scenarios.country import Land, document

SECOND = timedelta(seconds=1)


@pytest.fixture
def land() -> Land:
    return Land()


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


class Machine:
    """Its seconds go on; its clock is what it was set to."""

    def __init__(self, land: Land) -> None:
        self.land = land
        self.seconds = 1000.0
        office = land["G22"]
        self.watch = Watch("G22", office.store, office.broker, clock=lambda: self.land.now, steady=lambda: self.seconds)

    def later(self, seconds: float, *, set_by: timedelta = timedelta(0)) -> None:
        self.seconds += seconds
        self.land.now += timedelta(seconds=seconds) + set_by

    def events(self) -> list[str]:
        with self.land["G22"].store.read() as tx:
            return [f"{event.name} {event.detail}" for event in reversed(tx.recent_events(limit=10))]


@pytest.fixture
def machine(land: Land) -> Machine:
    return Machine(land)


@pytest.mark.parametrize(
    ("set_by", "said"),
    [
        pytest.param(timedelta(0), [], id="left alone"),
        pytest.param(timedelta(seconds=59), [], id="a small step"),
        pytest.param(timedelta(hours=1), ["+3600 s"], id="forward"),
        pytest.param(timedelta(hours=-1), ["-3600 s"], id="back"),
    ],
)
def test_a_clock_that_is_set_is_said_once(
    machine: Machine, logs: list[Any], set_by: timedelta, said: list[str]
) -> None:
    """By how much, and to whom to turn; small steps of NTP are no news."""
    machine.watch.step()
    machine.later(5, set_by=set_by)
    for _ in range(2):
        machine.watch.step()
        machine.later(5)
    assert [event.split(". ")[0] for event in machine.events()] == [f"clock.jumped {each}" for each in said]
    assert [entry["event"] for entry in logs] == ["clock.jumped"] * len(said)


def put_off(land: Land, *, until: datetime, state: State = State.WAITING) -> None:
    land["G22"].dms.write(document())
    land.collect("G22")
    with land["G22"].store.write() as tx:
        (row,) = tx.rows(Box.OUT)
        tx.change_outbox([OutboxChange(message=row.docket.id, state=state, attempts=1, next_at=until, at=land.now)])


def next_at(land: Land) -> datetime | None:
    with land["G22"].store.read() as tx:
        (row,) = tx.rows(Box.OUT)
    return row.next_at


def test_what_was_put_off_by_a_wrong_clock_goes_when_it_is_set_back(land: Land, machine: Machine) -> None:
    """At once; it would have waited for as long as the clock was ahead."""
    machine.watch.step()
    machine.later(5, set_by=timedelta(days=730))
    machine.watch.step()
    put_off(land, until=land.now + SECOND)
    machine.later(5, set_by=timedelta(days=-730))
    machine.watch.step()
    assert next_at(land) == land.now


@pytest.mark.parametrize(
    ("state", "wait", "after"),
    [
        pytest.param(State.WAITING, LONGEST_WAIT, LONGEST_WAIT, id="as long as a schedule may say"),
        pytest.param(State.WAITING, LONGEST_WAIT + SECOND, timedelta(0), id="longer"),
        pytest.param(State.SENT, LONGEST_PATIENCE, LONGEST_PATIENCE, id="a receipt, as long as it may take"),
        pytest.param(State.SENT, timedelta(days=730), LONGEST_PATIENCE, id="a receipt, longer"),
    ],
)
def test_a_start_waits_for_no_time_that_no_schedule_meant(
    land: Land, machine: Machine, state: State, wait: timedelta, after: timedelta
) -> None:
    """The clock was set back while no daemon ran: nobody saw it, and nothing waits for years."""
    put_off(land, until=land.now + wait, state=state)
    machine.watch.step()
    assert next_at(land) == land.now + after


def test_a_start_before_what_was_written_says_so(land: Land, machine: Machine) -> None:
    """The store's own newest entry stands in the future: this clock went back while nobody ran."""
    land.now += timedelta(days=1)
    put_off(land, until=land.now + SECOND)
    land.now -= timedelta(days=1)
    machine.watch.step()
    assert [event.split(". ")[0] for event in machine.events()] == ["clock.jumped -86400 s"]
    assert next_at(land) == land.now


def test_a_twin_is_said_until_it_is_gone(land: Land, machine: Machine) -> None:
    """One event a change; the loop fails meanwhile, so that /healthz does, too."""
    land["G22"].broker.twins = 1
    for _ in range(3):
        with pytest.raises(InboxShared) as caught:
            machine.watch.step()
    assert str(caught.value).startswith("2 processes consume the inbox of G22")
    land["G22"].broker.twins = 0
    machine.watch.step()
    assert [event.split()[0] for event in machine.events()] == ["inbox.shared"]


def test_a_clock_is_believed_as_far_as_others_go(land: Land) -> None:
    """Mail dated by others, or the directory in force: sixty days beyond the newest; beside nothing, nothing."""
    store = land["H49"].store
    now = datetime(2028, 1, 1, tzinfo=UTC)
    with store.read() as tx:
        assert believed(tx, now, mailbox="H49", issued_at=None) is None
    sent_at = land.now
    land["G22"].dms.write(document())
    land.settle()
    with store.read() as tx:
        assert believed(tx, now, mailbox="H49", issued_at=None) == sent_at + UNHEARD
        assert believed(tx, sent_at + SECOND, mailbox="H49", issued_at=None) == sent_at + SECOND
        assert believed(tx, now, mailbox="H49", issued_at=now - UNHEARD) == now
        assert believed(tx, now, mailbox="H49", issued_at=sent_at - SECOND) == sent_at + UNHEARD


def test_nobody_is_his_own_witness(land: Land) -> None:
    """What a mailbox tells its own people of what expired is dated by the very clock that is doubted."""
    office = land["G22"]
    office.member = replace(office.member, expiry={Priority.IMMEDIATE: timedelta(hours=2)})
    office.dms.write(document(priority=Priority.IMMEDIATE))
    land.collect("G22")
    land.now += timedelta(days=730)
    assert land.expire("G22").events
    with office.store.read() as tx:
        assert tx.rows(Box.IN)
        assert believed(tx, land.now, mailbox="G22", issued_at=None) is None


def test_a_jump_that_could_not_be_written_is_answered_later(land: Land, machine: Machine) -> None:
    """The disk was full when the clock was set back: the next step says so, and nothing waits for years."""
    machine.watch.step()
    put_off(land, until=land.now + timedelta(days=730))
    machine.later(5, set_by=timedelta(hours=-1))
    land["G22"].store.full = True
    with pytest.raises(StoreFull):
        machine.watch.step()
    land["G22"].store.full = False
    machine.later(5)
    machine.watch.step()
    assert next_at(land) == land.now
    assert [event.split(". ")[0] for event in machine.events()] == ["clock.jumped -3600 s"]
