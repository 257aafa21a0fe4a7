"""The text of an attachment's content, taken out of the tree while that grows: base64 -> bytes in a spool.

What is found wrong is said later, when its place in the package is read: there it has a name. edxml §8.3
"""

import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from schemas.edxml.limits import MIB, Limits
from schemas.edxml.spool import Room, Slice
from schemas.edxml.zipped import SIGNATURE

SPACE = b" \t\r\n"

_SHOWN = 80  # characters that stay in the tree, where it matters only whether there are any


class Fault(Enum):
    BAD = auto()
    """It is no base64."""
    LONG = auto()
    """Characters beyond all that a file may have."""
    FULL = auto()
    """The files of the package together are over their limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """One file's bytes, or what is wrong with them."""

    lying: Slice | None
    """None where there is a fault, or the file is over its limit."""
    size: int = 0
    padded: bool = False
    """It came without the mark at its end."""
    fault: Fault | None = None


class _NoBase64(Exception):
    pass


class _Decoder:
    """Strict, but for white space anywhere and a mark that is missing at the end."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._carried = b""

    def feed(self, text: str) -> None:
        try:
            encoded = text.encode("ascii")
        except UnicodeEncodeError as error:
            raise _NoBase64 from error
        if any(space in encoded for space in SPACE):  # most have none, and are not copied
            encoded = encoded.translate(None, SPACE)
        encoded = self._carried + encoded
        ready = max(0, len(encoded) - 1) // 4 * 4  # the last four may end in the mark
        self._carried = encoded[ready:]
        if b"=" in encoded[:ready]:
            raise _NoBase64
        self._decode(encoded[:ready])

    def finish(self) -> bool:
        """Whether the mark had to be added."""
        short = -len(self._carried) % 4
        self._decode(self._carried + b"=" * short)
        return short > 0

    def _decode(self, encoded: bytes) -> None:
        try:
            self._take(binascii.a2b_base64(encoded, strict_mode=True))
        except binascii.Error as error:
            raise _NoBase64 from error


class Cut:
    """Stands in the parser where the texts of other elements are collected."""

    def __init__(self, room: Room, limits: Limits) -> None:
        self._room, self._limits = room, limits
        self._texts: list[str] = []
        self._length = 0
        self._decoder: _Decoder | None = None
        self._at = self._size = 0
        self._hash = hashlib.sha256()
        self._is_zip = False
        self._fault: Fault | None = None

    def append(self, text: str) -> None:
        self._length += len(text)
        if self._decoder:
            self._feed(text)
            return
        self._texts.append(text)
        if self._length * 3 > self._room.one * 4:
            self._begin()

    def close(self) -> tuple[str, Decoded | None]:
        """What stands in the tree; and the file, where it is not all of it."""
        whole = "".join(self._texts)
        if not self._decoder:
            if self._room.takes(self._length * 3 // 4):
                return whole, None
            self._begin()
        return whole.strip()[:_SHOWN], self._decoded()

    def _begin(self) -> None:
        self._decoder = _Decoder(self._take)
        self._at = self._room.spool().size
        for text in self._texts:
            self._feed(text)
        self._texts = ["".join(self._texts).strip()[:_SHOWN]]

    def _feed(self, text: str) -> None:
        assert self._decoder is not None
        if self._length > self._limits.attachment * 2:  # as the reader's own: room for line breaks
            self._fault = self._fault or Fault.LONG
        if self._fault is None:
            try:
                self._decoder.feed(text)
            except _NoBase64:
                self._fault = Fault.BAD

    def _take(self, data: bytes) -> None:
        if not self._size:
            self._is_zip = data.startswith(SIGNATURE)
        self._size += len(data)
        if self._size > self._limits.attachment:
            return
        spool = self._room.spool()
        if spool.size + len(data) > self._limits.total + MIB:
            self._fault = Fault.FULL
            return
        if not self._is_zip:  # of most of those, the file inside is what counts
            self._hash.update(data)
        spool.add(data)

    def _decoded(self) -> Decoded:
        assert self._decoder is not None
        padded = False
        if self._fault is None:
            try:
                padded = self._decoder.finish()
            except _NoBase64:
                self._fault = Fault.BAD
        if self._fault or self._size > self._limits.attachment:
            return Decoded(lying=None, size=self._size, padded=padded, fault=self._fault)
        known = "" if self._is_zip else self._hash.hexdigest()
        return Decoded(lying=Slice(self._room.spool(), self._at, sha256=known), size=self._size, padded=padded)
