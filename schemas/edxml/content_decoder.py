"""The decoder of an attachment's base64 content, used while the tree is being built: base64 -> bytes in a spool.

A fault is only recorded here. It is refused later, when the attachment is read: its name is known there. edxml §8.3
"""

import hashlib
from dataclasses import dataclass
from enum import Enum, auto

from schemas.edxml.base64_text import Base64Decoder, NoBase64
from schemas.edxml.limits import MIB, Limits
from schemas.edxml.spool import MemoryBudget, Slice
from schemas.edxml.zipped import SIGNATURE

_SHOWN = 80  # characters that stay in the tree: enough to show that the element is not empty


class Fault(Enum):
    BAD = auto()
    """The text is not base64."""
    LONG = auto()
    """The text has more characters than one file may have."""
    FULL = auto()
    """The files of the package exceed their total limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """One decoded file, or the fault that was found."""

    slice: Slice | None
    """None if there is a fault, or if the file exceeds its limit."""
    size: int = 0
    repairs: tuple[str, ...] = ()
    """The departures with which the text was read: rules of base64_text.REPAIRS."""
    fault: Fault | None = None


class ContentDecoder:
    """Collects the text of one content element, in place of the parser's list of texts. Text that exceeds the memory
    budget is decoded into the spool."""

    def __init__(self, budget: MemoryBudget, limits: Limits) -> None:
        self._budget, self._limits = budget, limits
        self._texts: list[str] = []
        self._length = 0
        self._decoder: Base64Decoder | None = None
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
        if self._length * 3 > self._budget.one * 4:
            self._begin()

    def close(self) -> tuple[str, Decoded | None]:
        """Returns the text for the tree and, if the file went to the spool, the decoded file; the text is then only its
        first characters."""
        whole = "".join(self._texts)
        if not self._decoder:
            if self._budget.takes(self._length * 3 // 4):
                return whole, None
            self._begin()
        return whole.strip()[:_SHOWN], self._decoded()

    def _begin(self) -> None:
        self._decoder = Base64Decoder(self._take)
        self._at = self._budget.spool().size
        for text in self._texts:
            self._feed(text)
        self._texts = ["".join(self._texts).strip()[:_SHOWN]]

    def _feed(self, text: str) -> None:
        assert self._decoder is not None
        if self._length > self._limits.attachment * 2:  # as in attachments.py: some are line breaks
            self._fault = self._fault or Fault.LONG
        if self._fault is None:
            try:
                self._decoder.feed(text)
            except NoBase64:
                self._fault = Fault.BAD

    def _take(self, data: bytes) -> None:
        if not self._size:
            self._is_zip = data.startswith(SIGNATURE)
        self._size += len(data)
        if self._size > self._limits.attachment:
            return
        spool = self._budget.spool()
        if spool.size + len(data) > self._limits.total + MIB:
            self._fault = Fault.FULL
            return
        if not self._is_zip:  # a ZIP is usually a wrapper: the digest is that of the file inside
            self._hash.update(data)
        spool.add(data)

    def _decoded(self) -> Decoded:
        assert self._decoder is not None
        if self._fault is None:
            try:
                self._decoder.finish()
            except NoBase64:
                self._fault = Fault.BAD
        if self._fault:
            return Decoded(slice=None, size=self._size, fault=self._fault)
        repairs = self._decoder.repairs
        if self._size > self._limits.attachment:
            return Decoded(slice=None, size=self._size, repairs=repairs)
        known = "" if self._is_zip else self._hash.hexdigest()
        return Decoded(slice=Slice(self._budget.spool(), self._at, sha256=known), size=self._size, repairs=repairs)
