"""A ledger in PostgreSQL in bad luck: its server falls, its disk is full, another machine's ledger takes it over."""

import os
from dataclasses import replace

import pytest
from sqlalchemy import make_url

from bus.errors import AlreadyRunning, StoreAway, StoreFull, StoreTaken
from bus.ledger import keep
from bus.ledger.open import open_ledger
from bus.ledger.records import Checkpoint, EventNumber
from bus.ledger.store import Ledger
from bus.ledger.years import next_number
from tests.contract.ledger import NOW, event, insert, insert_in
from tests.e2e.site import eventually
from tests.postgres.server import Server

AT = Checkpoint("audit", 5, 4, "0" * 64, 0, NOW)


def kept(ledger: Ledger) -> tuple[list[int], Checkpoint | None]:
    with ledger.reading() as connection:
        events = keep.events_after(connection, EventNumber(0), limit=99)
        return [each.position.offset for each in events], keep.checkpoint(connection, "audit")


def step(ledger: Ledger, number: int, at: Checkpoint) -> None:
    with ledger.writing() as connection:
        insert_in(connection, event(number))
        keep.keep_checkpoint(connection, at)


def test_the_server_falls_and_comes_back(postgres: Server, database: str) -> None:
    """Of a step under way nothing is kept, neither event nor place; of the one before, both; a ledger goes on there."""
    ledger = open_ledger(database)
    step(ledger, 1, AT)

    def cut_short() -> None:
        with ledger.writing() as connection:
            insert_in(connection, event(2))
            postgres.kill()
            keep.keep_checkpoint(connection, AT._replace(next=6))

    with pytest.raises(StoreAway):
        cut_short()
    with pytest.raises(StoreAway):
        kept(ledger)
    postgres.start()

    def goes_on() -> bool:
        try:
            return kept(ledger) == ([1], AT)
        except StoreAway:
            return False

    eventually(goes_on)
    ledger.close()
    again = open_ledger(database)
    step(again, 2, AT._replace(next=6))
    assert kept(again) == ([1, 2], AT._replace(next=6))
    again.close()


def test_a_full_disk(postgres: Server, database: str) -> None:
    """A step ends in StoreFull and leaves nothing; what was there can be read; with room again, the same ledger goes
    on."""
    folder = postgres.small()
    if folder is None:
        pytest.skip("a small disk is mounted by root only")
    name = make_url(database).database
    postgres.ask(f"CREATE TABLESPACE small_ledger LOCATION '{folder}'")
    postgres.ask(
        "CREATE TABLE ballast TABLESPACE small_ledger AS SELECT repeat('x', 999) FROM generate_series(1, 5000)",
        database=str(name),
    )
    ledger = open_ledger(f"{database}?options=-cdefault_tablespace=small_ledger")
    step(ledger, 1, AT)
    large = [replace(event(number), docket_bytes=os.urandom(1 << 20)) for number in range(2, 30)]
    with pytest.raises(StoreFull, match="No space left on device"):
        insert(ledger, *large)
    assert kept(ledger) == ([1], AT)
    postgres.ask("DROP TABLE ballast", database=str(name))
    step(ledger, 2, AT)
    assert kept(ledger) == ([1, 2], AT)
    ledger.close()
    postgres.ask(f"DROP DATABASE {name} WITH (FORCE)")
    postgres.ask("DROP TABLESPACE small_ledger")
    postgres.ask(f"CREATE DATABASE {name}")


def test_another_machine_s_ledger_takes_over(postgres: Server, database: str) -> None:
    """While one works no other is let in. Once its session is lost, the other begins where it ended, and whatever the
    first still does is not kept."""
    first = open_ledger(database)
    step(first, 1, AT)
    with pytest.raises(AlreadyRunning):
        open_ledger(database)
    beside = open_ledger(database, exclusive=False)
    assert kept(beside) == ([1], AT)
    beside.close()
    postgres.ask("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    second = open_ledger(database)
    assert kept(second) == ([1], AT)
    with pytest.raises((StoreAway, StoreTaken)):
        step(first, 2, AT._replace(next=6))
    with pytest.raises((StoreAway, StoreTaken)), first.writing() as connection:
        next_number(connection, now=NOW)
    eventually(lambda: not first.is_ours)
    step(second, 2, AT._replace(next=6))
    assert kept(second) == ([1, 2], AT._replace(next=6))
    second.close()
    first.close()
