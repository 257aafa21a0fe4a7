"""The priority that a package states, read from its first bytes. A hint for the order of reading, nothing else: the
package is parsed in full when its turn comes. Pure; client.py reads the bytes."""

import codecs
import re
from typing import Final

from schemas.codes import Priority
from schemas.values import matching

HEADS: Final = (16 * 1024, 1024 * 1024)
"""Bytes to read; the second size is for packages with so many recipients that the element stands behind them."""

_ELEMENT = re.compile(rb"<(?:[\w.-]+:)?Priority(?:\s[^<>]*)?>\s*([^<]*?)\s*<")
_BEHIND = re.compile(rb"<(?:[\w.-]+:)?(?:edXMLBody|AttachmentEncoded|StatusCode)\b")
"""Elements that can only follow Priority."""
_WIDE: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
"""Encodings with more than one byte a letter, by their first bytes; in all others an element's name is ASCII."""
_NAMED: Final = {matching(name): priority for priority in Priority for name in priority.label}
_NUMBERED: Final = {str(int(priority)): priority for priority in Priority}


def peek(head: bytes) -> Priority | None:
    """Returns the priority that the first bytes state, NORMAL if it is missing or unclear; None if it may stand further
    on. In any encoding that the reader of packages takes."""
    for mark, codec in _WIDE:
        if head.startswith(mark):
            head = head.decode(codec, errors="replace").encode(errors="replace")
            break
    found = _ELEMENT.search(head)
    if found is None:
        return Priority.NORMAL if _BEHIND.search(head) else None
    said = found[1].decode(errors="replace")
    return _NUMBERED.get(said) or _NAMED.get(matching(said), Priority.NORMAL)
