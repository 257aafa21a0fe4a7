"""Numbers, flags, dates and codes: the forms of real packages, and the values they are read as."""

from datetime import UTC, date, datetime

import pytest

from schemas.codes import Priority, SteeringType
from schemas.document import Document, Trace
from schemas.edxml import PackageRefused, read
from tests.packages import DOCUMENT, spoiled


def judged(old: str, new: str) -> tuple[Document, list[tuple[str, str]]]:
    package = read(spoiled(DOCUMENT, (old, new)))
    assert isinstance(package.item, Document)
    return package.item, [(entry.rule, entry.found) for entry in package.report if entry.rule != "signature-absent"]


@pytest.mark.parametrize(
    ("written", "value", "departures"),
    [
        ("3", 3, []),
        ("003", 3, []),
        ("+3", 3, []),
        ("", None, [("empty-integer", "")]),
        ("null", None, [("null-literal", ""), ("empty-integer", "")]),
        ("ba", None, [("bad-integer", "ba")]),
        ("-1", None, [("bad-integer", "-1")]),
        ("3.0", None, [("bad-integer", "3.0")]),
        ("1" * 10, None, [("bad-integer", "1" * 10)]),
        ("٣", None, [("bad-integer", "٣")]),
    ],
)
def test_an_amount(written: str, value: int | None, departures: list[tuple[str, str]]) -> None:
    """A number that cannot be one is left out, never guessed and never the end of the package."""
    item, found = judged(">3</edXML:PromulgationAmount>", f">{written}</edXML:PromulgationAmount>")
    assert (item.copies, found) == (value, departures)


@pytest.mark.parametrize(
    ("written", "value", "departures"),
    [
        ("0", Priority.NORMAL, []),
        ("4", Priority.IMMEDIATE_TIMED, []),
        ("5", Priority.NORMAL, [("priority-5", "")]),
        ("Hoả tốc", Priority.NORMAL, [("priority-unknown", "Hoả tốc")]),
        ("HỎA TỐC", Priority.IMMEDIATE, [("bad-integer", "HỎA TỐC")]),
        ("Thường", Priority.NORMAL, [("bad-integer", "Thường")]),
        ("9", Priority.NORMAL, [("priority-unknown", "9")]),
        ("-1", Priority.NORMAL, [("priority-unknown", "-1")]),
        ("", Priority.NORMAL, [("empty-integer", "")]),
    ],
)
def test_a_priority(written: str, value: Priority, departures: list[tuple[str, str]]) -> None:
    """Urgency is read by number or by name; what is unknown is normal, and said so."""
    item, found = judged(">1</edXML:Priority>", f">{written}</edXML:Priority>")
    assert (item.priority, found) == (value, departures)


@pytest.mark.parametrize(
    ("written", "value", "departures"),
    [
        ("2", SteeringType.REPORT, []),
        ("3", SteeringType.REPORT, [("steering-3", "")]),
        ("4", None, [("steering-unknown", "4")]),
        ("-1", None, [("steering-unknown", "-1")]),
        ("", None, [("empty-integer", "")]),
    ],
)
def test_a_steering_type(written: str, value: SteeringType | None, departures: list[tuple[str, str]]) -> None:
    """Two conventions number reports differently: 2 and 3 are both a report."""
    item, found = judged(">0</edXML:SteeringType>", f">{written}</edXML:SteeringType>")
    assert (item.steering, found) == (value, departures)


@pytest.mark.parametrize(
    ("written", "value", "departures"),
    [
        ("true", True, []),
        ("TRUE", True, []),
        ("1", True, []),
        ("0", False, []),
        ("", False, []),
        ("có", False, [("bad-flag", "có")]),
    ],
)
def test_a_flag(written: str, value: bool, departures: list[tuple[str, str]]) -> None:
    """Both ways to write a truth are read."""
    item, found = judged(">false</edXML:Direction>", f">{written}</edXML:Direction>")
    assert (item.is_steering, found) == (value, departures)


@pytest.mark.parametrize(
    ("written", "value", "rule"),
    [
        ("2026/01/20", date(2026, 1, 20), None),
        ("2026-01-20", date(2026, 1, 20), "date-form"),
        ("2026.1.9", date(2026, 1, 9), "date-form"),
        ("30/10/2027", date(2027, 10, 30), "date-form"),
        ("1-2-2027", date(2027, 2, 1), "date-form"),
        ("2026/01/20 00:00:00", date(2026, 1, 20), "date-form"),
        ("2026-01-20T17:00:00Z", date(2026, 1, 21), "date-form"),
        ("2026-01-20T00:00:00.000+07:00", date(2026, 1, 20), "date-form"),
        ("2014/02/30", None, "date-dropped"),
        ("2014-02-30", None, "date-dropped"),
        ("10/30/2020", None, "date-dropped"),
        ("0001/01/01", None, "date-empty"),
        ("0001/01/01 00:00", None, "date-empty"),
        ("1/1/0001 12:00:00 SA", None, "date-empty"),
        ("0000-00-00", None, "date-empty"),
        ("1753-01-01T00:00:00", None, "date-empty"),
        ("1899-12-30", None, "date-empty"),
        ("01/01/1900", None, "date-empty"),
        ("1970/01/01", None, "date-empty"),
        ("1970-01-01T00:00:00Z", None, "date-empty"),
        ("9999/12/31", None, "date-empty"),
        ("2026", None, "date-dropped"),
        ("20/01/26", None, "date-dropped"),
        ("hôm nay", None, "date-dropped"),
        ("", None, None),
    ],
)
def test_an_optional_date(written: str, value: date | None, rule: str | None) -> None:
    """Every order and separator of real packages is accepted; a date that does not exist is left out, with a
    departure."""
    item, found = judged(">2026/01/20<", f">{written}<")
    assert (item.due_on, found) == (value, [(rule, written)] if rule else [])


@pytest.mark.parametrize(
    ("written", "value", "rule"),
    [
        ("2026/01/05 09:30:00", datetime(2026, 1, 5, 2, 30, tzinfo=UTC), None),
        ("2026/01/05 9:30", datetime(2026, 1, 5, 2, 30, tzinfo=UTC), "date-form"),
        ("05/01/2026 09:30:00", datetime(2026, 1, 5, 2, 30, tzinfo=UTC), "date-form"),
        ("2026-01-05T09:30:00", datetime(2026, 1, 5, 2, 30, tzinfo=UTC), "date-form"),
        ("2026-01-05T09:30:00.123456789", datetime(2026, 1, 5, 2, 30, tzinfo=UTC), "date-form"),
        ("2026-01-05T02:30:00Z", datetime(2026, 1, 5, 2, 30, tzinfo=UTC), "date-form"),
        ("2026-01-04T21:30:00-0500", datetime(2026, 1, 5, 2, 30, tzinfo=UTC), "date-form"),
        ("2026/01/05", datetime(2026, 1, 4, 17, 0, tzinfo=UTC), "date-form"),
        ("2026/01/05 24:30:00", datetime(2026, 1, 4, 17, 30, tzinfo=UTC), "date-form"),
        ("2026/01/05 9:30:00 SA", datetime(2026, 1, 5, 2, 30, tzinfo=UTC), "date-form"),
        ("0001-01-01T00:00:00", None, "date-empty"),
        ("2026/01/05 25:30:00", None, "date-dropped"),
        ("2026/01/05 09:30:00+99:00", None, "date-dropped"),
        ("9999/12/31 23:59:59-12:00", None, "date-empty"),
        ("", None, None),
    ],
)
def test_a_time(written: str, value: datetime | None, rule: str | None) -> None:
    """A time without a zone is on the clock of Việt Nam; a written zone is used."""
    item, found = judged(">2026/01/05 09:30:00<", f">{written}<")
    assert item.traces == (Trace(agency="H49.06", at=value),)
    assert found == ([(rule, written)] if rule else [])


def test_a_date_of_another_form_may_be_mandatory() -> None:
    """The day of issue is read in any form, too."""
    item, found = judged(">2026/01/05</edXML:PromulgationDate>", ">05/01/2026</edXML:PromulgationDate>")
    assert (item.issued_on, found) == (date(2026, 1, 5), [("date-form", "05/01/2026")])


@pytest.mark.parametrize(
    ("code", "rule"),
    [("H37.DN.001", None), ("vxp.saas.03", None), ("000.00.00.G22", None), ("A" * 36, "longer-than-standard")],
)
def test_codes_are_read_loosely(code: str, rule: str | None) -> None:
    """Old and new codes, and the irregular ones of the field; the directory knows which are real."""
    item, found = judged("<edXML:From><edXML:OrganId>H49.06<", f"<edXML:From><edXML:OrganId>{code}<")
    assert item.sender.code == code
    assert found == ([(rule, "36 > 35")] if rule else [])


@pytest.mark.parametrize("code", ["H49 06", "Sở A", "-H49", "H49/06", "\u200b", "H49,06"])
def test_what_is_no_code_is_refused(code: str) -> None:
    """Spaces, accents, slashes: nobody could be addressed by it."""
    with pytest.raises(PackageRefused) as refused:
        judged("<edXML:From><edXML:OrganId>H49.06<", f"<edXML:From><edXML:OrganId>{code}<")
    assert refused.value.rule == ("missing-element" if code == "\u200b" else "bad-organ-id")
