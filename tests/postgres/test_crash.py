"""What a store on PostgreSQL promises when something breaks: a process, the server, its disk, the line to it."""

import os
import time
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import make_url

from bus.errors import StoreAway, StoreDamaged, StoreFull
from bus.ports.store import Store
from bus.store.open import open_store
from tests.contract.store import NOW, due, put, sending
from tests.contract.store_crash import killed_and_opened_again, two_processes_take_turns
from tests.e2e.site import eventually
from tests.postgres.server import Server


@pytest.mark.parametrize("commits", [17])
def test_a_killed_process_loses_no_commit(database: str, commits: int) -> None:
    """SIGKILL at any moment: every commit that was announced is there, none is there by half, and the next one who
    opens the store has it at once."""
    killed_and_opened_again(database, commits=commits)


def test_two_processes_take_turns(database: str) -> None:
    """A command that writes beside a daemon that writes all the time waits for its turn, and neither fails."""
    two_processes_take_turns(database)


def restarted(postgres: Server) -> None:
    postgres.restart()


def killed(postgres: Server) -> None:
    postgres.kill()
    postgres.start()


@pytest.mark.parametrize("fall", [restarted, killed])
def test_the_server_falls_and_comes_back(postgres: Server, database: str, fall: Callable[[Server], None]) -> None:
    """What is under way fails and leaves nothing; what was committed is there; the same store goes on by itself."""
    store = open_store(database, owner="G22")
    put(store, sending(1))

    def cut_short() -> None:
        with store.write() as tx:
            tx.outbox.put([sending(2)], at=NOW)
            fall(postgres)
            tx.outbox.put([sending(3)], at=NOW)

    with pytest.raises(StoreAway):
        cut_short()
    eventually(lambda: works(store))
    put(store, sending(2))
    assert len(due(store)) == 2
    store.close()


def works(store: Store) -> bool:
    try:
        due(store)
    except StoreAway:
        return False
    return True


def test_while_the_server_is_away(postgres: Server, database: str) -> None:
    """Reads and writes both say so, and that it is worth trying again."""
    store = open_store(database, owner="G22")
    postgres.kill()
    try:
        for _ in range(3):
            with pytest.raises(StoreAway):
                due(store)
            with pytest.raises(StoreAway):
                put(store, sending(1))
    finally:
        postgres.start()
    put(store, sending(1))
    store.close()


def test_a_full_disk(postgres: Server, database: str) -> None:
    """The write ends in StoreFull and leaves nothing; what was there stays; with room again, the store goes on."""
    folder = postgres.small()
    if folder is None:
        pytest.skip("a small disk is mounted by root only")
    name, space = make_url(database).database, "small"
    postgres.ask(f"CREATE TABLESPACE {space} LOCATION '{folder}'")
    ballast = f"CREATE TABLE ballast TABLESPACE {space} AS SELECT repeat('x', 999) FROM generate_series(1, 5000)"
    postgres.ask(ballast, database=str(name))
    url = f"{database}?options=-cdefault_tablespace={space}"
    store = open_store(url, owner="G22")
    put(store, sending(1, body=b"kept"))
    with pytest.raises(StoreFull, match="No space left on device"):
        put(store, *(sending(number, body=os.urandom(1 << 20)) for number in range(2, 30)))
    assert [entry.body for entry in due(store)] == [b"kept"], "what was committed can be read on a full disk"
    postgres.ask("DROP TABLE ballast", database=str(name))
    put(store, sending(2), sending(3))
    assert len(due(store)) == 3, "and once there is room, the same store goes on"
    store.close()
    postgres.ask(f"DROP DATABASE {name} WITH (FORCE)")
    postgres.ask(f"DROP TABLESPACE {space}")
    postgres.ask(f"CREATE DATABASE {name}")


def test_damage(postgres: Server, database: str) -> None:
    """A page that is no page is named as such: it is not tried for ever as if it were the network."""
    store = open_store(database, owner="G22")
    put(store, *(sending(number, body=os.urandom(3000)) for number in range(1, 100)))
    store.close()
    name = str(make_url(database).database)
    postgres.ask("CHECKPOINT", database=name)
    ((file,),) = postgres.ask("SELECT pg_relation_filepath('lienthong_g22.outbox')", database=name)
    postgres.spoil(str(file))
    postgres.restart()
    store = open_store(database, owner="G22")
    with pytest.raises(StoreDamaged, match="invalid page"):
        due(store, limit=100)
    store.close()


def test_a_lock_that_lasts(database: str) -> None:
    """Somebody who keeps a table locked is waited for, and not for ever."""
    store = open_store(f"{database}?options=-clock_timeout=100ms", owner="G22")
    url = make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE lienthong_g22.owner")
        with pytest.raises(StoreAway, match="lock timeout"):
            put(store, sending(1))
        other.rollback()
    put(store, sending(1))
    store.close()


def test_a_server_that_only_reads(postgres: Server, database: str) -> None:
    """A replica, or a server that was made one to save it: nothing can be written there, and it is tried again."""
    store = open_store(f"{database}?options=-cdefault_transaction_read_only=off", owner="G22")
    put(store, sending(1))
    with pytest.raises(StoreAway, match="read-only"):
        open_store(f"{database}?options=-cdefault_transaction_read_only=on", owner="H49")
    assert len(due(store)) == 1
    store.close()


def test_a_connection_that_idles_within_a_transaction(database: str) -> None:
    """Who hangs in the middle of a write holds up nobody for ever: the server ends it, and leaves nothing of it."""
    store = open_store(f"{database}?options=-cidle_in_transaction_session_timeout=2s", owner="G22")

    def hang() -> None:
        with store.write() as tx:
            tx.outbox.put([sending(1)], at=NOW)
            time.sleep(3)
            tx.outbox.put([sending(2)], at=NOW)

    with pytest.raises(StoreAway):
        hang()
    put(store, sending(1))
    assert len(due(store)) == 1
    store.close()
