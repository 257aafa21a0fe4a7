"""File names: of filed packages, of the files beside them, and names as text in a `ref` and back.

Pure. A name that we make holds nothing from the wire but letters, digits, dots, dashes and underscores.
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
"""The most bytes of a file name, on most file systems."""
SHORT = 143
"""The most bytes on the one that keeps fewer (eCryptfs: encrypted shares of network storage)."""
SUFFIX = ".edxml"

_PREFIX: dict[BusinessType, str] = {
    BusinessType.NEW: "",
    BusinessType.REVOKE: "THU-HOI_",
    BusinessType.UPDATE: "CAP-NHAT_",
    BusinessType.REPLACE: "THAY-THE_",
}
"""A package that is not a new document shows it in its name: clerks overlook it otherwise (domain pain 7)."""

# Prefix 9, number 56, agency 24, date 10, message 72, suffix 6, joints 3: 180 bytes at most; 140 with the digest of a
# message (32) in its place.
_NUMBER, _AGENCY = 56, 24
_MESSAGE = re.compile(r"[0-9A-Za-z](?:\.?[0-9A-Za-z_-]){0,71}")
_LONGEST_MESSAGE = 72
"""The length of a UUID, a dot and a mailbox code of 35 characters; a longer id is replaced by its digest."""
_SHORT_MESSAGE = 32
_NAMES = 180
"""The longest name that is made here, where the disk keeps as much."""
_UNSAFE = re.compile(r"[^\w.-]+")
_ASCII = str.maketrans({"đ": "d", "Đ": "D"})


def of_document(document: Document, message: MessageId, *, ascii_only: bool, longest: int = LONGEST) -> str:
    """Returns the file name of a document, at most 180 bytes, or 140 if `longest` is less; the same message always has
    the same name on one disk."""
    number = _slug(str(document.number), _NUMBER, ascii_only=ascii_only)
    agency = _slug(document.sender.code, _AGENCY, ascii_only=ascii_only)
    day = document.issued_on.isoformat()
    return f"{_PREFIX[document.business.type]}{number}_{agency}_{day}_{_tag(message, longest)}{SUFFIX}"


def of_status(status: Status, message: MessageId, *, ascii_only: bool, longest: int = LONGEST) -> str:
    """Returns the file name of a status; it sorts by the reporter's time, on the clock of Việt Nam."""
    at = in_vietnam(status.at).strftime("%Y%m%dT%H%M%S")
    agency = _slug(status.sender.code, _AGENCY, ascii_only=ascii_only)
    about = _slug(status.concerns.code or status.concerns.document_id, _NUMBER, ascii_only=ascii_only)
    return f"{at}_{status.code}_{agency}_{about}_{_tag(message, longest)}{SUFFIX}"


def of_bounce(name: str, message: MessageId, mailbox: str, longest: int = LONGEST) -> str:
    """Returns the name of the `.reason` for a package that one recipient refused after it was sent."""
    suffix = f".{_tag(message, longest)}.{_slug(mailbox, _AGENCY, ascii_only=True)}.reason"
    return beside(name, suffix, longest)


def _tag(message: MessageId, longest: int) -> str:
    most = _LONGEST_MESSAGE if longest >= _NAMES else _SHORT_MESSAGE
    if len(message) <= most and _MESSAGE.fullmatch(message):
        return message
    return hashlib.blake2s(message.encode(), digest_size=16).hexdigest()


def in_vietnam(at: datetime) -> datetime:
    """Returns the time on the clock of Việt Nam; unchanged if that clock has no such time, at the ends of the
    calendar."""
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
    """Returns the first `limit` bytes of a text, as the file system counts them, without cutting through a letter."""
    data = os.fsencode(text)
    if len(data) <= limit:
        return text
    while limit and data[limit] & 0xC0 == 0x80:
        limit -= 1
    return os.fsdecode(data[:limit])


# -- names given by people ---------------------------------------------------------------------------------------------


def is_package(name: str) -> bool:
    """Returns whether a file of this name may be a finished package: temporary files have other names."""
    return name[-len(SUFFIX) :].lower() == SUFFIX and name[0] not in ".~"


def beside(name: str, suffix: str, longest: int = LONGEST) -> str:
    """Returns the name of a file beside another: its name and the suffix. Too long a name is cut and marked with a
    digest."""
    if len(os.fsencode(name + suffix)) <= longest:
        return name + suffix
    mark = f"~{hashlib.blake2s(os.fsencode(name), digest_size=4).hexdigest()}"
    return _cut(name, longest - len(os.fsencode(mark + suffix))) + mark + suffix


def numbered(name: str, number: int, longest: int = LONGEST) -> str:
    """Returns the numbered form of a name: `a.edxml`, `a (2).edxml`, `a (3).edxml` …"""
    if number == 1:
        return name
    stem, suffix = name[: -len(SUFFIX)], f" ({number}){name[-len(SUFFIX) :]}"
    return _cut(stem, longest - len(suffix)) + suffix


_ESCAPED = re.compile(r"\\(\\|x[0-9a-f]{2})")


def shown(name: str) -> str:
    """A name as text that every program can hold: bytes that are no UTF-8 are written `\\xff`."""
    return os.fsencode(name.replace("\\", "\\\\")).decode("utf-8", "backslashreplace")


def from_shown(text: str) -> str:
    """Returns the file name from its text form: the inverse of `shown`."""
    pieces, end = [], 0
    for match in _ESCAPED.finditer(text):
        escape = match[1]
        pieces += [text[end : match.start()].encode(), b"\\" if escape == "\\" else bytes.fromhex(escape[1:])]
        end = match.end()
    return os.fsdecode(b"".join([*pieces, text[end:].encode()]))
