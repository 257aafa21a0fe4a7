"""The content of a message before it is sealed: a document or a status to bytes, and back. schemas/README.md §5; §10
for attachments that travel apart from the message."""

from collections.abc import Collection, Mapping

from schemas.codes import Kind
from schemas.document import Document
from schemas.framing import frame, unframe
from schemas.status import Status

MAX_PARTS = 1 + 4096
"""The most parts in one content: the JSON, and up to 4,096 attachments."""


def pack_content(item: Document | Status, *, in_place: Mapping[int, bytes] | None = None) -> bytes:
    """Returns the content frame; the same item gives the same bytes. `in_place` maps attachment numbers (from 1) to the
    bytes that stand in place of the file, which is its manifest. Raises ValueError if the bytes of any other attachment
    are missing."""
    if isinstance(item, Status):
        return frame([item.to_json()])
    if len(item.attachments) >= MAX_PARTS:
        raise ValueError(f"{len(item.attachments)} attachments; {MAX_PARTS - 1} are the most")
    parts = [item.to_json()]
    for number, attachment in enumerate(item.attachments, start=1):
        if in_place and number in in_place:
            parts.append(in_place[number])
            continue
        if len(attachment.content) != attachment.size:
            raise ValueError(f"the bytes of attachment {number} are not there")
        parts.append(attachment.content)
    return frame(parts)


def unpack_content(kind: Kind, content: bytes) -> Document | Status:
    """Returns the document or status. Raises ValueError for bytes that `pack_content` cannot produce, and for kind
    receipt, which has no content."""
    if kind is Kind.RECEIPT:
        raise ValueError("a receipt has no content")
    text, *rest = _parts(content)
    if kind is Kind.DOCUMENT:
        return Document.from_json(text).with_contents(rest)
    if rest:
        raise ValueError("a status carries no attachments")
    return Status.from_json(text)


def unpack_with_blobs(content: bytes, numbers: Collection[int]) -> tuple[Document, dict[int, bytes]]:
    """Returns the document without the bytes of the attachments with these numbers, and the parts that stood in their
    place (the manifests), by number. Raises as `unpack_content` does."""
    text, *rest = _parts(content)
    in_place = {number: part for number, part in enumerate(rest, start=1) if number in numbers}
    here = [None if number in in_place else part for number, part in enumerate(rest, start=1)]
    return Document.from_json(text).with_contents(here), in_place


def _parts(content: bytes) -> list[bytes]:
    parts = unframe(content, at_most=MAX_PARTS)
    if not parts:
        raise ValueError("the content is empty")
    return list(map(bytes, parts))
