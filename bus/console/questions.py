"""The small parts that questions are made of: moments, codes, kinds of business, cursors of the ledger's lists."""

import re
from datetime import date, datetime, time
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from bus.console.paging import pack, unpack
from bus.errors import BadQuery, said
from bus.ledger.queries.paging import Cursor
from bus.ledger.records import DocumentNumber
from bus.store.sql.times import from_micros, to_micros
from schemas.codes import BusinessType
from schemas.values import VIETNAM, AgencyCode, Time, steering_character

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
"""RFC 3339 §5.6."""


def _moment(text: object) -> object:
    if not isinstance(text, str):
        return text
    if _DAY.fullmatch(text):
        return datetime.combine(date.fromisoformat(text), time(), VIETNAM)
    if not _MOMENT.fullmatch(text):
        raise ValueError(
            said(
                "ghi ngày, như 2026-11-30, hoặc thời điểm có múi giờ, như 2026-11-30T08:00:00%2B07:00",
                "a day, such as 2026-11-30, or a moment with its offset, such as 2026-11-30T08:00:00%2B07:00",
            )
        )
    return datetime.fromisoformat(text.upper())


Moment = Annotated[
    Time,
    BeforeValidator(_moment),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]
"""A moment with its offset; or a day of Việt Nam, which is its beginning."""


def _true_or_false(text: object) -> object:
    if text in {"true", "false"}:
        return text == "true"
    if isinstance(text, bool):
        return text
    raise ValueError(said("phải là true hoặc false", "must be true or false"))


Flag = Annotated[bool, BeforeValidator(_true_or_false)]


def _plain(text: str) -> str:
    if (found := steering_character(text)) or "\0" in text:
        raise ValueError(
            said(
                "có ký tự điều khiển {found}", "it has a control character, {found}", found=f"U+{ord(found or '0'):04X}"
            )
        )
    return text


Text = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_plain)]
"""What somebody looks for."""

Code: TypeAlias = AgencyCode
Business: TypeAlias = Literal["new", "revoke", "update", "replace"]

BUSINESS: Final[dict[str, BusinessType]] = {each.name.lower(): each for each in BusinessType}


def to_cursor(after: str | None) -> Cursor | None:
    """Raises BadQuery."""
    place: Any = unpack(after, None, int, str, str)
    if place is None:
        return None
    at, document, agency, clock = place
    try:
        return Cursor(None if at is None else from_micros(at), DocumentNumber(document), agency, clock)
    except OverflowError:
        raise BadQuery(why=said("`after`: thời điểm ngoài lịch", "`after`: a moment beyond the calendar")) from None


def of_cursor(cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    at = None if cursor.at is None else to_micros(cursor.at)
    return pack([at, cursor.document, cursor.agency, cursor.clock])
