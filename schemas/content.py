"""Content before sealing: a document or a status as bytes, and back. schemas/README.md §5."""

from schemas.codes import Kind
from schemas.document import Document
from schemas.framing import frame, unframe
from schemas.status import Status

MAX_PARTS = 1 + 4096
"""The JSON and its attachments."""


def pack_content(item: Document | Status) -> bytes:
    """The same item gives the same bytes. Raises ValueError where a document lacks the bytes of an attachment."""
    if isinstance(item, Status):
        return frame([item.to_json()])
    for number, attachment in enumerate(item.attachments, start=1):
        if len(attachment.content) != attachment.size:
            raise ValueError(f"the bytes of attachment {number} are not there")
    if len(item.attachments) >= MAX_PARTS:
        raise ValueError(f"{len(item.attachments)} attachments; {MAX_PARTS - 1} are the most")
    return frame([item.to_json(), *(attachment.content for attachment in item.attachments)])


def unpack_content(kind: Kind, content: bytes) -> Document | Status:
    """Raises ValueError for anything that `pack_content` could not have made, and for a receipt, which has none."""
    if kind is Kind.RECEIPT:
        raise ValueError("a receipt has no content")
    parts = unframe(content, at_most=MAX_PARTS)
    if not parts:
        raise ValueError("the content is empty")
    text, *rest = map(bytes, parts)
    if kind is Kind.DOCUMENT:
        return Document.from_json(text).with_contents(rest)
    if rest:
        raise ValueError("a status carries no attachments")
    return Status.from_json(text)
