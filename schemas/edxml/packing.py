"""The packing of a file for a package: its bytes as they are, or a ZIP of one entry around them. edxml §9.5

Pure: the name inside the ZIP is derived from the digest, the time is fixed. No XML.
"""

import hashlib
import io
import struct
import uuid
import zipfile
import zlib
from collections.abc import Iterator

from schemas.document import Attachment
from schemas.edxml import zipped
from schemas.edxml.limits import MIB

RAW = {"pdf": "application/pdf", "doc": "application/doc", "docx": "application/docx", "zip": "application/zip"}
WRAPPED = "application/zip"
DEFLATED_MOST = 16 * MIB
"""Largest size in bytes of a file that is compressed in its ZIP. A larger file is stored: compressing it would need its
whole content in memory, or two passes."""

_NAMES = uuid.UUID("3b0c7f52-6a1e-4b6e-9a53-6d3c1f0e8a11")
"""Our namespace: names are derived from content, so that writing is pure."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ENTRY = struct.Struct("<HHHHHLLLHH")  # version, flags, method, time, day, CRC, packed, unpacked, length of name, extra
_DAY = 1 << 5 | 1
_REST = struct.Struct("<HHHLL")  # of a directory's entry: comment, disk, attributes (two), offset
_END = struct.Struct("<4sHHHHLLH")
_MOST = 0xFFFFFFFF - 1024  # a longer file needs ZIP64, which no reader in use unwraps


def is_raw(attachment: Attachment, ending: str) -> bool:
    """Returns whether the file is written as it is, without a ZIP around it. Reads all of a file that is a ZIP under
    another name."""
    return ending in RAW and (ending == "zip" or not _would_be_unwrapped(attachment))


def wrapped(attachment: Attachment, ending: str) -> Iterator[bytes]:
    """Returns the file in a ZIP, in pieces. A large file is read twice: its checksum stands before it. Raises
    ValueError if it is too large for a ZIP."""
    if attachment.size > DEFLATED_MOST:
        return _stored(attachment, _inner_name(attachment.sha256, ending).encode())
    return iter([wrap(b"".join(pieces(attachment)), ending)])


def wrap(content: bytes, extension: str) -> bytes:
    """Returns a ZIP of one entry. Depends on its arguments only: the entry's name is derived from the digest, the time
    is fixed."""
    name = _inner_name(hashlib.sha256(content).hexdigest(), extension)
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 0
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry, content)
    return target.getvalue()


def pieces(attachment: Attachment) -> Iterator[bytes]:
    """Returns the file's bytes in pieces. Raises ValueError if its source gives more or fewer bytes than described."""
    size = 0
    for piece in attachment.pieces():
        size += len(piece)
        yield piece
    if attachment.source and size != attachment.size:
        raise ValueError(f"a source of {size} bytes, not of {attachment.size}")


def _stored(attachment: Attachment, name: bytes) -> Iterator[bytes]:
    size, crc = attachment.size, 0
    if size > _MOST:
        raise ValueError(f"{size} bytes are too many for a ZIP")
    for piece in pieces(attachment):
        crc = zlib.crc32(piece, crc)
    entry = _ENTRY.pack(20, 0, zipfile.ZIP_STORED, 0, _DAY, crc, size, size, len(name), 0)
    start = b"PK\x03\x04" + entry + name
    yield start
    yield from pieces(attachment)
    directory = b"PK\x01\x02" + struct.pack("<H", 20) + entry + _REST.pack(0, 0, 0, 0o600 << 16, 0) + name
    yield directory + _END.pack(b"PK\x05\x06", 0, 0, 1, 1, len(directory), len(start) + size, 0)


def _inner_name(sha256: str, extension: str) -> str:
    name = str(uuid.uuid5(_NAMES, sha256))
    return f"{name}.{extension}" if extension else name


def _would_be_unwrapped(attachment: Attachment) -> bool:
    """Returns whether the file is a ZIP of one entry under another name: written as it is, every reader would unwrap it
    like the SDK's own wrapper."""
    tail = b""
    for piece in attachment.pieces():
        if not tail and not piece.startswith(zipped.SIGNATURE):
            return False
        tail = (tail + piece)[-zipped.TAIL :]
    return isinstance(zipped.look_at_end(tail), zipped.Wrapped)
