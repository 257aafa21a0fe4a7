"""bus/store/sql/lease.py: who has a store that several daemons share, and that nobody of before writes again."""

import signal
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from bus.errors import AlreadyRunning, StoreAway, StoreTaken
from bus.store.open import open_store
from bus.store.sql.lease import EXPIRY, HEARTBEAT, name_of
from bus.store.store import SqlStore
from tests.contract.store import NOW, due, put, sending
from tests.contract.store_crash import HOLDS, child
from tests.e2e.site import eventually
from tests.postgres.server import Server

OWNER_S_SESSION = """
    SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND datname = '{}'
"""


def lose_the_lock(postgres: Server, database: str) -> None:
    assert postgres.ask(OWNER_S_SESSION.format(make_url(database).database)) == [(True,)]


def opened_by_somebody(database: str) -> SqlStore:
    """As soon as its owner is thrown out."""
    began = time.monotonic()
    while True:
        try:
            return open_store(database, owner="G22")
        except AlreadyRunning:
            assert time.monotonic() - began < 90, "it hangs"


@pytest.fixture
def first(database: str) -> Iterator[SqlStore]:
    store = open_store(database, owner="G22")
    yield store
    store.close()


def test_the_fence(postgres: Server, database: str, first: SqlStore) -> None:
    """An owner whose session was cut, and who still runs, commits nothing once there is another: whatever it knows."""
    put(first, sending(1))
    lose_the_lock(postgres, database)
    put(first, sending(2))  # nobody else has it yet
    second = open_store(database, owner="G22")
    for _ in range(3):
        # The first of its connections were ended with it; the next are fenced off by the number.
        with pytest.raises((StoreAway, StoreTaken)):
            put(first, sending(3))
    with pytest.raises(StoreTaken, match="another daemon of this mailbox"):
        put(first, sending(3))
    put(second, sending(4))
    assert [entry.docket.id[-1] for entry in due(second)] == ["1", "2", "4"]
    second.close()


def test_a_write_under_way_is_cut(postgres: Server, database: str, first: SqlStore) -> None:
    """The new owner does not wait for what the old one has begun: it ends it, and nothing of it is committed."""

    def overtaken() -> None:
        with first.write() as tx:
            tx.outbox.put([sending(1)], at=NOW)
            lose_the_lock(postgres, database)
            second = open_store(database, owner="G22")
            assert due(second) == []
            put(second, sending(2))
            second.close()

    with pytest.raises(StoreAway):
        overtaken()
    assert [entry.docket.id[-1] for entry in due(first)] == ["2"]


def test_an_owner_knows_when_it_is_none_any_more(postgres: Server, database: str, first: SqlStore) -> None:
    """Within seconds, without having written anything."""
    assert first.is_ours
    lose_the_lock(postgres, database)
    eventually(lambda: not first.is_ours, within=HEARTBEAT * 3)


def test_what_was_doubted_once_is_believed_no_more(postgres: Server, database: str, first: SqlStore) -> None:
    """The server said nothing for the lease, and then goes on: who let go of its store meanwhile does not find itself
    its owner again, and its lock keeps nobody waiting, though it was never given back."""
    postgres.freeze()
    try:
        eventually(lambda: not first.is_ours, within=EXPIRY * 2)
    finally:
        postgres.thaw()
    until = time.monotonic() + HEARTBEAT * 2
    while time.monotonic() < until:
        assert not first.is_ours
        time.sleep(HEARTBEAT / 20)
    opened_by_somebody(database).close()


def test_a_frozen_owner_is_thrown_out(database: str) -> None:
    """A process that stands still gives no sign of life: another takes its place, and the lock does not wait for it."""
    with child(HOLDS, database) as (process, printed):
        assert printed.readline() == "open\n"
        process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        second = opened_by_somebody(database)
        assert time.monotonic() - began > EXPIRY / 2, "not while it may be only slow"
        second.close()


def test_a_killed_owner_is_followed_at_once(database: str) -> None:
    """Its connections end with it: nobody waits for a lease."""
    with child(HOLDS, database) as (process, printed):
        assert printed.readline() == "open\n"
        process.kill()
        process.wait()
    open_store(database, owner="G22").close()


def test_owners_are_numbered(postgres: Server, database: str) -> None:
    """Each has a greater number than the one before."""
    numbers = []
    for _ in range(3):
        store = open_store(database, owner="G22")
        numbers += postgres.ask("SELECT epoch FROM lienthong_g22.owner", database=str(make_url(database).database))
        store.close()
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 3


def test_a_command_is_no_owner(database: str, first: SqlStore) -> None:
    """It writes beside whoever is the owner, and takes nothing from it."""
    beside = open_store(database, owner="G22", exclusive=False)
    put(beside, sending(1))
    put(first, sending(2))
    put(beside, sending(3))
    assert len(due(first)) == 3
    beside.close()


def test_names_fit() -> None:
    """PostgreSQL keeps 63 bytes of a name, and two daemons must not have the same."""
    names = {name_of("H" * 64) for _ in range(100)}
    assert len(names) == 100
    assert max(map(len, names)) <= 63
