"""The ZIP of one file that the national SDK puts around most attachments: recognised, opened. edxml §8.4

Nothing here is written to a disk, and no name inside a ZIP is used for anything but a report.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from schemas.document import CHUNK
from schemas.edxml.spool import EDGE, Held, Lying, SpoolFailed

SIGNATURE = b"PK\x03\x04"

_END = b"PK\x05\x06"  # end of central directory: 22 bytes and a comment
_END_SIZE = 22
_ZIP64_LOCATOR = b"PK\x06\x07"
_DIRECTORY_MOST = 1 << 18  # bytes of a directory we are ready to read: some thousand entries
_OFFICE = frozenset({"[Content_Types].xml", "mimetype"})  # at the root of OOXML and ODF files
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 1
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, OSError)


class Kept(NamedTuple):
    """These bytes are the file itself; `why` says what is odd about the ZIP, with the departure's rule."""

    rule: str | None = None
    why: str = ""


class Wrapped(NamedTuple):
    """A ZIP around one file."""

    archive: zipfile.ZipFile
    entry: zipfile.ZipInfo


def look(lying: Lying) -> Kept | Wrapped:
    """Whether a ZIP, under a name that does not end in .zip, is a wrapper. Reads its directory only."""
    if why := _unreadable(lying.last(_TAIL)):
        return Kept("zip-kept", why)
    return _directory(lying.open())


def look_at_end(tail: bytes) -> Kept | Wrapped:
    """As `look`, by the last `TAIL` bytes alone: what it finds cannot be opened."""
    if why := _unreadable(tail[-_TAIL:]):
        return Kept("zip-kept", why)
    return _directory(Held(tail).open())


def _directory(file: BinaryIO) -> Kept | Wrapped:
    try:
        archive = zipfile.ZipFile(file)
    except SpoolFailed:
        raise
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, OSError):
        return Kept("zip-kept", "directory")
    entries = archive.infolist()
    if any(entry.filename in _OFFICE for entry in entries):
        return Kept()
    if len(entries) != 1:
        return Kept("zip-several", str(len(entries)))
    entry = entries[0]
    if entry.compress_type not in _METHODS:
        return Kept("zip-kept", f"method {entry.compress_type}")
    if entry.flag_bits & _ENCRYPTED:
        return Kept("zip-kept", "password")
    return Wrapped(archive, entry)


def is_path(entry: zipfile.ZipInfo) -> bool:
    name = entry.orig_filename
    return any(mark in name for mark in "/\\:\0") or name in {".", ".."}


def unwrap(wrapped: Wrapped) -> bytes:
    """The file inside. Raises as `unpacked` does."""
    return b"".join(unpacked(wrapped, CHUNK))


def unpacked(wrapped: Wrapped, size: int) -> Iterator[bytes]:
    """The file inside, in pieces; no more than its directory says, whatever follows. Raises ValueError where it is
    damaged."""
    left = wrapped.entry.file_size
    try:
        with wrapped.archive.open(wrapped.entry) as inside:
            while piece := inside.read(size):
                left -= len(piece)
                yield piece
    except SpoolFailed:
        raise
    except _DAMAGED as error:
        raise ValueError("a damaged ZIP") from error
    if left:
        raise ValueError("a damaged ZIP")


class Inside:
    """The file in a wrapper, unpacked whenever it is read: the source of one attachment."""

    __slots__ = ("_first", "_last", "_wrapper", "sha256", "size")

    def __init__(self, wrapper: Lying, wrapped: Wrapped) -> None:
        """Reads it once. Raises ValueError where it is damaged."""
        self._wrapper = wrapper
        self.size = 0
        self._first = self._last = b""
        found = hashlib.sha256()
        for piece in unpacked(wrapped, CHUNK):
            self.size += len(piece)
            self._first = self._first or piece[:EDGE]
            self._last = (self._last + piece[-EDGE:])[-EDGE:]
            found.update(piece)
        self.sha256 = found.hexdigest()

    def pieces(self, size: int) -> Iterator[bytes]:
        wrapped = look(self._wrapper)
        assert isinstance(wrapped, Wrapped)
        return unpacked(wrapped, size)

    def first(self, size: int) -> bytes:
        return self._first[:size]

    def last(self, size: int) -> bytes:
        return self._last[-size:]


TAIL = _DIRECTORY_MOST + (1 << 17)
"""Bytes at the end in which a directory that we are ready to read lies."""

_TAIL = _END_SIZE + (1 << 16) + 20
"""Those in which its end lies, with what stands before that in a ZIP64."""


def _unreadable(tail: bytes) -> str:
    """Why zipfile should not be let near: it loads a directory whole, however large."""
    end = tail.rfind(_END, max(0, len(tail) - _END_SIZE - (1 << 16)))
    if end < 0 or len(tail) - end < _END_SIZE:
        return "directory"
    if end >= _END_SIZE - 2 and tail[end - 20 : end - 16] == _ZIP64_LOCATOR:
        return "ZIP64"
    if int.from_bytes(tail[end + 12 : end + 16], "little") > _DIRECTORY_MOST:
        return "directory"
    return ""
