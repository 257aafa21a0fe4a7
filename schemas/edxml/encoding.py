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
"""Size in bytes of one piece of the file."""

_OPENING = 4096  # bytes that are searched for a displaced XML declaration
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
_LEGACY = frozenset(
    {"iso8859-1", "cp1252", "cp1258"}
)  # single-byte encodings that old software declares; Python's names
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r"))
_SPACES = bytes.maketrans(_CONTROLS, b" " * len(_CONTROLS))


def document(file: BinaryIO, size: int, report: Report, *, on_piece: Callable[[bytes], object]) -> Iterator[bytes]:
    """Returns the XML in pieces. Reads `size` bytes from the beginning of the file, even if it grows. `on_piece` is
    called with each raw piece, once, when it is used."""
    return _from_first_element(_utf8(file, size, report, on_piece), report)


def _utf8(file: BinaryIO, size: int, report: Report, on_piece: Callable[[bytes], object]) -> Iterator[bytes]:
    """Returns the text in UTF-8, recoded if necessary; nearly every package is in UTF-8 already."""
    file.seek(0)
    head = file.read(_OPENING)
    pieces = _watched(_raw(file, size), on_piece)
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
    if _first_invalid(file, size, "utf-8") is None:
        report.add("/", "encoding", f"{name}, UTF-8")
        return pieces
    if _called(name) not in _LEGACY:
        refuse("/", "encoding", name)
    report.add("/", "encoding", name)
    return _recoded(file, size, pieces, name)


def _called(name: str) -> str:
    """Returns Python's name of an encoding, "" if it knows none."""
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""


def _raw(file: BinaryIO, size: int) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(min(PIECE, size)):
        size -= len(piece)
        yield piece


def _watched(pieces: Iterator[bytes], on_piece: Callable[[bytes], object]) -> Iterator[bytes]:
    for piece in pieces:
        on_piece(piece)
        yield piece


def _recoded(file: BinaryIO, size: int, pieces: Iterator[bytes], codec: str) -> Iterator[bytes]:
    """Returns the text recoded to UTF-8. Reads the file twice: a wrong encoding is refused before anything is
    parsed."""
    wrong = _first_invalid(file, size, codec)
    if wrong is not None:
        refuse("/", "encoding", f"{codec}, byte {wrong}")
    decoder = codecs.getincrementaldecoder(codec)()
    texts = (decoder.decode(piece) for piece in pieces)
    return (text.encode() for text in chain([next(texts).removeprefix("\ufeff")], texts))


def _first_invalid(file: BinaryIO, size: int, codec: str) -> int | None:
    """Returns the offset of the first byte that is invalid in this encoding; None if there is none."""
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


def _from_first_element(pieces: Iterator[bytes], report: Report) -> Iterator[bytes]:
    """Returns the pieces after stray bytes and the XML declaration, which is no longer needed."""
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
            rest = piece[declaration.end() if declaration else start :]
            return chain([_after_more_declarations(rest, report) if declaration else rest], pieces)
    return refuse("/", "empty") if blank else refuse("/", "not-xml")


def _after_more_declarations(rest: bytes, report: Report) -> bytes:
    """Returns what stands behind a declaration: programs that put packages together leave a byte order mark there, or
    the declaration of one of the parts."""
    lines = b""  # those that went, so that a fault is said to be in the line in which people find it
    while True:
        following = rest.lstrip()
        lines += b"\n" * rest.count(b"\n", 0, len(rest) - len(following))
        if following.startswith(codecs.BOM_UTF8):
            report.add("/", "byte-order-mark")
            rest = following[len(codecs.BOM_UTF8) :]
        elif again := _DECLARATION.match(following):
            report.add("/", "declaration-repeated")
            rest = following[again.end() :]
        else:
            return lines + following


def without_controls(piece: bytes, before: int, seen: dict[str, int]) -> bytes:
    """Returns the piece with spaces for the control characters that XML forbids: people paste them from slides and
    spreadsheets. Each goes into `seen` with its first offset; `before` is that of the piece. edxml §2.7"""
    clean = piece.translate(_SPACES)
    if clean != piece:
        for control in _CONTROLS:
            if (at := piece.find(control)) >= 0:
                seen.setdefault(f"U+{control:04X}", before + at)
    return clean
