"""bus/store/sql/lease.py: a session's name. Who has the lease is asked of a server, in tests/postgres."""

from bus.store.sql.lease import EXPIRY, HEARTBEAT, name_of


def test_a_session_s_name() -> None:
    """It fits the 63 bytes that PostgreSQL keeps, and no two openings have the same."""
    names = {name_of("H" * 64) for _ in range(100)}
    assert len(names) == 100
    assert all(len(name.encode()) <= 63 for name in names)


def test_a_lease_outlives_some_signs_of_life() -> None:
    """One that comes late, or is lost, ends nobody's."""
    assert EXPIRY > 3 * HEARTBEAT
