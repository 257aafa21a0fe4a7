"""bus/store/backup.py: a copy of a store, sealed or in clear, and the store that is restored from it."""

import fcntl
import os
import sqlite3
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from bus.errors import (
    AlreadyRunning,
    AlreadyThere,
    BackupUnderWay,
    CannotOpenBackup,
    CannotWrite,
    StoreDamaged,
    StrayLog,
)
from bus.handling.transport import OutboxState
from bus.ports.records import Event, OutboxChange
from bus.store.backup import backup, restore
from bus.store.open import open_store
from bus.store.store import SqlStore
from bus.trust.keys import SealingKey
from schemas.docket import SEGMENT
from tests.contract.store import NOW, arrived, mid, put, row, sending, settle

SAID = "Trả lại vì thiếu chữ ký"


@cache
def key() -> SealingKey:
    return SealingKey.generate()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """A daemon's, with some MiB in it, and a text that people wrote."""
    store = open_store(url(tmp_path / "H49.db"), owner="H49")
    put(store, *(sending(number) for number in range(1, 5)))
    with store.write() as tx:
        tx.inbox.put([arrived(number, body=os.urandom(1 << 20)) for number in range(1, 5)])
        tx.dossiers.put_events([Event(at=NOW, name="adapter.refused", detail=SAID)])
    yield store
    store.close()


def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.mark.parametrize("is_sealed", [True, False], ids=["sealed", "clear"])
def test_a_backup_is_a_store(store: SqlStore, tmp_path: Path, is_sealed: bool) -> None:
    """Of one moment, made beside a daemon that writes, for its owner only; what is restored from it opens like the
    store. Neither overwrites anything, and nothing is left beside either."""
    copy, back = tmp_path / "copy", tmp_path / "back.db"
    backup(url(tmp_path / "H49.db"), copy, to=key().public if is_sealed else None)
    settle(store, OutboxChange(message=mid(1), state=OutboxState.CANCELLED, attempts=0, at=NOW))
    assert copy.stat().st_mode & 0o777 == 0o600
    assert (SAID.encode() in copy.read_bytes()) != is_sealed
    restore(copy, back, key=key() if is_sealed else None)
    assert back.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} - {"copy", "back.db", "H49.db", "H49.db-wal", "H49.db-shm"} <= {
        ".H49.db.lock", "H49.db.lock",
    }  # fmt: skip
    restored = open_store(url(back), owner="H49")
    assert (row(restored, 1).state, row(store, 1).state) == (OutboxState.WAITING, OutboxState.CANCELLED)
    restored.close()
    with pytest.raises(AlreadyThere, match="never overwritten"):
        backup(url(tmp_path / "H49.db"), copy, to=None)
    with pytest.raises(AlreadyThere, match="never overwritten"):
        restore(copy, back, key=key())


def test_what_does_not_open(store: SqlStore, tmp_path: Path) -> None:
    """By another key, or none: both keys are named. Altered, or cut off behind any piece: said, and nothing is left."""
    copy, back = tmp_path / "copy", tmp_path / "back.db"
    backup(url(tmp_path / "H49.db"), copy, to=key().public)
    whole, other = copy.read_bytes(), SealingKey.generate()
    with pytest.raises(CannotOpenBackup, match=f"{key().id}.*{other.id}"):
        restore(copy, back, key=other)
    with pytest.raises(CannotOpenBackup, match="--key"):
        restore(copy, back, key=None)
    for broken in (
        whole[:500],
        whole[:-1],
        whole[: -(len(whole) - 1204) % (SEGMENT + 16) or -(SEGMENT + 16)],
        whole[: 1204 + 2 * (SEGMENT + 16)],
        whole[:100] + b"?" + whole[101:],
        whole[:-1] + bytes([whole[-1] ^ 1]),
    ):
        copy.write_bytes(broken)
        with pytest.raises(CannotOpenBackup):
            restore(copy, back, key=key())
        assert not back.exists()
    for no_store in (b"SQLite? No.", b""):
        copy.write_bytes(no_store)
        with pytest.raises(CannotOpenBackup, match="no backup of a store"):
            restore(copy, back, key=key())
    copy.write_bytes(b"SQLite format 3\x00 and no more")
    with pytest.raises(StoreDamaged):
        restore(copy, back, key=None)
    assert not list(tmp_path.glob(".*tmp*"))


def test_the_log_of_the_store_before_it(store: SqlStore, tmp_path: Path) -> None:
    """It would be played into the restored file: it must go first."""
    backup(url(tmp_path / "H49.db"), tmp_path / "copy", to=None)
    (tmp_path / "back.db-wal").write_bytes(b"")
    with pytest.raises(StrayLog, match=r"back\.db-wal"):
        restore(tmp_path / "copy", tmp_path / "back.db", key=None)


def test_not_under_a_daemon(store: SqlStore, tmp_path: Path) -> None:
    """Of whatever is wrong with its place, that it is in use comes first; a lock that nobody holds is none."""
    backup(url(tmp_path / "H49.db"), tmp_path / "copy", to=None)
    (tmp_path / "H49.db-wal").touch()
    with pytest.raises(AlreadyRunning):
        restore(tmp_path / "copy", tmp_path / "H49.db", key=None)
    (tmp_path / "back.db.lock").touch()
    restore(tmp_path / "copy", tmp_path / "back.db", key=None)


def test_one_that_was_cut_short(store: SqlStore, tmp_path: Path) -> None:
    """What it left in clear beside the store is used up by the next; two at once are not mixed."""
    left = tmp_path / "H49.db.backup"
    left.write_bytes(os.urandom(9000))
    with left.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BackupUnderWay):
            backup(url(tmp_path / "H49.db"), tmp_path / "copy", to=key().public)
    backup(url(tmp_path / "H49.db"), tmp_path / "copy", to=key().public)
    restore(tmp_path / "copy", tmp_path / "back.db", key=key())
    assert not left.exists()


@pytest.mark.parametrize("target", ["none/copy.db", "H49.db/copy.db"])
@pytest.mark.parametrize("is_sealed", [True, False], ids=["sealed", "clear"])
def test_a_backup_that_cannot_be_made_says_so(store: SqlStore, tmp_path: Path, target: str, is_sealed: bool) -> None:
    """Which file, and why; nothing is left of it."""
    with pytest.raises(CannotWrite, match=r"copy\.db"):
        backup(url(tmp_path / "H49.db"), tmp_path / target, to=key().public if is_sealed else None)
    assert not [*tmp_path.glob("**/.copy*"), *tmp_path.glob("*.backup*")]


def test_memory_does_not_grow_with_the_store(store: SqlStore, tmp_path: Path) -> None:
    """A few pieces of 1 MiB at a time."""
    with store.write() as tx:
        tx.inbox.put([arrived(number, body=os.urandom(1 << 20)) for number in range(5, 37)])
    tracemalloc.start()
    try:
        backup(url(tmp_path / "H49.db"), tmp_path / "copy", to=key().public)
        restore(tmp_path / "copy", tmp_path / "back.db", key=key())
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert (tmp_path / "copy").stat().st_size > 36 << 20


def test_a_backup_beside_one_who_never_rests(store: SqlStore, tmp_path: Path) -> None:
    """It is of one moment, however large the file: it does not begin anew at each write."""
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            settle(store, OutboxChange(message=mid(1), state=OutboxState.WAITING, attempts=1, next_at=NOW, at=NOW))

    busy = threading.Thread(target=write)
    busy.start()
    try:
        backup(url(tmp_path / "H49.db"), tmp_path / "copy.db", to=None)
    finally:
        stop.set()
        busy.join()
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
