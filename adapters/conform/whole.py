"""A document or a status as a whole, field by field: so that what was dropped on the way is seen, and named."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Final

from schemas.document import Attachment, Document
from schemas.status import Status

FREE: Final = {
    "attachments.content_id": "what a file is called within its package",
    "attachments.content": "whether the bytes are held in memory or read from a source; the bytes themselves count",
    "attachments.source": "the same",
}
"""What a document system is free about, and why. Everything else comes out as it went in: a field for which a system
has no place of its own is kept beside the document."""


@dataclass(frozen=True, slots=True)
class Whole:
    """What is compared of an item."""

    name: str
    fields: Mapping[str, Any]


def whole(item: object) -> object:
    """Of a document or a status. Reads the bytes of attachments, wherever they lie. What is neither stays as it is."""
    match item:
        case Document():
            fields = _plain(item.model_dump(exclude={"attachments"}, warnings=False))
            return Whole(f"document {item.id}", fields | {"attachments": [_file(each) for each in item.attachments]})
        case Status():
            return Whole(f"status {_plain(item.code)} of {item.concerns.document_id}", _plain(_dumped(item)))
        case _:
            return item


def differences(came: object, wanted: object, field: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Field, what came, what was wanted: of two dumped items."""
    if isinstance(came, Mapping) and isinstance(wanted, Mapping):
        for name in dict.fromkeys([*wanted, *came]):
            yield from differences(came.get(name), wanted.get(name), f"{field}.{name}" if field else str(name))
    elif isinstance(came, list) and isinstance(wanted, list) and len(came) == len(wanted):
        for number, (one, other) in enumerate(zip(came, wanted, strict=True), 1):
            yield from differences(one, other, f"{field}[{number}]")
    elif came != wanted:
        yield field, came, wanted


def apart(came: Sequence[object], wanted: Sequence[object]) -> tuple[list[str], list[str], list[str]] | None:
    """Names of the fields that differ, and each with what came and what was wanted. None where it is not fields that
    differ, but how many items there are, or which."""
    found: list[tuple[str, Any, Any]] = []
    if len(came) != len(wanted):
        return None
    for one, other in zip(came, wanted, strict=True):
        if not (isinstance(one, Whole) and isinstance(other, Whole)):
            return None
        if _subject(one) != _subject(other):
            return None
        found += differences(one.fields, other.fields)
    names = list(dict.fromkeys(field for field, _, _ in found))
    first = [next(each for each in found if each[0] == name) for name in names]
    return (
        names,
        [f"{field}: {value!r}" for field, value, _ in first],
        [f"{field}: {value!r}" for field, _, value in first],
    )


def _subject(item: Whole) -> object:
    """Which document it is, or which it is about."""
    return item.fields.get("id"), item.fields.get("concerns")


def _dumped(status: Status) -> dict[str, Any]:
    """Also of one whose code is none: pydantic only warns."""
    return status.model_dump(warnings=False)


def _file(attachment: Attachment) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    for piece in attachment.pieces():
        digest.update(piece)
        size += len(piece)
    fields = attachment.model_dump(exclude={"content", "source", "content_id"})
    return _plain(fields) | {"bytes": f"{size}, SHA-256 {digest.hexdigest()}"}  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    """As JSON has it; a moment as that of UTC."""
    match value:
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case Enum():
            return value.value
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case _:
            return value
