"""bus/daemon/dependencies.py: what a daemon is given."""

from datetime import timedelta

from bus.daemon.current_member import UnsignedMember
from bus.daemon.dependencies import Dependencies
from bus.ports.records import Event
from tests.scenarios.country import Land
from tests.unit.bus.daemon.offices import dependencies_of


def test_without_a_clock_it_goes_by_utc() -> None:
    """Nothing in a store depends on where the machine stands."""
    land = Land()
    office = land["G22"]
    given = Dependencies(
        member=UnsignedMember(office.member), store=office.store, broker=office.broker, adapter=office.dms
    )
    assert given.clock().utcoffset() == timedelta(0)
    assert 0 <= given.dice() < 1
    assert given.steady() <= given.steady()


def test_an_event_is_written_into_the_store() -> None:
    """Where an operator reads it."""
    land = Land()
    given = dependencies_of(land, "G22")
    given.tell(Event(at=land.now, name="clock.doubted", detail="?"))
    with given.store.read() as tx:
        assert [event.name for event in tx.dossiers.recent_events(limit=5)] == ["clock.doubted"]
    assert (given.mailbox, given.member_now().mailbox) == ("G22", "G22")
