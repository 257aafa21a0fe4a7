"""Documents: what makes one, how its files are described, and how they come back to it."""

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from schemas.agency import Party
from schemas.document import Attachment, Document, DocumentNumber, DocumentType, is_due_day
from tests.strategies import documents


def document(*attachments: Attachment, to: tuple[str, ...] = ("G22",)) -> Document:
    return Document(
        id="1",
        sender=Party(code="H49"),
        recipients=tuple(Party(code=code) for code in to),
        number=DocumentNumber(number="12", notation="QĐ-UBND"),
        issued_on=date(2026, 1, 5),
        type=DocumentType(name="Quyết định"),
        subject="V/v a",
        attachments=attachments,
    )


def test_a_number_is_printed_with_its_slash() -> None:
    """Số và ký hiệu as people write them."""
    assert str(document().number) == "12/QĐ-UBND"


@pytest.mark.parametrize("to", [(), ("G22", "G22")])
def test_recipients_are_some_and_differ(to: tuple[str, ...]) -> None:
    """A document to nobody, or twice to the same, is a mistake."""
    with pytest.raises(ValidationError):
        document(to=to)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.pdf", "application/pdf"), ("a.xlsx", "sheet"), ("a", "octet-stream"), ("a.lạ", "octet-stream")],
)
def test_the_type_of_a_file_comes_from_its_name(name: str, kind: str) -> None:
    """The type that a package states is not used."""
    assert Attachment.of(name, b"").media_type.endswith(kind)


def test_an_attachment_describes_its_bytes() -> None:
    """Size and digest are computed from the bytes; the bytes stay out of JSON and out of logs."""
    attachment = Attachment.of("a.pdf", b"%PDF", content_id="7", description="x")
    assert (attachment.size, attachment.sha256) == (4, hashlib.sha256(b"%PDF").hexdigest())
    assert b"%PDF" not in attachment.to_json()
    assert "%PDF" not in repr(attachment)


def test_contents_come_back() -> None:
    """Bytes that travel beside the JSON are put back into the document, in order."""
    whole = document(Attachment.of("a", b"1"), Attachment.of("b", b"2"))
    bare = Document.from_json(whole.to_json())
    assert [each.content for each in bare.attachments] == [b"", b""]
    assert bare.with_contents([b"1", b"2"]) == whole


@pytest.mark.parametrize("contents", [[], [b"1"], [b"1", b"2", b"3"], [b"2", b"1"], [b"1", b"22"]])
def test_contents_that_do_not_fit_are_refused(contents: list[bytes]) -> None:
    """Too few contents, too many, one of another size, one of another digest: each is refused."""
    with pytest.raises(ValueError, match=r"described|match"):
        document(Attachment.of("a", b"1"), Attachment.of("b", b"2")).with_contents(contents)


@settings(max_examples=50, deadline=None)
@given(documents())
def test_json_carries_a_whole_document(item: Document) -> None:
    """Written and read, with the contents beside it, nothing is lost."""
    contents = [each.content for each in item.attachments]
    assert Document.from_json(item.to_json()).with_contents(contents) == item


class _Twice:
    """A source that repeats the same byte."""

    def pieces(self, size: int) -> Iterator[bytes]:
        return iter([b"x" * size, b"x"])


def test_bytes_are_read_where_they_lie() -> None:
    """Bytes are read piece by piece, from memory or from a source; the place is not part of the JSON."""
    small = Attachment.of("a", b"12345")
    assert list(small.pieces(2)) == [b"12", b"34", b"5"]
    large = Attachment(name="a", size=3, sha256="0" * 64, source=_Twice())
    assert list(large.pieces(2)) == [b"xx", b"x"]
    assert b"source" not in large.to_json()


def test_a_source_has_pieces() -> None:
    """An object without `pieces` is an adapter's mistake, and is refused at once."""
    with pytest.raises(ValidationError):
        Attachment(name="a", size=3, sha256="0" * 64, source="a path")  # type: ignore[arg-type]


DAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("due_on", "issued_on", "due"),
    [
        (DAY, None, True),
        (DAY, DAY, True),
        (DAY, DAY + timedelta(days=1), False),
        (date(1, 1, 1), None, False),
        (date(1753, 1, 1), None, False),
        (date(1899, 12, 30), None, False),
        (date(1900, 1, 1), None, False),
        (date(1970, 1, 1), date(1970, 1, 1), False),
        (date(9999, 12, 31), DAY, False),
        (date(1945, 9, 2), None, True),
    ],
)
def test_a_day_on_which_an_answer_can_be_due(due_on: date, issued_on: date | None, due: bool) -> None:
    """How programs write "no date" is none, and neither is a day on which the document did not exist."""
    assert is_due_day(due_on, issued_on=issued_on) is due
