"""The framing rule of the wire format: a part is its length as four bytes, big-endian, followed by its bytes.

What each part means is defined by the modules that frame them (schemas/content.py, bus/wire/envelope.py).
"""

import struct
from collections.abc import Iterable

_LENGTH = struct.Struct(">I")
LENGTH_SIZE = _LENGTH.size
MAX_PART = 2**32 - 1


def frame(parts: Iterable[bytes | memoryview], *, after: bytes = b"") -> bytes:
    """Returns the parts as one frame; `after` is a prefix that stands in front, unframed. Raises ValueError for a part
    of 4 GiB or more."""
    pieces: list[bytes | memoryview] = [after]
    for part in parts:
        if len(part) > MAX_PART:
            raise ValueError(f"a part of {len(part)} bytes; {MAX_PART} are the most")
        pieces += (_LENGTH.pack(len(part)), part)
    return b"".join(pieces)


def unframe(data: bytes | memoryview, *, at_most: int) -> list[memoryview]:
    """Returns the parts as views of `data`, without a copy. Raises ValueError if bytes are missing or left over, or if
    there are more than `at_most` parts. schemas §2."""
    view = memoryview(data)
    parts: list[memoryview] = []
    at, end = 0, len(view)
    while at < end:
        start = at + LENGTH_SIZE
        if start > end:
            raise ValueError("it ends within a length")
        at = start + _LENGTH.unpack_from(view, start - LENGTH_SIZE)[0]
        if at > end:
            raise ValueError(f"a part of {at - start} bytes where {end - start} are left")
        if len(parts) == at_most:
            raise ValueError(f"more than {at_most} parts")
        parts.append(view[start:at])
    return parts
