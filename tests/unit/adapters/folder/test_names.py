"""adapters/folder/names.py: the names of files."""

import os
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.folder.names import (
    LONGEST,
    beside,
    from_shown,
    is_package,
    numbered,
    of_bounce,
    of_document,
    of_status,
    shown,
)
from schemas.codes import BusinessType
from schemas.document import DocumentNumber
from schemas.values import MessageId
from tests.contract.adapter_site import a_document, a_message, a_status
from tests.strategies import documents, statuses

MESSAGE = MessageId("019a0000-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    ("business", "ascii_only", "name"),
    [
        (BusinessType.NEW, False, f"12-QĐ-UBND_H49.06_2026-01-05_{MESSAGE}.edxml"),
        (BusinessType.NEW, True, f"12-QD-UBND_H49.06_2026-01-05_{MESSAGE}.edxml"),
        (BusinessType.REVOKE, False, f"THU-HOI_12-QĐ-UBND_H49.06_2026-01-05_{MESSAGE}.edxml"),
        (BusinessType.UPDATE, False, f"CAP-NHAT_12-QĐ-UBND_H49.06_2026-01-05_{MESSAGE}.edxml"),
        (BusinessType.REPLACE, False, f"THAY-THE_12-QĐ-UBND_H49.06_2026-01-05_{MESSAGE}.edxml"),
    ],
)
def test_a_document_is_called_by_its_number(business: BusinessType, ascii_only: bool, name: str) -> None:
    """A clerk reads number, agency and day in the name, and whether the document is more than new."""
    document = a_document(business=business).model_copy(
        update={"number": DocumentNumber(number="12", notation="QĐ-UBND")}
    )
    assert of_document(document, MESSAGE, ascii_only=ascii_only) == name


def test_a_status_is_called_by_its_time() -> None:
    """Names of statuses sort by the time that the reporter gave, in Việt Nam."""
    status = a_status()
    name = of_status(status, MESSAGE, ascii_only=False)
    assert name.startswith("20260106T093000_03_G22_")
    assert name.endswith(f"-SA-TTĐT_{MESSAGE}.edxml")


@pytest.mark.parametrize("message", ["../../etc/passwd", "a/b", "", "x" * 400, "019a0000\n", "a..b", ".a"])
def test_a_message_id_is_no_path(message: str) -> None:
    """An id from the wire that is none is replaced by its digest."""
    name = of_document(a_document(), MessageId(message), ascii_only=False)
    assert "/" not in name
    assert ".." not in name
    assert len(name.encode()) <= 180


def test_a_message_is_named_with_its_senders_mailbox() -> None:
    """The name has the sender's mailbox if it is short enough; a longer mailbox code is replaced by a digest, different
    for each code."""
    short, long, longer = (
        MessageId(f"{MESSAGE}.{code}") for code in ("000.00.16.H49", "H" * 60 + ".1", "H" * 60 + ".2")
    )
    document = a_document()
    names = [of_document(document, message, ascii_only=False) for message in (short, long, longer)]
    assert names[0].endswith(f"_{short}.edxml")
    assert len(set(names)) == 3
    assert max(len(name.encode()) for name in names) <= 180


@pytest.mark.parametrize(
    ("at", "name"),
    [
        (datetime(9999, 12, 31, 23, tzinfo=UTC), "99991231T230000_"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "10101T000000_"),
    ],
)
def test_a_time_that_no_clock_here_shows(at: datetime, name: str) -> None:
    """At the ends of the calendar the time stays as it was given."""
    status = a_status().model_copy(update={"at": at})
    assert of_status(status, MESSAGE, ascii_only=False).lstrip("0").startswith(name)


@settings(max_examples=40)
@given(document=documents(), ascii_only=st.booleans())
def test_any_document_has_a_safe_name(document: object, ascii_only: bool) -> None:
    """Whatever a document holds: at most 180 bytes, no path, no dot in front, not hidden, the same every time."""
    message = a_message()
    name = of_document(document, message, ascii_only=ascii_only)  # type: ignore[arg-type]
    assert len(name.encode()) <= 180
    assert is_package(name)
    assert not set('/\\:*?"<>|\0\n\t ') & set(name)
    assert unicodedata.is_normalized("NFC", name)
    assert name.isascii() or not ascii_only
    assert name == of_document(document, message, ascii_only=ascii_only)  # type: ignore[arg-type]


@settings(max_examples=40)
@given(status=statuses())
def test_any_status_has_a_safe_name(status: object) -> None:
    """Whatever a status holds: at most 180 bytes, no path."""
    name = of_status(status, a_message(), ascii_only=False)  # type: ignore[arg-type]
    assert len(name.encode()) <= 180
    assert is_package(name)
    assert not set('/\\:*?"<>|\0\n\t ') & set(name)


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("công văn.edxml", True),
        ("CV.EDXML", True),
        ("cv.edxml.tmp", False),
        ("cv.edxml.part", False),
        ("cv.edxml~", False),
        ("~cv.edxml", False),
        (".cv.edxml", False),
        ("cv.xml", False),
        ("cv", False),
        (".edxml", False),
    ],
)
def test_what_is_a_package_by_name(name: str, taken: bool) -> None:
    """Temporary, hidden and foreign files are left alone."""
    assert is_package(name) is taken


def test_numbers() -> None:
    """A second file of a name is numbered before its extension; a long name gives way to the number."""
    assert [numbered("a.edxml", number) for number in (1, 2, 10)] == ["a.edxml", "a (2).edxml", "a (10).edxml"]
    longest = "ế" * 83 + ".edxml"
    assert len(os.fsencode(numbered(longest, 1234))) <= LONGEST
    assert numbered(longest, 1234).endswith("ế (1234).edxml")


def test_what_stands_beside_fits() -> None:
    """A companion's name is the file's and more; where that is too long it is cut, and still differs by file."""
    assert beside("a.edxml", ".reason") == "a.edxml.reason"
    first, second = ("ế" * 80 + tail + ".edxml" for tail in ("abcdefgh", "abcdefgi"))
    assert len(os.fsencode(beside(first, ".reason"))) <= LONGEST
    assert beside(first, ".reason") != beside(second, ".reason")
    assert beside(first, ".reason").endswith(".reason")


def test_a_bounce_names_package_message_and_mailbox() -> None:
    """Two recipients' refusals of one package lie side by side."""
    assert of_bounce("a.edxml", MESSAGE, "G22") == f"a.edxml.{MESSAGE}.G22.reason"


@given(st.binary(min_size=1, max_size=255).filter(lambda data: not {0, 47} & set(data)))
def test_every_name_survives_as_text(data: bytes) -> None:
    """What is shown is text that UTF-8 can hold, and leads back to the very bytes of the name."""
    name = os.fsdecode(data)
    shown(name).encode("utf-8")
    assert os.fsencode(from_shown(shown(name))) == data


def test_decomposed_letters_stay_decomposed() -> None:
    """A name is compared by no one: NFD stays NFD."""
    name = unicodedata.normalize("NFD", "Kế hoạch.edxml")
    assert shown(name) == name == from_shown(name)
