"""The wrapper: a ZIP of one file that the national SDK puts around most attachments. Recognised and opened here. edxml
§8.4

Nothing is written to a disk, and a name inside a ZIP is used for reports only.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from schemas.document import CHUNK
from schemas.edxml.spool import EDGE, FileBytes, InMemory, SpoolFailed

SIGNATURE = b"PK\x03\x04"

_END = b"PK\x05\x06"  # end of central directory: 22 bytes and a comment
_END_SIZE = 22
_ZIP64_LOCATOR = b"PK\x06\x07"
_DIRECTORY_MOST = 1 << 18  # bytes of the largest directory we read: some thousand entries
_OFFICE = frozenset({"[Content_Types].xml", "mimetype"})  # at the root of OOXML and ODF files
_DESKTOPS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 1
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, OSError)


class Kept(NamedTuple):
    """The bytes are the file itself, not a wrapper. `why` says what is unusual about the ZIP, `rule` is the departure's
    rule."""

    rule: str | None = None
    why: str = ""


class Wrapped(NamedTuple):
    """A wrapper: a ZIP around one file."""

    archive: zipfile.ZipFile
    entry: zipfile.ZipInfo
    beside: int = 0
    """Entries beside it that are no files: folders, and what desktops leave behind."""


def look(file: FileBytes) -> Kept | Wrapped:
    """Returns whether a ZIP is a wrapper; only for names that do not end in .zip. Reads its directory only."""
    if why := _unreadable(file.last(_TAIL)):
        return Kept("zip-kept", why)
    return _directory(file.open())


def look_at_end(tail: bytes) -> Kept | Wrapped:
    """Returns the same as `look`, from the last `TAIL` bytes alone; the archive it returns cannot be opened."""
    if why := _unreadable(tail[-_TAIL:]):
        return Kept("zip-kept", why)
    return _directory(InMemory(tail).open())


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
    files = entries if len(entries) == 1 else [entry for entry in entries if not _is_no_file(entry)]
    if len(files) != 1 or (len(entries) > 1 and is_path(files[0])):
        return Kept("zip-several", str(len(entries)))
    entry = files[0]
    if entry.compress_type not in _METHODS:
        return Kept("zip-kept", f"method {entry.compress_type}")
    if entry.flag_bits & _ENCRYPTED:
        return Kept("zip-kept", "password")
    return Wrapped(archive, entry, beside=len(entries) - 1)


def _is_no_file(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a folder, or what macOS and Windows put beside files."""
    name = entry.orig_filename
    if name.endswith("/"):
        return entry.file_size == 0
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] in _DESKTOPS


def is_path(entry: zipfile.ZipInfo) -> bool:
    name = entry.orig_filename
    return any(mark in name for mark in "/\\:\0") or name in {".", ".."}


def unwrap(wrapped: Wrapped) -> bytes:
    """Returns the file inside. Raises as `unpacked` does."""
    return b"".join(unpacked(wrapped, CHUNK))


def unpacked(wrapped: Wrapped, size: int) -> Iterator[bytes]:
    """Returns the file inside, in pieces; never more bytes than its directory entry states. Raises ValueError if it is
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


class Unzipped:
    """The file in a wrapper, unpacked each time it is read: the source of one attachment."""

    __slots__ = ("_first", "_last", "_wrapper", "sha256", "size")

    def __init__(self, wrapper: FileBytes, wrapped: Wrapped) -> None:
        """Reads the file once for its size and digest. Raises ValueError if it is damaged."""
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
"""Size in bytes of a ZIP's end in which its directory must lie; a larger directory is not read."""

_TAIL = _END_SIZE + (1 << 16) + 20
"""Size in bytes of a ZIP's end in which the end record lies, with the ZIP64 locator in front of it."""


def _unreadable(tail: bytes) -> str:
    """Returns why the ZIP must not be opened, "" if it may be: zipfile loads a directory whole, however large it is."""
    end = tail.rfind(_END, max(0, len(tail) - _END_SIZE - (1 << 16)))
    if end < 0 or len(tail) - end < _END_SIZE:
        return "directory"
    if end >= _END_SIZE - 2 and tail[end - 20 : end - 16] == _ZIP64_LOCATOR:
        return "ZIP64"
    if int.from_bytes(tail[end + 12 : end + 16], "little") > _DIRECTORY_MOST:
        return "directory"
    return ""
