"""Talks to the disk: what is written is durable or not there, what is moved overwrites nothing. No rule of ours.

Every function raises OSError; `away` says it in the bus's words at the adapter's edge.
"""

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO, Final, NamedTuple

from adapters.folder.names import numbered, shown
from bus.errors import DmsAway

_AT_ONCE = 128
"""Files written before the first is synchronised: the file system then commits them together, and few descriptors
are open."""
_UNSYNCED = 16 * 1024 * 1024

FILE_MODE: Final = 0o660
FOLDER_MODE: Final = 0o770
"""Less the umask: official papers are for us and our group, whatever that says."""

_OF_THE_DISK = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO}
    | {errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.ECONNRESET}
    | {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
"""What every file would meet just now: the disk, the share, or this machine is in trouble."""


class Stamp(NamedTuple):
    """Tells whether a file is still as it was."""

    size: int
    mtime_ns: int


class Stale(Exception):
    """The file is not as it was when it was looked at."""


def sentence(exc: OSError) -> str:
    """What the disk said, and of which file."""
    why = exc.strerror or str(exc)
    if not isinstance(exc.filename, str | bytes):
        return why
    return f"{shown(os.fsdecode(exc.filename))}: {why}"


def away(exc: OSError) -> DmsAway:
    return DmsAway(why=sentence(exc))


def concerns_all(exc: OSError) -> bool:
    """Whether any other file would have failed, too."""
    return exc.errno in _OF_THE_DISK


def usable(folder: Path) -> bool:
    """Whether files can be made in this folder, as far as permissions say."""
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def stamp(path: Path) -> Stamp:
    found = path.lstat()
    return Stamp(found.st_size, found.st_mtime_ns)


def size(path: Path) -> int:
    """Bytes; 0 where there is no such file."""
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def read(path: Path, expected: Stamp) -> bytes:
    """The bytes of a file that stayed as it was from first to last. Raises Stale where it did not."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        data = file.read(expected.size + 1)
        found = os.fstat(fd)
    if Stamp(found.st_size, found.st_mtime_ns) != expected or len(data) != expected.size:
        raise Stale
    return data


@contextlib.contextmanager
def opened(path: Path, expected: Stamp) -> Iterator[BinaryIO]:
    """A file to be read piece by piece. Raises Stale where it is not as it was, or does not stay so to the end of the
    block."""
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
    """A file without a name, on that disk; it is gone with us."""
    return tempfile.TemporaryFile(dir=folder, prefix="spool-")


def head(path: Path, size: int) -> bytes:
    """The first bytes of a file, whatever happens to it meanwhile."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(size)


def write_all(files: Sequence[tuple[Path, bytes]]) -> list[OSError | None]:
    """Writes files under names that nobody reads yet, each durable where its answer is None. Their folder is not."""
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
    """Writes a file of about `size` bytes under a name that nobody reads yet, durable when it returns; its folder is
    not. What cannot be written whole is not there. Raises OSError, and whatever the pieces raise."""
    room = os.statvfs(path.parent)
    if room.f_bavail * room.f_frsize < size:  # else all others would find a full disk, until we do
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
                if unsynced > _UNSYNCED:  # in small parts: small files that are synchronised meanwhile wait for ours
                    os.fdatasync(fd)
                    unsynced = 0
            os.fsync(fd)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def put(path: Path, data: bytes, *, temporary: Path) -> None:
    """Writes or replaces one file: readers see the old one or the new one, whole. The folder is not synchronised."""
    failed = write_all([(temporary, data)])[0]
    if failed:
        raise failed
    temporary.replace(path)


def append(path: Path, data: bytes, *, head: bytes) -> None:
    """Adds to a file, durable when it returns; `head` first where the file is new."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, FILE_MODE)
    with os.fdopen(fd, "ab") as file:
        file.write(data if os.fstat(fd).st_size else head + data)
        file.flush()
        os.fdatasync(fd)


def sync_folders(folders: Iterable[Path]) -> None:
    """Makes names durable: what was made in these folders, moved into them or out of them."""
    for folder in folders:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        except OSError as exc:
            if exc.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems have no such call
                raise
        finally:
            os.close(fd)


def free_name(folder: Path, name: str) -> str:
    """`name`, or the next number of it that nothing in the folder has."""
    if not os.path.lexists(folder / name):
        return name
    low, high = 1, 2  # low is taken, high is looked at: one fixed name may have been used ten thousand times
    while os.path.lexists(folder / numbered(name, high)):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if os.path.lexists(folder / numbered(name, middle)):
            low = middle
        else:
            high = middle
    return numbered(name, high)


def move(source: Path, target: Path, expected: Stamp) -> None:
    """Moves a file to a name that `free_name` found. Raises Stale, leaving the file in its folder, where it is not as
    expected: somebody wrote another one under its name."""
    source.rename(target)
    if stamp(target) != expected:
        target.rename(source.with_name(free_name(source.parent, source.name)))
        raise Stale


def make_folder(folder: Path) -> None:
    """Its parent must be there: a share that is gone is not built anew on the local disk."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=FOLDER_MODE)


def probe(folder: Path, name: str) -> str | None:
    """What keeps us from making and removing a file of that name here, or None."""
    path = folder / name
    try:
        path.touch(mode=FILE_MODE)
        path.unlink()
    except OSError as exc:
        return exc.strerror or str(exc)
    return None


def device(folder: Path) -> int | None:
    """Which file system holds a folder; None where there is no folder."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev if stat.S_ISDIR(found.st_mode) else None
