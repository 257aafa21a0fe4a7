"""The storage of the files of a package, while it is read and after: memory, or a spool. No rule of the standard.

The spool: a temporary file without a name. Our caller opens it, on a disk with enough space. It is gone with its last
reference, and with this process.
"""

import errno
import hashlib
import io
import os
import weakref
from collections.abc import Callable, Iterator
from typing import IO, BinaryIO, Protocol

from schemas.document import CHUNK

EDGE = 1024
"""Size in bytes of the two ends of a file that are searched for signs of damage."""


class SpoolFailed(OSError):
    """The spool cannot be made, written or read: a fault of this machine, not of the package."""


class FileBytes(Protocol):
    """The bytes of one file, in memory or in a spool."""

    @property
    def size(self) -> int: ...

    def open(self) -> BinaryIO:
        """Returns the file for reading in any order."""

    def first(self, size: int) -> bytes: ...

    def last(self, size: int) -> bytes: ...


class InMemory:
    """A file held in memory."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    @property
    def size(self) -> int:
        return len(self.content)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.content)

    def first(self, size: int) -> bytes:
        return self.content[:size]

    def last(self, size: int) -> bytes:
        return self.content[-size:]


class Spool:
    """The spool: one thread appends bytes, any thread reads them at any offset."""

    __slots__ = ("__weakref__", "_fd", "size")

    def __init__(self, file: IO[bytes]) -> None:
        self._fd = file.fileno()
        self.size = 0
        weakref.finalize(self, file.close)

    def add(self, data: bytes) -> None:
        """Appends the bytes. Raises SpoolFailed if the disk is full."""
        view = memoryview(data)
        try:
            while view:
                written = os.pwrite(self._fd, view, self.size)
                self.size += written
                view = view[written:]
        except OSError as exc:
            raise SpoolFailed(exc.errno, exc.strerror) from exc

    def read(self, at: int, size: int) -> bytes:
        """Raises SpoolFailed."""
        try:
            data = os.pread(self._fd, size, at)
        except OSError as exc:
            raise SpoolFailed(exc.errno, exc.strerror) from exc
        if len(data) != size:
            raise SpoolFailed(errno.EIO, "a spool ends early")
        return data


class Slice:
    """A slice of a spool: the source of one attachment."""

    __slots__ = ("_at", "_sha256", "_spool", "size")

    def __init__(self, spool: Spool, at: int, *, sha256: str = "") -> None:
        """The slice from `at` to the spool's present end."""
        self._spool, self._at, self._sha256 = spool, at, sha256
        self.size = spool.size - at

    @property
    def sha256(self) -> str:
        if not self._sha256:
            self._sha256 = digest(self.pieces(CHUNK))
        return self._sha256

    def pieces(self, size: int) -> Iterator[bytes]:
        return (self.read(at, size) for at in range(0, self.size, size))

    def read(self, at: int, size: int) -> bytes:
        return self._spool.read(self._at + at, max(0, min(size, self.size - at)))

    def open(self) -> BinaryIO:
        return io.BufferedReader(_View(self))

    def first(self, size: int) -> bytes:
        return self.read(0, size)

    def last(self, size: int) -> bytes:
        return self.read(max(0, self.size - size), size)


class _View(io.RawIOBase):
    """A slice as a read-only file."""

    def __init__(self, slice_: Slice) -> None:
        self._slice = slice_
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._slice.size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._slice.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class MemoryBudget:
    """The memory budget of one package: smaller files are held in memory, `spool` stores the others."""

    def __init__(self, make: Callable[[], IO[bytes]], *, one: int, all_: int) -> None:
        """`one`: bytes of one file; `all_`: bytes of all files together; `make` opens a file without a name."""
        self._make = make
        self._spool: Spool | None = None
        self.one = one
        self._left = all_

    def takes(self, size: int) -> bool:
        """Returns whether a file of `size` bytes is held in memory. If so, the budget shrinks by its size."""
        if size > min(self.one, self._left):
            return False
        self._left -= size
        return True

    def spool(self) -> Spool:
        """Raises SpoolFailed."""
        if self._spool is None:
            try:
                self._spool = Spool(self._make())
            except OSError as exc:
                raise SpoolFailed(exc.errno, exc.strerror) from exc
        return self._spool


def digest(pieces: Iterator[bytes]) -> str:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()
