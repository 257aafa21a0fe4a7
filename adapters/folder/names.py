"""The names of files: how a filed package is called, what stands beside it, and how a name becomes a `ref` and back.

Pure. A name never holds more of the wire than letters, digits, dots, dashes and underscores.
"""

import hashlib
import os
import re
import unicodedata
from datetime import datetime

from schemas.codes import BusinessType
from schemas.document import Document
from schemas.status import Status
from schemas.values import VIETNAM, MessageId

LONGEST = 255
"""Bytes of a file name, on every file system in use."""
SUFFIX = ".edxml"

_PREFIX: dict[BusinessType, str] = {
    BusinessType.NEW: "",
    BusinessType.REVOKE: "THU-HOI_",
    BusinessType.UPDATE: "CAP-NHAT_",
    BusinessType.REPLACE: "THAY-THE_",
}
"""What is not simply a new document says so in its name: clerks overlook it otherwise (domain pain 7)."""

# Prefix 9, number 56, agency 24, date 10, message 72, suffix 6, joints 3: 180 bytes at most.
_NUMBER, _AGENCY = 56, 24
_MESSAGE = re.compile(r"[0-9A-Za-z](?:\.?[0-9A-Za-z_-]){0,71}")
_LONGEST_MESSAGE = 72
"""A UUID, a dot and a mailbox code of 35; a longer one is shortened to its digest."""
_UNSAFE = re.compile(r"[^\w.-]+")
_ASCII = str.maketrans({"đ": "d", "Đ": "D"})


def of_document(document: Document, message: MessageId, *, ascii_only: bool) -> str:
    """At most 180 bytes; the same message always has the same name."""
    number = _slug(str(document.number), _NUMBER, ascii_only=ascii_only)
    agency = _slug(document.sender.code, _AGENCY, ascii_only=ascii_only)
    day = document.issued_on.isoformat()
    return f"{_PREFIX[document.business.type]}{number}_{agency}_{day}_{_tag(message)}{SUFFIX}"


def of_status(status: Status, message: MessageId, *, ascii_only: bool) -> str:
    """Sorts by the time that the reporter gives, on the clock of Việt Nam."""
    at = in_vietnam(status.at).strftime("%Y%m%dT%H%M%S")
    agency = _slug(status.sender.code, _AGENCY, ascii_only=ascii_only)
    about = _slug(status.concerns.code or status.concerns.document_id, _NUMBER, ascii_only=ascii_only)
    return f"{at}_{status.code}_{agency}_{about}_{_tag(message)}{SUFFIX}"


def of_bounce(name: str, message: MessageId, mailbox: str) -> str:
    """The `.reason` of a package, of any name, that one recipient refused after it was sent."""
    return beside(name, f".{_tag(message)}.{_slug(mailbox, _AGENCY, ascii_only=True)}.reason")


def _tag(message: MessageId) -> str:
    if len(message) <= _LONGEST_MESSAGE and _MESSAGE.fullmatch(message):
        return message
    return hashlib.blake2s(message.encode(), digest_size=16).hexdigest()


def in_vietnam(at: datetime) -> datetime:
    """On the clock of Việt Nam; as it is where that clock has no such time, at the ends of the calendar."""
    try:
        return at.astimezone(VIETNAM)
    except OverflowError:
        return at


def _slug(text: str, limit: int, *, ascii_only: bool) -> str:
    if ascii_only:
        plain = unicodedata.normalize("NFKD", text.translate(_ASCII))
        text = "".join(letter for letter in plain if not unicodedata.combining(letter))
        text = text.encode("ascii", "replace").decode()
    text = _UNSAFE.sub("-", unicodedata.normalize("NFC", text)).strip("-.")
    return _cut(text, limit).rstrip("-.") or "khong-so"


def _cut(text: str, limit: int) -> str:
    """The first `limit` bytes as the file system counts them, no letter cut through."""
    data = os.fsencode(text)
    if len(data) <= limit:
        return text
    while limit and data[limit] & 0xC0 == 0x80:
        limit -= 1
    return os.fsdecode(data[:limit])


# -- names that people gave --------------------------------------------------------------------------------------------


def is_package(name: str) -> bool:
    """Whether a file of this name may be a finished package: half-written ones are called something else."""
    return name[-len(SUFFIX) :].lower() == SUFFIX and name[0] not in ".~"


def beside(name: str, suffix: str) -> str:
    """The name of what stands beside a file: its name and more, cut and marked where that would be too long."""
    if len(os.fsencode(name + suffix)) <= LONGEST:
        return name + suffix
    mark = f"~{hashlib.blake2s(os.fsencode(name), digest_size=4).hexdigest()}"
    return _cut(name, LONGEST - len(os.fsencode(mark + suffix))) + mark + suffix


def numbered(name: str, number: int) -> str:
    """`a.edxml`, `a (2).edxml`, `a (3).edxml` …"""
    if number == 1:
        return name
    stem, suffix = name[: -len(SUFFIX)], f" ({number}){name[-len(SUFFIX) :]}"
    return _cut(stem, LONGEST - len(suffix)) + suffix


_ESCAPED = re.compile(r"\\(\\|x[0-9a-f]{2})")


def shown(name: str) -> str:
    """A name as text that every program can hold: bytes that are no UTF-8 are written `\\xff`."""
    return os.fsencode(name.replace("\\", "\\\\")).decode("utf-8", "backslashreplace")


def hidden(text: str) -> str:
    """The name that `shown` showed."""
    pieces, end = [], 0
    for match in _ESCAPED.finditer(text):
        escape = match[1]
        pieces += [os.fsencode(text[end : match.start()]), b"\\" if escape == "\\" else bytes.fromhex(escape[1:])]
        end = match.end()
    return os.fsdecode(b"".join([*pieces, os.fsencode(text[end:])]))
