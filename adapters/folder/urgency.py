"""How urgent a package says it is, from its first bytes. A hint, for the order in which packages are taken, and nothing
else: it is read properly when its turn has come. Pure; the bytes are client.py's to get."""

import re
from typing import Final

from schemas.codes import Priority
from schemas.values import matching

HEADS: Final = (16 * 1024, 1024 * 1024)
"""Bytes to look at; the second, where there are so many recipients that the element lies behind them."""

_ELEMENT = re.compile(rb"<(?:[\w.-]+:)?Priority(?:\s[^<>]*)?>\s*([^<]*?)\s*<")
_BEHIND = re.compile(rb"<(?:[\w.-]+:)?(?:edXMLBody|AttachmentEncoded|StatusCode)\b")
"""What stands behind it, if it is there at all."""
_NAMED: Final = {matching(name): priority for priority in Priority for name in priority.label}
_NUMBERED: Final = {str(int(priority)): priority for priority in Priority}


def peek(head: bytes) -> Priority | None:
    """None where it may stand further on. What is unclear is ordinary."""
    found = _ELEMENT.search(head)
    if found is None:
        return Priority.NORMAL if _BEHIND.search(head) else None
    said = found[1].decode(errors="replace")
    return _NUMBERED.get(said) or _NAMED.get(matching(said), Priority.NORMAL)
