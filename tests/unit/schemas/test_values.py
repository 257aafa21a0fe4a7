"""Small values: what a text, an id, a code, a time may be, and when two texts are the same."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.agency import Party
from schemas.document import Trace
from schemas.values import VIETNAM, Digest, DocumentId, MailboxCode, Text, Value, matching


class Example(Value):
    text: Text | None = None
    id: DocumentId | None = None
    box: MailboxCode | None = None
    digest: Digest | None = None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", ""),
        ("text", " \n"),
        ("text", "a\x00b"),
        ("text", "a\x0bb"),
        ("text", "a\ufffe"),
        ("text", 5),
        ("id", ""),
        ("id", "a" * 256),
        ("id", "a\x01"),
        *(("id", f"a{letter}b") for letter in "\n\r\t\x85\x9b\u061c\u200e\u202e\u2028\u2029\u2069\xad\U000e0041"),
        ("box", "Sở A"),
        ("box", "A" * 65),
        ("box", "A\n"),
        ("digest", "A" * 64),
        ("digest", "a" * 63),
        ("unknown", "a"),
    ],
)
def test_what_cannot_be_said(field: str, value: object) -> None:
    """Empty texts, characters that XML cannot carry, codes with other letters, fields that do not exist."""
    with pytest.raises(ValidationError):
        Example.model_validate({field: value})


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("text", "  V/v a ", "V/v a"),
        ("text", "a\tb\nc", "a\tb\nc"),
        ("text", "😀", "😀"),
        ("id", " H49.06,2026/01/05,12/SA-VP ", "H49.06,2026/01/05,12/SA-VP"),
        ("id", "a" * 255, "a" * 255),
        ("id", "12/Q\u200bĐ\ufeff", "12/Q\u200bĐ\ufeff"),  # zero-width: real ids have them
        ("id", "12/Q\u0110\u0300\u00a01", "12/Q\u0110\u0300\u00a01"),
        ("box", "000.00.00.G22", "000.00.00.G22"),
        ("digest", "0" * 64, "0" * 64),
    ],
)
def test_what_can_be_said(field: str, value: str, kept: str) -> None:
    """Texts and ids lose the white space around them, nothing else."""
    assert getattr(Example.model_validate({field: value}), field) == kept


def test_values_do_not_change() -> None:
    """A value once made stays as it is."""
    with pytest.raises(ValidationError):
        Example(text="a").text = "b"  # type: ignore[misc]


def test_json_is_one_form() -> None:
    """Absent fields are left out, and the bytes give the value back."""
    value = Example(text="Đ")
    assert value.to_json() == '{"text":"Đ"}'.encode()
    assert Example.from_json(value.to_json()) == value
    with pytest.raises(ValidationError):
        Example.from_json(b'{"text":"a","more":1}')


@pytest.mark.parametrize("at", [datetime(2026, 1, 5, 9, 30, tzinfo=VIETNAM), datetime(2026, 1, 5, 2, 30, tzinfo=UTC)])
def test_times_are_utc_inside(at: datetime) -> None:
    """A moment has one form, whatever clock it was read from."""
    trace = Trace(at=at)
    assert trace.at is not None
    assert trace.to_json() == b'{"at":"2026-01-05T02:30:00Z"}'


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 1, 5, 9, 30),  # noqa: DTZ001 - that it has no zone is the point
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=7))),
    ],
)
def test_a_time_without_a_zone_or_outside_the_calendar_is_none(at: datetime) -> None:
    """Local time without its zone is refused, not guessed."""
    with pytest.raises(ValidationError):
        Trace(at=at)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ủy ban", "ủy BAN"),
        ("Đà Nẵng", "Ðà Nẵng"),
        ("đường", "ðường"),
        ("kiểm", "kiê\u0309m"),
        ("Sở\u200b A", "Sở A"),
        (" Sở \n A ", "Sở A"),
    ],
)
def test_texts_that_are_the_same(one: str, other: str) -> None:
    """Case, Unicode form, lookalike letters, invisible characters and spaces make no difference."""
    assert matching(one) == matching(other)


@given(st.text())
def test_matching_is_settled_at_once(text: str) -> None:
    """A form to compare has no spaces around it, and none double."""
    assert matching(text) == " ".join(matching(text).split())


def test_texts_that_differ() -> None:
    """Marks on letters do make a difference: these are two names."""
    assert matching("Hà") != matching("Hạ")
    assert Party(code="H49") != Party(code="H50")
