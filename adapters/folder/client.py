"""The disk: writes are durable or have no effect, moves overwrite nothing. No rule of ours.

Every function raises OSError; faults.py has the words for it.
"""

import contextlib
import errno
import os
import pwd
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO, Final, NamedTuple

from adapters.folder.identity import Identity, identity, is_same
from adapters.folder.names import LONGEST, SHORT, numbered
from adapters.journal import sync_folder

_AT_ONCE = 128
"""Files written before the first one is synchronised: the file system then commits them together, and few descriptors
are open."""
_UNSYNCED = 16 * 1024 * 1024

FILE_MODE: Final = 0o660
FOLDER_MODE: Final = 0o770
"""The modes of new files and folders, before the umask: official documents are for us and our group only."""

_OF_THE_DISK = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO}
    | {errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.ECONNRESET}
    | {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
"""Errors that every file would meet now: the disk, the share, or this machine is in trouble."""


class Stamp(NamedTuple):
    """Size and time of a file; they show whether it has changed."""

    size: int
    mtime_ns: int


class Stale(Exception):
    """The file has changed since it was looked at."""


def concerns_all(exc: OSError) -> bool:
    """Returns whether the error would meet every other file, too."""
    return exc.errno in _OF_THE_DISK


def usable(folder: Path) -> bool:
    """Returns whether files can be made in this folder, judged by its permissions."""
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK, effective_ids=True)  # noqa: PTH112 — never raises


def user() -> str:
    """Returns the name of the user as whom this process runs."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def stamp(path: Path) -> Stamp:
    found = path.lstat()
    return Stamp(found.st_size, found.st_mtime_ns)


def size(path: Path) -> int:
    """Returns the size in bytes; 0 if the file does not exist."""
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def read(path: Path, expected: Stamp) -> tuple[bytes, Identity]:
    """Returns the bytes of a file, and which file it is. Raises Stale if it is not as expected, before or after
    reading."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        data = file.read(expected.size + 1)
        found, which = os.fstat(fd), identity(fd, data)
    if Stamp(found.st_size, found.st_mtime_ns) != expected or len(data) != expected.size:
        raise Stale
    return data, which


@contextlib.contextmanager
def opened(path: Path, expected: Stamp) -> Iterator[BinaryIO]:
    """Opens a file for reading piece by piece. Raises Stale if it is not as expected, at the beginning or the end of
    the block."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        _same(fd, expected)
        yield file
        _same(fd, expected)


def _same(fd: int, expected: Stamp) -> None:
    found = os.fstat(fd)
    if Stamp(found.st_size, found.st_mtime_ns) != expected:
        raise Stale


def tail(file: BinaryIO, size: int) -> bytes:
    file.seek(max(0, file.seek(0, os.SEEK_END) - size))
    return file.read(size)


def spool(folder: Path) -> IO[bytes]:
    """Returns the spool: a temporary file without a name in `folder`; it disappears with this process."""
    return tempfile.TemporaryFile(dir=folder, prefix="spool-")


def head(path: Path, size: int) -> bytes:
    """Returns the first `size` bytes of a file, even if it is being changed."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(size)


def write_all(files: Sequence[tuple[Path, bytes]]) -> list[OSError | None]:
    """Writes files under names that nobody reads yet. Returns for each None once it is durable, or its error. The
    folder's entry is not synchronised."""
    answers: list[OSError | None] = []
    for start in range(0, len(files), _AT_ONCE):
        answers += _write_group(files[start : start + _AT_ONCE])
    return answers


def _write_group(files: Sequence[tuple[Path, bytes]]) -> list[OSError | None]:
    opened = [_write_unsynced(path, data) for path, data in files]
    return [fd if isinstance(fd, OSError) else _sync_and_close(fd) for fd in opened]


def _write_unsynced(path: Path, data: bytes) -> int | OSError:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, FILE_MODE)
    except OSError as exc:
        return exc
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
    except OSError as exc:
        os.close(fd)
        exc.filename = os.fspath(path)
        return exc
    return fd


def _sync_and_close(fd: int) -> OSError | None:
    try:
        os.fsync(fd)
    except OSError as exc:
        return exc
    finally:
        os.close(fd)
    return None


def pour(path: Path, pieces: Iterable[bytes], *, size: int) -> None:
    """Writes a file of about `size` bytes under a name that nobody reads yet. Atomic: a file that cannot be written
    whole is removed. Durable when it returns, but for the folder's entry. Raises OSError, and whatever the pieces
    raise."""
    room = os.statvfs(path.parent)
    has_figures = room.f_blocks > 0  # some network disks give none
    if (
        has_figures and room.f_bavail * room.f_frsize < size
    ):  # else other files would find the disk full until this write fails
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, FILE_MODE)
        with os.fdopen(fd, "wb", buffering=0) as file:
            unsynced = 0
            for piece in pieces:
                view = memoryview(piece)
                while view:
                    view = view[file.write(view) :]
                unsynced += len(piece)
                if unsynced > _UNSYNCED:  # often: small files that are synchronised meanwhile wait for it
                    os.fdatasync(fd)
                    unsynced = 0
            os.fsync(fd)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def put(path: Path, data: bytes, *, temporary: Path) -> None:
    """Writes or replaces one file atomically: readers see the old content or the new one, whole. The folder is not
    synchronised."""
    failed = write_all([(temporary, data)])[0]
    if failed:
        raise failed
    temporary.replace(path)


def sync_folders(folders: Iterable[Path]) -> None:
    """Makes names durable: the folder entries of files that were made in these folders, moved into them or out of
    them."""
    for folder in folders:
        sync_folder(folder)


def free_name(folder: Path, name: str, longest: int = LONGEST) -> str:
    """Returns `name`, or the first numbered form of it that is free in the folder."""
    if not os.path.lexists(folder / name):
        return name
    low, high = 1, 2  # binary search, `low` is taken: a name may have been used ten thousand times
    while os.path.lexists(folder / numbered(name, high, longest)):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if os.path.lexists(folder / numbered(name, middle, longest)):
            low = middle
        else:
            high = middle
    return numbered(name, high, longest)


def move(source: Path, target: Path, expected: Stamp, known: Identity | None = None) -> None:
    """Moves a file to a name that `free_name` found. Raises Stale if the file is not as expected, because somebody
    replaced it; the file then stays in its folder."""
    source.rename(target)
    if stamp(target) != expected or (known and not is_same(target, known, moved=True)):
        target.rename(source.with_name(free_name(source.parent, source.name)))
        raise Stale


def make_folder(folder: Path) -> None:
    """Makes the folder if it is missing. Its parent must exist: a share that is not mounted must not be made on the
    local disk."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=FOLDER_MODE)


def probe(folder: Path, name: str) -> OSError | None:
    """Returns the reason why a file of that name cannot be made and removed here; None if it can."""
    path = folder / name
    try:
        path.touch(mode=FILE_MODE)
        path.unlink()
    except OSError as exc:
        return exc
    return None


def probe_move(source: Path, target: Path, name: str) -> OSError | None:
    """Returns the reason why a file of that name cannot be moved between these folders; None if it can. Nothing is
    left."""
    try:
        (source / name).touch(mode=FILE_MODE)
        (source / name).rename(target / name)
    except OSError as exc:
        return exc
    finally:
        for folder in (source, target):
            with contextlib.suppress(OSError):
                (folder / name).unlink()
    return None


def longest_name(folder: Path) -> int | None:
    """Returns how many bytes a file name may have in this folder, found out by trying; None if nothing can be made
    here now."""
    for length in (LONGEST, SHORT):
        error = probe(folder, ".lienthong-".ljust(length, "-"))
        if error is None or error.errno != errno.ENAMETOOLONG:
            return length if error is None else None
    return SHORT


def is_folder(path: Path) -> bool:
    """Returns False if there is nothing of this name. Raises OSError if that cannot be told."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
