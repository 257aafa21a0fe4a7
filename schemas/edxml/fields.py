"""Readers of one value: the text of one element -> a code, an id, a date, a number, a flag. Know no element by name."""

import re
import unicodedata
from datetime import date, datetime

from schemas.codes import Priority, StatusCode, SteeringType
from schemas.edxml.moments import Moment, read_moment
from schemas.edxml.place import Place
from schemas.values import matching, steering_character

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-_]{0,63}")  # schemas.values.AgencyCode
_CODE_LENGTH = 35  # the amendment's of 2022; the directory is stricter
_ID_LENGTH = 255  # schemas.values.DocumentId
_BREAK = re.compile(r"\s*[\t\n\r\x85\u2028\u2029]\s*")
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")
_DATE = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2} (?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}")
_FLAGS = {"0": False, "false": False, "1": True, "true": True}
_PRIORITIES = {matching(name): priority for priority in Priority for name in priority.label}
_BY_NUMBER: dict[int | None, Priority] = {int(priority): priority for priority in Priority}
_STEERING = {int(steering): steering for steering in SteeringType}
_STATUSES = {code.value: code for code in StatusCode}


def agency_code(place: Place, name: str, *, otherwise: str = "") -> str | None:
    """Returns the agency code; None if absent. An invalid code is refused, or left out with the departure `otherwise`.
    edxml §4.3"""
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
    return agency_code(place, name) or place.missing(name)


def document_id(place: Place, name: str) -> str | None:
    """Returns the document id exactly as written: its maker compares it letter by letter. One that holds a line break,
    a control or a mark of direction is refused. edxml §4.4"""
    value = place.raw(name)
    if value is None:
        return None
    if len(value) > _ID_LENGTH:
        place.refuse("bad-document-id", len(value), at=name)
    if steering := steering_character(value):
        place.refuse("document-id-character", f"U+{ord(steering):04X}", at=name)
    if not value.isascii() and not unicodedata.is_normalized("NFC", value):
        place.note("decomposed-id", at=name)
    return value


def one_line(place: Place, name: str = "", *, most: int = 0) -> str | None:
    """Returns a number or notation on one line: a line break or tab counts as a space, and is a departure. edxml
    §4.5"""
    value = place.text(name, most=most)
    if value is None or not _BREAK.search(value):
        return value
    line = _BREAK.sub(" ", value)
    place.note("number-broken", line, at=name)
    return line


def required_text(place: Place, name: str, *, most: int = 0) -> str:
    return place.text(name, most=most) or place.missing(name)


def integer(place: Place, name: str) -> int | None:
    """Returns the integer; None if absent, and None with a departure unless it is a number of at most nine digits.
    edxml §5.1"""
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
    """Returns an integer that is not negative; None as for `integer`."""
    value = integer(place, name)
    if value is not None and value < 0:
        place.note("bad-integer", value, at=name)
        return None
    return value


def flag(place: Place, name: str) -> bool | None:
    """Returns the flag; None if absent, and None with a departure if it is none of 0, 1, true and false. edxml §5.2"""
    value = place.raw(name)
    if value is None:
        return None
    known = _FLAGS.get(value.lower())
    if known is None:
        place.note("bad-flag", value, at=name)
    return known


def day(place: Place, name: str) -> date | None:
    """Returns the date; None if absent, and None with a departure if there is no such day. edxml §5.3, §5.5"""
    found = _optional(place, name, _DATE)
    return found.day if found else None


def required_day(place: Place, name: str) -> date:
    return _required(place, name, _DATE).day


def moment(place: Place, name: str) -> datetime | None:
    """Returns the time in UTC; a time without a zone is on the clock of Việt Nam. edxml §5.4, §5.5"""
    found = _optional(place, name, _TIME)
    return found.at if found else None


def required_moment(place: Place, name: str) -> datetime:
    return _required(place, name, _TIME).at


def priority(place: Place, name: str) -> Priority:
    """Returns the priority by its number, by Bkav's 5, or by its Vietnamese or English name; otherwise NORMAL, with a
    departure. edxml §6.1"""
    value = place.raw(name)
    if value is None:
        integer(place, name)  # reports an element that is there but empty
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
    """Returns the steering type; None if absent or unknown. edxml §6.2"""
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
    """Returns the status code; an unknown code is refused. edxml §6.3"""
    value = place.raw(name) or place.missing(name)
    if value in _STATUSES:
        return _STATUSES[value]
    if (padded := value.zfill(2)) in _STATUSES:
        place.note("status-zero", value, at=name)
        return _STATUSES[padded]
    return place.refuse("bad-status-code", value, at=name)


def _optional(place: Place, name: str, usual: re.Pattern[str]) -> Moment | None:
    value = place.raw(name)
    if value is None:
        return None
    found = read_moment(value)
    if not isinstance(found, Moment):
        place.note("date-dropped" if found is None else "date-empty", value, at=name)
        return None
    return _in_form(place, name, value, found, usual)


def _required(place: Place, name: str, usual: re.Pattern[str]) -> Moment:
    value = place.raw(name) or place.missing(name)
    found = read_moment(value)
    if not isinstance(found, Moment):
        place.refuse("bad-date" if found is None else "empty-date", value, at=name)
    return _in_form(place, name, value, found, usual)


def _in_form(place: Place, name: str, value: str, found: Moment, usual: re.Pattern[str]) -> Moment:
    """Reports a form that is not the standard's."""
    if not usual.fullmatch(value):
        place.note("date-form", value, at=name)
    return found
