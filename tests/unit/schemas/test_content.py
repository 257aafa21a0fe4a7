"""schemas/content.py"""

import pytest

from schemas.codes import Kind
from schemas.content import MAX_PARTS, pack_content, unpack_content
from schemas.document import Attachment, Document
from schemas.framing import frame
from schemas.status import Status
from tests.vectors.make import DOCUMENT, STATUS

KINDS = [(Kind.DOCUMENT, DOCUMENT), (Kind.STATUS, STATUS)]


@pytest.mark.parametrize(("kind", "item"), KINDS)
def test_round_trip(kind: Kind, item: Document | Status) -> None:
    """What was packed comes back equal, attachments' bytes and all."""
    again = unpack_content(kind, pack_content(item))
    assert again == item
    if isinstance(again, Document):
        assert [attachment.content for attachment in again.attachments] == [
            attachment.content for attachment in DOCUMENT.attachments
        ]


@pytest.mark.parametrize(("kind", "item"), KINDS)
def test_same_bytes(kind: Kind, item: Document | Status) -> None:
    """The same item packs into the same bytes: two submissions are compared by them (schemas §5.6)."""
    assert pack_content(unpack_content(kind, pack_content(item))) == pack_content(item)


def test_attachment_bytes_are_not_in_the_json() -> None:
    """An attachment's bytes travel once, as they are, behind the JSON."""
    packed = pack_content(DOCUMENT)
    size = sum(attachment.size + 4 for attachment in DOCUMENT.attachments)
    assert len(packed) == 4 + len(DOCUMENT.to_json()) + size
    assert b'"content":' not in DOCUMENT.to_json()


_JSON = DOCUMENT.to_json()
_FILES = [attachment.content for attachment in DOCUMENT.attachments]


@pytest.mark.parametrize(
    ("kind", "content", "why"),
    [
        (Kind.DOCUMENT, b"", "empty"),
        (Kind.DOCUMENT, b"\0\0\0", "within a length"),
        (Kind.DOCUMENT, frame([b"{}", *_FILES]), "Field required"),
        (Kind.DOCUMENT, frame([_JSON, _FILES[0]]), "2 attachments described, 1 carried"),
        (Kind.DOCUMENT, frame([_JSON, *_FILES, b""]), "2 attachments described, 3 carried"),
        (Kind.DOCUMENT, frame([_JSON, *reversed(_FILES)]), "does not match its size and digest"),
        (Kind.DOCUMENT, frame([_JSON, _FILES[0], _FILES[1][::-1]]), "does not match its size and digest"),
        (Kind.DOCUMENT, pack_content(STATUS), "Field required"),
        (Kind.STATUS, pack_content(DOCUMENT), "no attachments"),
        (Kind.STATUS, frame([STATUS.to_json(), b""]), "no attachments"),
        (Kind.STATUS, frame([b"\xff"]), "Invalid JSON"),
        (Kind.RECEIPT, pack_content(STATUS), "no content"),
    ],
)
def test_refused(kind: Kind, content: bytes, why: str) -> None:
    """Content of a wrong shape is refused as a whole."""
    with pytest.raises(ValueError, match=why):
        unpack_content(kind, content)


def test_attachment_without_bytes() -> None:
    """A document whose attachment's bytes were never loaded is not packed as if the file were empty."""
    with pytest.raises(ValueError, match="attachment 1 "):
        pack_content(Document.from_json(_JSON))


def test_too_many_attachments() -> None:
    """More attachments than a reader takes are not packed."""
    many = DOCUMENT.model_copy(update={"attachments": (Attachment.of("a", b""),) * MAX_PARTS})
    with pytest.raises(ValueError, match="4096 are the most"):
        pack_content(many)
