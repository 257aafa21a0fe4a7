"""Backups of a store's file: made while the daemon runs, sealed to a key of the agency's choosing, and opened again;
all in constant memory. What a sealed one is as bytes: bus/wire/sealed_file.py."""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from bus.errors import (
    AlreadyThere,
    BackupUnderWay,
    CannotOpenBackup,
    CannotWrite,
    StoreDamaged,
    StoreFull,
    StrayLog,
    Words,
    of_system,
)
from bus.store.maintenance import existing
from bus.store.sql.faults import translated
from bus.store.sql.file_lock import FileLock
from bus.store.sql.sqlite import check_in_place
from bus.trust.keys import SealingKey, SealingPublicKey
from bus.wire.sealed_file import MAGIC, opened, sealed
from schemas.docket import SEGMENT


def backup(url: str, target: Path, *, to: SealingPublicKey | None) -> None:
    """A copy of one moment, while the daemon runs, for its owner only; in clear where `to` is None. Overwrites nothing:
    raises AlreadyThere; CannotWrite where `target` cannot be; BackupUnderWay; StoreFull where there is no room for it;
    StoreDamaged; NoStore."""
    path = existing(url)
    check_in_place(path)
    with _draft_of(target) as draft:
        if to is None:
            _copy(path, draft)
        else:
            # In clear only beside the store, where everything is: what is put elsewhere is sealed.
            with _copy_beside(path) as copy, copy.open("rb") as plain, draft.open("wb") as file:
                file.writelines(sealed(_pieces(plain), to))
                _sync(file)


def restore(backup: Path, target: Path, *, key: SealingKey | None) -> None:
    """The store in a backup, sealed or in clear, as the file `target`. Overwrites nothing, and leaves nothing half:
    raises AlreadyRunning while a daemon has that file, CannotOpenBackup, AlreadyThere, StrayLog, CannotWrite,
    StoreFull, or StoreDamaged where what is in it is no sound store."""
    if _beside(target.resolve(), ".lock").exists():
        FileLock(target.resolve(), owner="").release()
    if log := next((each for tail in ("-wal", "-shm") if (each := _beside(target, tail)).exists()), None):
        raise StrayLog(file=log)
    with _draft_of(target) as draft:
        with backup.open("rb") as file, draft.open("wb") as plain:
            plain.writelines(_plain(file, backup, key))
            _sync(plain)
        _check(draft, backup)


def _plain(file: BinaryIO, backup: Path, key: SealingKey | None) -> Iterator[bytes]:
    begins = file.read(len(_SQLITE))
    is_sealed = begins.startswith(MAGIC)
    if not is_sealed and begins != _SQLITE:
        why = Words("nó không phải bản sao lưu của kho nào", "it is no backup of a store")
        raise CannotOpenBackup(file=backup, why=why)
    file.seek(0)
    if not is_sealed:
        return _pieces(file)
    if key is None:
        raise CannotOpenBackup(file=backup, why=Words("đã niêm phong, cần khóa riêng: --key", "it is sealed: --key"))
    return opened(file.read, key, file=backup)


@contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """Takes the name of `target` when the block ends well, and is gone otherwise."""
    draft = target.with_name(f".{target.name}.tmp")
    try:
        if target.exists():
            raise AlreadyThere(file=target)
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        try:
            yield draft
            draft.rename(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as exc:
        raise _unwritten(target, exc) from exc


@contextmanager
def _copy_beside(path: Path) -> Iterator[Path]:
    """A copy in clear beside the store, gone when the block ends. Raises BackupUnderWay while another has it."""
    copy = _beside(path, ".backup")
    try:
        copy.touch(mode=0o600)
        with copy.open("r+b") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise BackupUnderWay(file=copy) from exc
            try:
                lock.truncate(0)  # of one that was cut short
                _copy(path, copy)
                yield copy
            finally:
                copy.unlink(missing_ok=True)
    except OSError as exc:
        raise _unwritten(copy, exc) from exc


def _unwritten(file: Path, exc: OSError) -> CannotWrite | StoreFull:
    if exc.errno == errno.ENOSPC:
        return StoreFull(store=file, why=of_system(exc))
    return CannotWrite(file=file, why=of_system(exc))


def _copy(path: Path, draft: Path) -> None:
    """All in one step: in several, it would begin anew whenever the daemon wrote between two. Raises StoreDamaged where
    a copy would be no backup."""
    with (
        translated(f"{path} → {draft}"),
        closing(sqlite3.connect(path)) as source,
        closing(sqlite3.connect(draft)) as copy,
    ):
        source.backup(copy)
    _check(draft, path)


_SQLITE: Final = b"SQLite format 3\x00"
"""The first bytes of a backup in clear."""
_NO_STORE: Final = Words("trong đó không có kho", "there is no store in it")


def _check(file: Path, store: Path) -> None:
    with translated(str(store)), closing(sqlite3.connect(file)) as connection:
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        (owned,) = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'owner'").fetchone()
    if said != "ok" or not owned:
        raise StoreDamaged(store=store, why=said if owned else _NO_STORE)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(SEGMENT):
        yield piece


def _beside(path: Path, tail: str) -> Path:
    return path.with_name(path.name + tail)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
