"""The ZIP of one file that the national SDK puts around most attachments: made, recognised, opened. edxml §8.4

Nothing here is written to a disk, and no name inside a ZIP is used for anything but a report.
"""

import hashlib
import io
import uuid
import zipfile
import zlib
from typing import NamedTuple

SIGNATURE = b"PK\x03\x04"

_END = b"PK\x05\x06"  # end of central directory: 22 bytes and a comment
_END_SIZE = 22
_ZIP64_LOCATOR = b"PK\x06\x07"
_DIRECTORY_MOST = 1 << 18  # bytes of a directory we are ready to read: some thousand entries
_OFFICE = frozenset({"[Content_Types].xml", "mimetype"})  # at the root of OOXML and ODF files
_NAMES = uuid.UUID("3b0c7f52-6a1e-4b6e-9a53-6d3c1f0e8a11")  # ours; names derived from content, so that writing is pure
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Kept(NamedTuple):
    """These bytes are the file itself; `why` says what is odd about the ZIP, with the departure's rule."""

    rule: str | None = None
    why: str = ""


class Wrapped(NamedTuple):
    """A ZIP around one file."""

    archive: zipfile.ZipFile
    entry: zipfile.ZipInfo


def look(content: bytes) -> Kept | Wrapped:
    """Whether a ZIP, under a name that does not end in .zip, is a wrapper. Reads its directory only."""
    if why := _unreadable(content):
        return Kept("zip-kept", why)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
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


def unwrap(wrapped: Wrapped, *, most: int) -> bytes | None:
    """The file inside, or None where it is damaged. `most` bounds what is unpacked whatever the directory says."""
    try:
        with wrapped.archive.open(wrapped.entry) as inside:
            content = inside.read(most + 1)
            return content if len(content) == wrapped.entry.file_size and not inside.read(1) else None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, OSError):
        return None


def wrap(content: bytes, extension: str) -> bytes:
    """A function of its arguments alone: name from the digest, no time."""
    name = str(uuid.uuid5(_NAMES, hashlib.sha256(content).hexdigest()))
    entry = zipfile.ZipInfo(f"{name}.{extension}" if extension else name, date_time=_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 0
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry, content)
    return target.getvalue()


def _unreadable(content: bytes) -> str:
    """Why zipfile should not be let near: it loads a directory whole, however large."""
    end = content.rfind(_END, max(0, len(content) - _END_SIZE - (1 << 16)))
    if end < 0 or len(content) - end < _END_SIZE:
        return "directory"
    if end >= _END_SIZE - 2 and content[end - 20 : end - 16] == _ZIP64_LOCATOR:
        return "ZIP64"
    if int.from_bytes(content[end + 12 : end + 16], "little") > _DIRECTORY_MOST:
        return "directory"
    return ""
