"""bus/store/care.py and salvage.py: what is done for a store's file, sound or damaged."""

import contextlib
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bus import operations
from bus.errors import AlreadyRunning, BadConfig, NotPossible, StoreDamaged, StoreLost
from bus.message import DEAD
from bus.records import Box, OutboxChange, State
from bus.store import care, open_store
from bus.store.sqlite import recovery_of
from tests.contract.store import NOW, arrived, due, mid, put, row, sending, settle
from tests.contract.store_apart import come, keep, key, large, moved, nobody_s, take

COUNT = 60
BODY = 7070  # a row a page: what does not fit goes to overflow pages, and the rest is more than half of one


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with sixty messages each way, all of them waiting; with bodies that fill pages of their own."""
    path = tmp_path / "H49.db"
    store = open_store(f"sqlite:///{path}", owner="H49")
    put(store, *(sending(number, body=os.urandom(BODY)) for number in range(1, COUNT + 1)))
    with store.write() as tx:
        tx.put_inbox([arrived(number, body=os.urandom(BODY)) for number in range(1, COUNT + 1)])
    store.close()
    return path


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def pages(path: Path) -> dict[str, int]:
    """The first page of each table and index; all others by "table:n", counted from its first row on."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))


def overwrite(path: Path, *numbers: int) -> None:
    with path.open("r+b") as file:
        for number in numbers:
            file.seek((number - 1) * 4096)
            file.write(os.urandom(4096))


def test_a_sound_store(path: Path) -> None:
    """Nothing to say, daemon or not."""
    assert care.check(url(path)) == []
    store = open_store(url(path), owner="H49")
    assert care.check(url(path)) == []
    store.close()


def test_no_store(tmp_path: Path) -> None:
    """There is nothing to look at, and nothing is made."""
    for what in (care.check, lambda url: care.recover(url, owner="H49")):
        with pytest.raises(BadConfig):
            what(url(tmp_path / "none.db"))
    assert not list(tmp_path.glob("none.db"))


def test_a_backup_is_a_store(path: Path, tmp_path: Path) -> None:
    """Of one moment, made beside a daemon that writes; it opens like the store, and overwrites nothing."""
    store = open_store(url(path), owner="H49")
    care.backup(url(path), tmp_path / "copy.db")
    settle(store, OutboxChange(message=mid(1), state=State.CANCELLED, attempts=0, at=NOW))
    copy = open_store(url(tmp_path / "copy.db"), owner="H49")
    assert (row(copy, 1).state, row(store, 1).state) == (State.WAITING, State.CANCELLED)
    copy.close()
    store.close()
    with pytest.raises(BadConfig):
        care.backup(url(path), tmp_path / "copy.db")


def test_damaged_indexes_cost_nothing(path: Path) -> None:
    """They are made anew; every row and body is there, and the file is as a new one is: WAL, and space given back."""
    found = pages(path)
    overwrite(path, *(found[name] for name in ("outbox_at_once", "inbox_document", "sqlite_autoindex_outbox_1")))
    assert care.check(url(path))
    done = care.recover(url(path), owner="H49")
    assert (done.outbox, done.inbox) == ((), ())
    assert done.rows == {Box.OUT: COUNT, Box.IN: COUNT}
    assert care.check(url(path)) == []
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    store = open_store(url(path), owner="H49")
    with store.read() as tx:
        assert len(tx.due_outbox(now=NOW, limit=100, max_bytes=1 << 30)) == COUNT
        assert len(tx.due_inbox(now=NOW, limit=100, max_bytes=1 << 30)) == COUNT
    store.close()


def test_it_stays_whose_it_was(path: Path) -> None:
    """Recovered by root, it is its daemon's as before, and nobody else's."""
    user = 4711 if os.geteuid() == 0 else os.geteuid()
    os.chown(path, user, -1)
    path.chmod(0o600)
    care.recover(url(path), owner="H49")
    there = path.stat()
    assert (there.st_uid, stat.S_IMODE(there.st_mode)) == (user, 0o600)


def leaves(path: Path, table: str) -> list[int]:
    """Pages that hold a table's rows, in their order, as its first page names them."""
    with path.open("rb") as file:
        file.seek((pages(path)[table] - 1) * 4096)
        page = file.read(4096)
    assert page[0] == 5  # an interior page of a table
    cells = int.from_bytes(page[3:5], "big")
    starts = [int.from_bytes(page[12 + 2 * cell : 14 + 2 * cell], "big") for cell in range(cells)]
    return [*(int.from_bytes(page[start : start + 4], "big") for start in starts), int.from_bytes(page[8:12], "big")]


def test_lost_bodies_are_named(path: Path) -> None:
    """To be sent: cancelled, so that their system may send them again. Received: forgotten, so that they may come
    again. What had left already only waits for its receipt. The damaged file is kept."""
    store = open_store(url(path), owner="H49")
    settle(store, OutboxChange(message=mid(30), state=State.SENT, attempts=1, next_at=NOW, at=NOW))
    store.close()
    out, into = leaves(path, "outbox_body"), leaves(path, "inbox_body")
    overwrite(path, out[9], out[29], into[4], into[40], into[41])
    done = care.recover(url(path), owner="H49", now=datetime(2026, 11, 26, tzinfo=UTC))
    assert done.kept == path.with_name("H49.db.damaged-20261126T000000Z")
    assert (done.outbox, done.inbox) == ((mid(10),), (mid(5), mid(41), mid(42)))
    assert done.rows == {Box.OUT: COUNT, Box.IN: COUNT - 3}
    store = open_store(url(path), owner="H49")
    assert row(store, 10).state is State.CANCELLED
    assert (row(store, 30).state, row(store, 30).next_at) == (State.SENT, None)
    assert (row(store, 9).state, row(store, 9).size) == (State.WAITING, BODY)
    store.close()


def test_what_has_no_body_is_told_all_the_same(path: Path) -> None:
    """A refusal that waits to be told is an entry without content: the page where its body lay costs nothing."""
    store = open_store(url(path), owner="H49")
    with store.write() as tx:
        tx.put_inbox([arrived(COUNT + 1, body=b"")])
    store.close()
    overwrite(path, leaves(path, "inbox_body")[-1])
    assert mid(COUNT + 1) not in care.recover(url(path), owner="H49").inbox
    store = open_store(url(path), owner="H49")
    with store.read() as tx:
        told = [each.body for each in tx.due_inbox(now=NOW, limit=100, max_bytes=1 << 30) if each.docket.id == mid(61)]
    assert told == [b""]
    store.close()


def test_nothing_is_made_of_what_lost_its_body(path: Path) -> None:
    """What was sent already cannot be sent again, which `retry` says; what is cancelled is not told as late."""
    store = open_store(url(path), owner="H49")
    put(store, *(sending(number, body=os.urandom(BODY), expires_at=NOW) for number in (71, 72)))
    settle(store, OutboxChange(message=mid(71), state=State.SENT, attempts=1, next_at=NOW, at=NOW))
    store.close()
    overwrite(path, *leaves(path, "outbox_body")[-2:])
    assert care.recover(url(path), owner="H49").outbox == (mid(72),)
    store = open_store(url(path), owner="H49")
    with pytest.raises(NotPossible):
        operations.retry(store, Box.OUT, [mid(71)], now=NOW)
    with store.read() as tx:
        assert [each.docket.id for each in tx.expired_outbox(now=NOW, limit=9)] == [mid(71)]
        assert len(tx.due_outbox(now=NOW, limit=100, max_bytes=1 << 30)) == COUNT
    store.close()


def lose_the_list(path: Path) -> None:
    overwrite(path, 1)


def lose_the_owner(path: Path) -> None:
    overwrite(path, pages(path)["owner"])


@pytest.mark.parametrize("lose", [lose_the_list, lose_the_owner])
def test_too_little_left(path: Path, lose: Callable[[Path], None]) -> None:
    """Nobody guesses whose a store is, or of what version: only a backup helps. The file stays what it is, alone."""
    lose(path)
    before, beside = path.read_bytes(), {*path.parent.iterdir(), path.with_name("H49.db.lock")}
    with pytest.raises(StoreLost):
        care.recover(url(path), owner="H49")
    assert path.read_bytes() == before
    assert set(path.parent.iterdir()) == beside


def test_not_under_a_daemon(path: Path) -> None:
    """It would go on writing into the file that is replaced."""
    store = open_store(url(path), owner="H49")
    with pytest.raises(AlreadyRunning):
        care.recover(url(path), owner="H49")
    store.close()


def test_a_damaged_key_table(path: Path) -> None:
    """The table of recipients has no row numbers: it is read from both ends. Who is missing there stands in the docket,
    and is sent to again."""
    done_before = care.check(url(path))
    assert done_before == []
    store = open_store(url(path), owner="H49")
    put(store, replace(sending(99), outstanding=(DEAD,), headers={"x-lienthong-reason": "expired"}))
    before = {each.docket.id: each.outstanding for each in due(store)}
    store.close()
    overwrite(path, pages(path)["outbox_recipient"])
    care.recover(url(path), owner="H49")
    assert care.check(url(path)) == []
    store = open_store(url(path), owner="H49")
    assert {each.docket.id: each.outstanding for each in due(store)} == before
    store.close()


def test_a_recovery_cut_short_is_said(path: Path) -> None:
    """What lies in the store's place meanwhile is not the store, whatever SQLite thinks of it: neither `check` nor
    `backup` takes it for one."""
    recovery_of(path).write_bytes(b"")
    (said,) = care.check(url(path))
    assert "cut short" in said
    with pytest.raises(StoreDamaged, match="cut short"):
        care.backup(url(path), path.with_name("copy.db"))


@pytest.mark.parametrize("target", ["none/copy.db", "H49.db/copy.db"])
def test_a_backup_that_cannot_be_made_says_so(path: Path, target: str) -> None:
    """Which file, and why; nothing is left of it."""
    with pytest.raises(BadConfig, match=r"copy\.db"):
        care.backup(url(path), path.parent / target)
    assert not list(path.parent.glob("**/.copy*"))


def test_a_damaged_store_is_no_backup(path: Path) -> None:
    """It is not copied day by day over the good ones; an empty file is none either."""
    overwrite(path, *leaves(path, "outbox_body")[3:5])
    with pytest.raises(StoreDamaged):
        care.backup(url(path), path.with_name("copy.db"))
    assert not path.with_name("copy.db").exists()
    path.write_bytes(b"")
    assert care.check(url(path)) == ["it is empty / tệp rỗng"]


def test_a_backup_beside_one_who_never_rests(path: Path) -> None:
    """It is of one moment, however large the file: it does not begin anew at each write."""
    stop = threading.Event()
    store = open_store(url(path), owner="H49")
    with store.write() as tx:
        tx.put_inbox([arrived(number, body=os.urandom(1 << 20)) for number in range(100, 132)])

    def write() -> None:
        while not stop.is_set():
            settle(store, OutboxChange(message=mid(1), state=State.WAITING, attempts=1, next_at=NOW, at=NOW))

    busy = threading.Thread(target=write)
    busy.start()
    try:
        care.backup(url(path), path.with_name("copy.db"))
    finally:
        stop.set()
        busy.join()
        store.close()
    assert care.check(url(path.with_name("copy.db"))) == []


def test_a_lost_segment_is_seen(path: Path) -> None:
    """What was whole and is not any more is named like a lost body, what was being fetched is fetched anew, and what is
    nobody's any more is dropped in time."""
    store = open_store(url(path), owner="H49")
    for number in (501, 502):
        keep(store, Box.OUT, key(number), 1, 2, 3)
        put(store, large(number))
    take(store, come(501), come(502, state=State.FETCHED), come(503, state=State.FETCHED))
    for number in (501, 502, 503):
        keep(store, Box.IN, key(number), 1, 2, 3)
        with store.write() as tx:
            whole = None if number == 501 else NOW
            tx.put_transfer(Box.IN, moved(number, done=3, mark="5", finished_at=whole))
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute('DELETE FROM outbox_segment WHERE number = 2 AND "of" = 2')
        connection.execute('DELETE FROM inbox_segment WHERE number = 2 AND "of" < 3')
        connection.execute("DELETE FROM inbox_blob WHERE number = 1")
    connection.close()

    done = care.recover(url(path), owner="H49")
    assert (done.outbox, done.inbox) == ((mid(502),), (mid(502),))
    store = open_store(url(path), owner="H49")
    with store.read() as tx:
        assert tx.rows(Box.OUT, message=mid(501))[0].state is State.UPLOADING
        assert tx.rows(Box.OUT, message=mid(502))[0].state is State.CANCELLED
        assert {row.docket.id for row in tx.rows(Box.IN, state=State.FETCHED)} == {mid(503)}
        (fetching,) = tx.transfers(Box.IN, [mid(501)])
        assert (fetching.done, fetching.mark) == (0, None)
        assert tx.unneeded(Box.OUT, before=NOW) == [key(502)]
        assert tx.unneeded(Box.IN, before=NOW) == [key(502)]
    keep(store, Box.IN, key(501), 1)
    assert nobody_s(store, Box.IN) == [key(502)]
    store.close()
