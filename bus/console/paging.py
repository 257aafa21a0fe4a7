"""Pages: how many at once, and the cursor that names where the next page begins.

A cursor is the place of the last row in the order of the list, and no number of a page: rows that came meanwhile shift
nothing. It is opaque to whoever asks; who makes one up moves within a list that they may read anyway.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Final, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from bus.errors import BadQuery, said
from schemas.printable import json_text
from schemas.strict_json import read_json

MOST: Final = 500
"""Rows of one page."""
USUAL: Final = 50

_LONGEST: Final = 1000
"""Characters of a cursor."""

Place: TypeAlias = tuple[int | str | None, ...]
"""The values by which a list is ordered, of one row."""

Row = TypeVar("Row")


class Page(BaseModel, Generic[Row]):
    """Some rows, and where the next ones are."""

    model_config = ConfigDict(frozen=True)

    rows: list[Row]
    next: str | None = Field(description="Give it as `after` for the next page; null at the end.")


class Paged(BaseModel):
    """What every list is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: Annotated[str | None, Field(default=None, max_length=_LONGEST, description="`next` of the page before.")]
    limit: Annotated[int, Field(default=USUAL, ge=1, le=MOST, description="Rows of one page.")]


def pack(place: Sequence[int | str | None]) -> str:
    return base64.urlsafe_b64encode(json_text(list(place)).encode()).decode().rstrip("=")


def unpack(cursor: str | None, *kinds: type[int] | type[str] | None) -> Place | None:
    """`kinds`: of each value; None: a whole number or null. Raises BadQuery for what is no cursor of this list."""
    if cursor is None:
        return None
    try:
        found = read_json(base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise BadQuery(why=_NO_CURSOR) from None
    if not isinstance(found, list) or len(found) != len(kinds):
        raise BadQuery(why=_NO_CURSOR)
    if not all(_fits(value, kind) for value, kind in zip(found, kinds, strict=True)):
        raise BadQuery(why=_NO_CURSOR)
    return tuple(found)


_NO_CURSOR: Final = said("`after` không phải “next” của danh sách này", "`after`: it is no `next` of this list")
_WIDEST: Final = 1 << 63


def _fits(value: object, kind: type[int] | type[str] | None) -> bool:
    if value is None:
        return kind is None
    if isinstance(value, int) and not isinstance(value, bool):
        return kind in (int, None) and -_WIDEST <= value < _WIDEST
    return kind is str and isinstance(value, str) and "\0" not in value  # PostgreSQL takes no NUL in a text
