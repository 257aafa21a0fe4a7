"""The bytes of a package file -> its XML in UTF-8, piece by piece, from the first element on. Knows no XML beyond that.

edxml §2.2, §2.3
"""

import codecs
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO

from schemas.edxml.report import Report, refuse

PIECE = 1 << 18
"""Bytes of the file that are looked at together."""

_OPENING = 4096  # bytes in which a displaced XML declaration is looked for
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,300}\?>")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_LEGACY = frozenset({"iso-8859-1", "windows-1252", "windows-1258"})  # single bytes that old software declares


def document(file: BinaryIO, size: int, report: Report, *, passing: Callable[[bytes], object]) -> Iterator[bytes]:
    """Reads so many bytes from the beginning of the file, though it may grow. `passing` is given them as they are, each
    once, as they are used."""
    return _begun(_utf8(file, size, report, passing), report)


def _utf8(file: BinaryIO, size: int, report: Report, passing: Callable[[bytes], object]) -> Iterator[bytes]:
    """The same text in UTF-8, which is how nearly every package comes."""
    file.seek(0)
    head = file.read(_OPENING)
    pieces = _passed(_raw(file, size), passing)
    for mark, codec in _BOMS:
        if head.startswith(mark):
            if codec == "utf-8":
                report.add("/", "byte-order-mark")
                return chain([next(pieces)[len(mark) :]], pieces)
            report.add("/", "encoding", codec)
            return _recoded(file, size, pieces, codec)
    declared = _ENCODING.search(head.partition(b"?>")[0])
    name = declared.group(1).decode().lower() if declared else "utf-8"
    if name in ("utf-8", "utf8", "us-ascii"):
        return pieces
    if _first_wrong(file, size, "utf-8") is None:
        report.add("/", "encoding", f"{name}, UTF-8")
        return pieces
    if name not in _LEGACY:
        refuse("/", "encoding", name)
    report.add("/", "encoding", name)
    return _recoded(file, size, pieces, name)


def _raw(file: BinaryIO, size: int) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(min(PIECE, size)):
        size -= len(piece)
        yield piece


def _passed(pieces: Iterator[bytes], passing: Callable[[bytes], object]) -> Iterator[bytes]:
    for piece in pieces:
        passing(piece)
        yield piece


def _recoded(file: BinaryIO, size: int, pieces: Iterator[bytes], codec: str) -> Iterator[bytes]:
    """Reads the file twice: it is refused for its encoding before anything in it is looked at."""
    wrong = _first_wrong(file, size, codec)
    if wrong is not None:
        refuse("/", "encoding", f"{codec}, byte {wrong}")
    decoder = codecs.getincrementaldecoder(codec)()
    texts = (decoder.decode(piece) for piece in pieces)
    return (text.encode() for text in chain([next(texts).removeprefix("\ufeff")], texts))


def _first_wrong(file: BinaryIO, size: int, codec: str) -> int | None:
    """Which byte is not of this encoding."""
    decoder = codecs.getincrementaldecoder(codec)()
    before = 0
    for piece in chain(_raw(file, size), [b""]):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            return before - pending + error.start
        before += len(piece)
    return None


def _begun(pieces: Iterator[bytes], report: Report) -> Iterator[bytes]:
    """What follows stray bytes and the declaration: what that says is settled by now."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _OPENING:
            break
    declaration = _DECLARATION.search(head, 0, _OPENING)
    before, blank = 0, True
    for piece in chain([head], pieces):
        start = declaration.start() if declaration else piece.find(b"<")
        stray = piece if start < 0 else piece[:start]
        before += len(stray)
        blank = blank and not stray.strip()
        if start >= 0:
            if not blank:
                report.add("/", "stray-before", before)
            return chain([piece[declaration.end() if declaration else start :]], pieces)
    return refuse("/", "empty") if blank else refuse("/", "not-xml", "no element")
