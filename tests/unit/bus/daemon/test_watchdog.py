"""The watchdog of a mailbox: clocks that are set, and a twin at the same inbox."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bus.daemon.watchdog import UNHEARD, Watchdog, believed_time
from bus.errors import BrokerRevoked, InboxShared, StoreFull
from bus.handling.transport import OutboxState
from bus.ports.records import OutboxChange
from bus.ports.retry import LONGEST_PATIENCE, LONGEST_WAIT
from schemas.codes import Priority
from tests.scenarios.country import Land, document
from tests.unit.bus.daemon.offices import dependencies_of

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
        self.watchdog = Watchdog(dependencies_of(land, "G22", steady=lambda: self.seconds))

    def later(self, seconds: float, *, set_by: timedelta = timedelta(0)) -> None:
        self.seconds += seconds
        self.land.now += timedelta(seconds=seconds) + set_by

    def events(self) -> list[str]:
        with self.land["G22"].store.read() as tx:
            return [f"{event.name} {event.detail}" for event in reversed(tx.dossiers.recent_events(limit=10))]


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
    machine.watchdog.step()
    machine.later(5, set_by=set_by)
    for _ in range(2):
        machine.watchdog.step()
        machine.later(5)
    assert [event.split(". ")[0] for event in machine.events()] == [f"clock.jumped {each}" for each in said]
    assert [entry["event"] for entry in logs] == ["clock.jumped"] * len(said)


def put_off(land: Land, *, until: datetime, state: OutboxState = OutboxState.WAITING) -> None:
    land["G22"].dms.write(document())
    land.collect("G22")
    with land["G22"].store.write() as tx:
        (row,) = tx.outbox.rows()
        tx.outbox.change([OutboxChange(message=row.docket.id, state=state, attempts=1, next_at=until, at=land.now)])


def next_at(land: Land) -> datetime | None:
    with land["G22"].store.read() as tx:
        (row,) = tx.outbox.rows()
    return row.next_at


def test_what_was_put_off_by_a_wrong_clock_goes_when_it_is_set_back(land: Land, machine: Machine) -> None:
    """At once; it would have waited for as long as the clock was ahead."""
    machine.watchdog.step()
    machine.later(5, set_by=timedelta(days=730))
    machine.watchdog.step()
    put_off(land, until=land.now + SECOND)
    machine.later(5, set_by=timedelta(days=-730))
    machine.watchdog.step()
    assert next_at(land) == land.now


@pytest.mark.parametrize(
    ("state", "wait", "after"),
    [
        pytest.param(OutboxState.WAITING, LONGEST_WAIT, LONGEST_WAIT, id="as long as a schedule may say"),
        pytest.param(OutboxState.WAITING, LONGEST_WAIT + SECOND, timedelta(0), id="longer"),
        pytest.param(OutboxState.SENT, LONGEST_PATIENCE, LONGEST_PATIENCE, id="a receipt, as long as it may take"),
        pytest.param(OutboxState.SENT, timedelta(days=730), LONGEST_PATIENCE, id="a receipt, longer"),
    ],
)
def test_a_start_waits_for_no_time_that_no_schedule_meant(
    land: Land, machine: Machine, state: OutboxState, wait: timedelta, after: timedelta
) -> None:
    """The clock was set back while no daemon ran: nobody saw it, and nothing waits for years."""
    put_off(land, until=land.now + wait, state=state)
    machine.watchdog.step()
    assert next_at(land) == land.now + after


def test_a_start_before_what_was_written_says_so(land: Land, machine: Machine) -> None:
    """The store's own newest entry stands in the future: this clock went back while nobody ran."""
    land.now += timedelta(days=1)
    put_off(land, until=land.now + SECOND)
    land.now -= timedelta(days=1)
    machine.watchdog.step()
    assert [event.split(". ")[0] for event in machine.events()] == ["clock.jumped -86400 s"]
    assert next_at(land) == land.now


def test_a_twin_is_said_until_it_is_gone(land: Land, machine: Machine) -> None:
    """One event a change; the loop fails meanwhile, so that /healthz does, too."""
    land["G22"].broker.twins = 1
    for _ in range(3):
        with pytest.raises(InboxShared) as caught:
            machine.watchdog.step()
    assert str(caught.value).startswith("2 processes consume the inbox of G22")
    land["G22"].broker.twins = 0
    machine.watchdog.step()
    assert [event.split()[0] for event in machine.events()] == ["inbox.shared"]


def test_a_revoked_broker_is_said_until_it_is_gone(land: Land, machine: Machine) -> None:
    """One event each time it comes; the loop fails meanwhile, so that /healthz does, too."""
    for _ in range(2):
        land["G22"].broker.impostor = "the broker's certificate 1a was revoked"
        for _ in range(3):
            with pytest.raises(BrokerRevoked, match="certificate 1a was revoked"):
                machine.watchdog.step()
        land["G22"].broker.impostor = None
        machine.watchdog.step()
    assert [event.split()[0] for event in machine.events()] == ["broker.revoked"] * 2


def test_a_clock_is_believed_as_far_as_others_go(land: Land) -> None:
    """Mail dated by others, or the directory in force: sixty days beyond the newest; beside nothing, nothing."""
    store = land["H49"].store
    now = datetime(2028, 1, 1, tzinfo=UTC)
    with store.read() as tx:
        assert believed_time(tx, now, mailbox="H49", issued_at=None) is None
    sent_at = land.now
    land["G22"].dms.write(document())
    land.settle()
    with store.read() as tx:
        assert believed_time(tx, now, mailbox="H49", issued_at=None) == sent_at + UNHEARD
        assert believed_time(tx, sent_at + SECOND, mailbox="H49", issued_at=None) == sent_at + SECOND
        assert believed_time(tx, now, mailbox="H49", issued_at=now - UNHEARD) == now
        assert believed_time(tx, now, mailbox="H49", issued_at=sent_at - SECOND) == sent_at + UNHEARD


def test_nobody_is_his_own_witness(land: Land) -> None:
    """What a mailbox tells its own people of what expired is dated by the very clock that is doubted."""
    office = land["G22"]
    office.member = replace(office.member, expiry={Priority.IMMEDIATE: timedelta(hours=2)})
    office.dms.write(document(priority=Priority.IMMEDIATE))
    land.collect("G22")
    land.now += timedelta(days=730)
    assert land.expire("G22").events
    with office.store.read() as tx:
        assert tx.inbox.rows()
        assert believed_time(tx, land.now, mailbox="G22", issued_at=None) is None


def test_a_jump_that_could_not_be_written_is_answered_later(land: Land, machine: Machine) -> None:
    """The disk was full when the clock was set back: the next step says so, and nothing waits for years."""
    machine.watchdog.step()
    put_off(land, until=land.now + timedelta(days=730))
    machine.later(5, set_by=timedelta(hours=-1))
    land["G22"].store.full = True
    with pytest.raises(StoreFull):
        machine.watchdog.step()
    land["G22"].store.full = False
    machine.later(5)
    machine.watchdog.step()
    assert next_at(land) == land.now
    assert [event.split(". ")[0] for event in machine.events()] == ["clock.jumped -3600 s"]


@pytest.mark.parametrize(("set_by", "times"), [(timedelta(0), 0), (timedelta(hours=1), 1), (timedelta(hours=-1), 1)])
def test_after_a_clock_was_set_nobody_waits_longer(land: Land, set_by: timedelta, times: int) -> None:
    """Whoever failed because of it tries at once: health is well again with the clock."""
    called: list[None] = []
    machine = Machine(land)
    machine.watchdog = Watchdog(
        dependencies_of(land, "G22", steady=lambda: machine.seconds), clock_set=lambda: called.append(None)
    )
    machine.watchdog.step()
    machine.later(5, set_by=set_by)
    machine.watchdog.step()
    assert len(called) == times
