"""The text of one element -> one value: codes, ids, dates, numbers, flags. Knows no element."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone

from schemas.codes import Priority, StatusCode, SteeringType
from schemas.edxml.place import Place
from schemas.values import VIETNAM, matching

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-_]{0,63}")  # schemas.values.AgencyCode
_CODE_LENGTH = 35  # of the amendment of 2022; the directory knows more
_ID_LENGTH = 255  # schemas.values.DocumentId
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")
_DATE = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_MOMENT = re.compile(
    r"(?:(?P<y>[0-9]{4})[/.-](?P<m>[0-9]{1,2})[/.-](?P<d>[0-9]{1,2})"
    r"|(?P<d2>[0-9]{1,2})[/.-](?P<m2>[0-9]{1,2})[/.-](?P<y2>[0-9]{4}))"
    r"(?:[T\s]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:[.,][0-9]{1,9})?)?"
    r"\s*(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_FLAGS = {"0": False, "false": False, "1": True, "true": True}
_PRIORITIES = {matching(name): priority for priority in Priority for name in priority.label}
_BY_NUMBER: dict[int | None, Priority] = {int(priority): priority for priority in Priority}
_STEERING = {int(steering): steering for steering in SteeringType}
_STATUSES = {code.value: code for code in StatusCode}


def agency_code(place: Place, name: str, *, otherwise: str = "") -> str | None:
    """None where absent. What is no code is refused, or left out by the departure `otherwise`. edxml §4.3"""
    value = place.visible(name)
    if value is None:
        return None
    if not _CODE.fullmatch(value):
        if not otherwise:
            place.refuse("bad-organ-id", value, at=name)
        place.note(otherwise, value, at=name)
        return None
    if len(value) > _CODE_LENGTH:
        place.note("longer-than-standard", f"{len(value)} > {_CODE_LENGTH}", at=name)
    return value


def required_code(place: Place, name: str) -> str:
    return agency_code(place, name) or place.refuse("missing-element", name, at=name)


def document_id(place: Place, name: str) -> str | None:
    """Exactly as written: whoever made it compares it letter by letter. edxml §4.4"""
    value = place.raw(name)
    if value is None:
        return None
    if len(value) > _ID_LENGTH:
        place.refuse("bad-document-id", len(value), at=name)
    if not value.isascii() and not unicodedata.is_normalized("NFC", value):
        place.note("decomposed-id", at=name)
    return value


def required_text(place: Place, name: str, *, most: int = 0) -> str:
    return place.text(name, most=most) or place.refuse("missing-element", name, at=name)


def integer(place: Place, name: str) -> int | None:
    """None where absent, and with a departure where it is no number of at most nine digits. edxml §5.1"""
    value = place.raw(name)
    if value is None:
        if name in place.element.children:
            place.note("empty-integer", at=name)
        return None
    if not _INTEGER.fullmatch(value):
        place.note("bad-integer", value, at=name)
        return None
    return int(value)


def amount(place: Place, name: str) -> int | None:
    """An integer that counts something."""
    value = integer(place, name)
    if value is not None and value < 0:
        place.note("bad-integer", value, at=name)
        return None
    return value


def flag(place: Place, name: str) -> bool | None:
    """edxml §5.2"""
    value = place.raw(name)
    if value is None:
        return None
    known = _FLAGS.get(value.lower())
    if known is None:
        place.note("bad-flag", value, at=name)
    return known


def day(place: Place, name: str) -> date | None:
    """None where absent, and with a departure where there is no such day. edxml §5.3"""
    value = place.raw(name)
    if value is None:
        return None
    found = _day(place, name, value)
    if found is None:
        place.note("date-dropped", value, at=name)
    return found


def required_day(place: Place, name: str) -> date:
    value = place.raw(name)
    if value is None:
        place.refuse("missing-element", name, at=name)
    return _day(place, name, value) or place.refuse("bad-date", value, at=name)


def moment(place: Place, name: str) -> datetime | None:
    """In UTC; a time without a zone is Việt Nam's. edxml §5.4"""
    value = place.raw(name)
    if value is None:
        return None
    found = _moment(place, name, value)
    if found is None:
        place.note("date-dropped", value, at=name)
    return found


def required_moment(place: Place, name: str) -> datetime:
    value = place.raw(name)
    if value is None:
        place.refuse("missing-element", name, at=name)
    return _moment(place, name, value) or place.refuse("bad-date", value, at=name)


def priority(place: Place, name: str) -> Priority:
    """By number, by Bkav's 5, by its Vietnamese or English name; otherwise normal, with a departure. edxml §6.1"""
    value = place.raw(name)
    if value is None:
        integer(place, name)  # says so where the element stands there empty
        return Priority.NORMAL
    number = int(value) if _INTEGER.fullmatch(value) else None
    if number in _BY_NUMBER:
        return _BY_NUMBER[number]
    if number == 5:
        place.note("priority-5", at=name)
        return Priority.NORMAL
    named = _PRIORITIES.get(matching(value))
    place.note("bad-integer" if named is not None else "priority-unknown", value, at=name)
    return named if named is not None else Priority.NORMAL


def steering(place: Place, name: str) -> SteeringType | None:
    """edxml §6.2"""
    match integer(place, name):
        case None:
            return None
        case 3:
            place.note("steering-3", at=name)
            return SteeringType.REPORT
        case number if number not in _STEERING:
            place.note("steering-unknown", number, at=name)
            return None
        case number:
            return _STEERING[number]


def status_code(place: Place, name: str) -> StatusCode:
    """edxml §6.3"""
    value = place.raw(name) or place.refuse("missing-element", name, at=name)
    if value in _STATUSES:
        return _STATUSES[value]
    if (padded := value.zfill(2)) in _STATUSES:
        place.note("status-zero", value, at=name)
        return _STATUSES[padded]
    return place.refuse("bad-status-code", value, at=name)


def _day(place: Place, name: str, value: str) -> date | None:
    if _DATE.fullmatch(value):
        try:
            return date(int(value[:4]), int(value[5:7]), int(value[8:]))
        except ValueError:
            return None
    found = _understood(value)
    if found is not None:
        place.note("date-form", value, at=name)
        return found.astimezone(VIETNAM).date()
    return None


def _moment(place: Place, name: str, value: str) -> datetime | None:
    found = _understood(value)
    if found is None:
        return None
    if not _TIME.fullmatch(value):
        place.note("date-form", value, at=name)
    return found


def _understood(value: str) -> datetime | None:
    """Any of the forms met in the wild, in UTC; None where it is none of them, or no such moment exists."""
    found = _MOMENT.fullmatch(value)
    if not found:
        return None
    year, month, of_month = (int(found[name] or found[f"{name}2"]) for name in "ymd")
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    try:
        local = datetime(year, month, of_month, hour, minute, second, tzinfo=_zone(found["zone"]))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(written: str | None) -> timezone:
    match written:
        case None:
            return VIETNAM
        case "Z":
            return UTC
        case _:
            offset = timedelta(hours=int(written[1:3]), minutes=int(written[-2:]))
            return timezone(-offset if written[0] == "-" else offset)
