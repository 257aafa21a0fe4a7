"""Base64 as software in use writes it -> bytes, in pieces. Strict, save for what can be read in one way only.

edxml §8.3. The repairs that were needed are named by their rules; who reads an attachment reports them.
"""

import binascii
import re
from collections.abc import Callable
from typing import Final

SPACE: Final = b" \t\r\n"
REPAIRS: Final = ("base64-prefix", "base64-invisible", "base64-alphabet", "base64-chunks", "base64-padding")
"""Rules of departures.py, in the order in which they are reported."""

_INVISIBLE = re.compile("[\u00a0\u00ad\u200b-\u200d\u2060\ufeff]+")
_PREFIX = re.compile(rb"data:[\x21-\x2b\x2d-\x7e]{0,120};base64,", re.IGNORECASE)
_LONGEST_PREFIX = 160
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


class NoBase64(Exception):
    """The text is no base64, or may be read in more than one way."""


class Base64Decoder:
    """Takes the text in pieces of any length and hands the bytes to `take`."""

    __slots__ = ("_begun", "_carried", "_needed", "_padded", "_take")

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._carried = b""
        self._begun = self._padded = False
        self._needed: set[str] = set()

    @property
    def repairs(self) -> tuple[str, ...]:
        """The rules of REPAIRS that were needed until now."""
        return tuple(rule for rule in REPAIRS if rule in self._needed)

    def feed(self, text: str) -> None:
        """Raises NoBase64."""
        encoded = self._carried + self._visible(text)
        if not self._begun:
            if len(encoded) < _LONGEST_PREFIX:
                self._carried = encoded
                return
            encoded = self._without_prefix(encoded)
        ready = max(0, len(encoded) - 1) // 4 * 4  # the last four may end in "="
        self._carried = encoded[ready:]
        self._decode(encoded[:ready])

    def finish(self) -> None:
        """Decodes the rest; a missing "=" at its end is added. Raises NoBase64."""
        encoded = self._carried if self._begun else self._without_prefix(self._carried)
        if short := -len(encoded) % 4:
            encoded += b"=" * short
            self._needed.add("base64-padding")
        self._decode(encoded)

    def _visible(self, text: str) -> bytes:
        if not text.isascii():
            seen = _INVISIBLE.sub("", text)
            if not seen.isascii():
                raise NoBase64
            self._needed.add("base64-invisible")
            text = seen
        encoded = text.encode("ascii")
        if any(space in encoded for space in SPACE):  # most texts have none and need no copy
            encoded = encoded.translate(None, SPACE)
        return encoded

    def _without_prefix(self, encoded: bytes) -> bytes:
        self._begun = True
        found = _PREFIX.match(encoded)
        if found is None:
            return encoded
        self._needed.add("base64-prefix")
        return encoded[found.end() :]

    def _decode(self, encoded: bytes) -> None:
        """Decodes whole groups of four. A "=" that is not at the end is the end of a chunk that was encoded by
        itself."""
        while encoded:
            if self._padded:
                self._needed.add("base64-chunks")
            padding = encoded.find(b"=")
            self._padded = padding >= 0
            end = padding // 4 * 4 + 4 if self._padded else len(encoded)
            self._take(self._strict(encoded[:end]))
            encoded = encoded[end:]

    def _strict(self, encoded: bytes) -> bytes:
        try:
            return binascii.a2b_base64(encoded, strict_mode=True)
        except binascii.Error:
            pass
        other = encoded.translate(_URL_SAFE)
        try:
            decoded = binascii.a2b_base64(other, strict_mode=True)
        except binascii.Error as error:
            raise NoBase64 from error
        self._needed.add("base64-alphabet")
        return decoded
