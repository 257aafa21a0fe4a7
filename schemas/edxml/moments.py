"""Every form in which software in use writes a day or a time -> the day, the time, the zone. Forms only: it reports
nothing and knows no element. edxml §5.3–§5.5

The standard's form, ISO 8601 as .NET and Java write it, and what their `ToString` and `DateFormat` write under vi-VN:
12 hours with SA and CH, the time before the day, months in words, hour 24 for midnight.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final, NamedTuple

from schemas.values import VIETNAM, is_calendar_day

_YEAR_FIRST = r"(?P<y>[0-9]{4})(?P<between>[/.-])(?P<m>[0-9]{1,2})(?P=between)(?P<d>[0-9]{1,2})"
_COMPACT = r"(?P<y3>[0-9]{4})(?P<m3>[0-9]{2})(?P<d3>[0-9]{2})"
_DAY_FIRST = r"(?P<d2>[0-9]{1,2})(?P<between2>[/.-])(?P<m2>[0-9]{1,2})(?P=between2)(?P<y2>[0-9]{4})"
_IN_WORDS = (
    r"(?:(?:thứ\s+\w+|chủ\s+nhật|t[2-7]|cn),?\s+)?(?:ngày\s+)?"
    r"(?P<d4>[0-9]{1,2})\s+(?:tháng|thg)\s+(?P<m4>[0-9]{1,2})(?:,|\s+năm)?\s+(?P<y4>[0-9]{4})"
)
_DAY = rf"(?:{_YEAR_FIRST}|{_COMPACT}|{_DAY_FIRST}|{_IN_WORDS})"
_HALF = r"(?:\s*(?P<half>SA|CH|AM|PM)\b)?"
_ZONE = (
    r"(?:\s*(?P<zone>Z|UTC|GMT|ICT|(?:UTC|GMT)?(?P<sign>[+-])(?P<off>[0-9]{1,2})(?::?(?P<min>[0-9]{2}))?)"
    r"(?:\[[A-Za-z/_]{1,40}\])?)?"
)
_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:[.,][0-9]{1,9})?)?"
_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (rf"{_DAY}(?:(?:T|,?\s+){_CLOCK}{_HALF})?{_ZONE}", rf"{_CLOCK}{_HALF}{_ZONE},?\s+{_DAY}")
)
_AFTERNOON = frozenset({"CH", "PM"})
_ENGLISH = frozenset({"AM", "PM"})
_LATEST_ZONE = timedelta(hours=14)


class Empty:
    """What stands there is how software writes that it knows no day: 0001/01/01, 1900/01/01, 1970/01/01."""


EMPTY: Final = Empty()


class Moment(NamedTuple):
    day: date
    """On the clock of Việt Nam; as it is written, where no hour stands beside it."""
    at: datetime
    """In UTC; a time without a zone is on the clock of Việt Nam."""


def read_moment(written: str) -> Moment | Empty | None:
    """Returns what is written; None if it has no form that is known, or names no day or time that exists."""
    found = next((match for form in _FORMS if (match := form.fullmatch(written))), None)
    if found is None:
        return None
    year, month, of_month = _day(found)
    if year < 1 or year == 9999:
        return EMPTY
    zone = _zone(found)
    hour = _hour(found)
    if month is None or zone is None or hour is None:
        return None
    try:
        local = datetime(year, month, of_month, hour, int(found["minute"] or 0), int(found["second"] or 0), tzinfo=zone)
    except ValueError:
        return None
    if not is_calendar_day(local.date()):
        return EMPTY  # before a change of zone: there is none before the year 1
    day = local.date() if found["hour"] is None else local.astimezone(VIETNAM).date()
    return Moment(day, local.astimezone(UTC)) if is_calendar_day(day) else EMPTY


def _day(found: re.Match[str]) -> tuple[int, int | None, int]:
    """Returns year, month, day. The month is None if English hours stand beside an order that may be the American one:
    whether 05/11 is in May or in November is not guessed."""
    for n in ("", "3", "4"):
        if found[f"y{n}"]:
            return int(found[f"y{n}"]), int(found[f"m{n}"]), int(found[f"d{n}"])
    year, first, second = int(found["y2"]), int(found["d2"]), int(found["m2"])
    if (found["half"] or "").upper() not in _ENGLISH or first == second or first > 12:
        return year, second, first
    return year, first if second > 12 else None, second


def _hour(found: re.Match[str]) -> int | None:
    """Returns the hour of 0 to 23; None if it contradicts its half of the day. An hour 24 is Java's `kk`, which counts
    from 1 to 24: the first of the same day."""
    if found["hour"] is None:
        return 0
    hour, half = int(found["hour"]), (found["half"] or "").upper()
    if not half:
        return 0 if hour == 24 else hour
    if hour > 12:
        return hour if half in _AFTERNOON else None
    return hour % 12 + (12 if half in _AFTERNOON else 0)


def _zone(found: re.Match[str]) -> timezone | None:
    """Returns the zone; None if there is none so far from UTC."""
    if found["zone"] is None or found["zone"].upper() == "ICT":
        return VIETNAM
    if found["sign"] is None:
        return UTC
    offset = timedelta(hours=int(found["off"]), minutes=int(found["min"] or 0))
    if offset > _LATEST_ZONE:
        return None
    return timezone(-offset if found["sign"] == "-" else offset)
