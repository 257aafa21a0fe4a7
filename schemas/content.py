"""Content before sealing: a document or a status as bytes, and back. schemas/README.md §5, and §10 for attachments that
travel apart from it."""

from collections.abc import Collection, Mapping

from schemas.codes import Kind
from schemas.document import Document
from schemas.framing import frame, unframe
from schemas.status import Status

MAX_PARTS = 1 + 4096
"""The JSON and its attachments."""


def pack_content(item: Document | Status, *, apart: Mapping[int, bytes] | None = None) -> bytes:
    """The same item gives the same bytes. `apart`: what stands in place of the bytes of some attachments, by their
    numbers from 1. Raises ValueError where a document lacks the bytes of another attachment."""
    if isinstance(item, Status):
        return frame([item.to_json()])
    if len(item.attachments) >= MAX_PARTS:
        raise ValueError(f"{len(item.attachments)} attachments; {MAX_PARTS - 1} are the most")
    parts = [item.to_json()]
    for number, attachment in enumerate(item.attachments, start=1):
        if apart and number in apart:
            parts.append(apart[number])
            continue
        if len(attachment.content) != attachment.size:
            raise ValueError(f"the bytes of attachment {number} are not there")
        parts.append(attachment.content)
    return frame(parts)


def unpack_content(kind: Kind, content: bytes) -> Document | Status:
    """Raises ValueError for anything that `pack_content` could not have made, and for a receipt, which has none."""
    if kind is Kind.RECEIPT:
        raise ValueError("a receipt has no content")
    text, *rest = _parts(content)
    if kind is Kind.DOCUMENT:
        return Document.from_json(text).with_contents(rest)
    if rest:
        raise ValueError("a status carries no attachments")
    return Status.from_json(text)


def unpack_apart(content: bytes, numbers: Collection[int]) -> tuple[Document, dict[int, bytes]]:
    """A document without the bytes of the attachments of these numbers, and what stood in their place. Raises as
    `unpack_content` does."""
    text, *rest = _parts(content)
    in_place = {number: part for number, part in enumerate(rest, start=1) if number in numbers}
    here = [None if number in in_place else part for number, part in enumerate(rest, start=1)]
    return Document.from_json(text).with_contents(here), in_place


def _parts(content: bytes) -> list[bytes]:
    parts = unframe(content, at_most=MAX_PARTS)
    if not parts:
        raise ValueError("the content is empty")
    return list(map(bytes, parts))
