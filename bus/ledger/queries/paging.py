"""Pages of a list by keyset: the next page begins behind the last row shown, whatever came meanwhile."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, Generic, NamedTuple, TypeVar

from bus.ledger.records import DocumentNumber
from schemas.values import AgencyCode

T = TypeVar("T")

MOST: Final = 1000
"""Rows of one page; and how far a counter counts: beyond it says "1,000 or more"."""


class Cursor(NamedTuple):
    """The last row of a page: the time that the list is in the order of, and which row of that time."""

    at: datetime | None
    """None: among those without a time, which stand at the end."""
    document: DocumentNumber
    agency: AgencyCode
    clock: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    rows: Sequence[T]
    next: Cursor | None
    """Where the next page begins; None: this is the last one."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A bounded count."""

    count: int
    more: bool
    """There may be more than that; how many is not counted."""


def page(rows: Iterable[T], *, limit: int, cursor: Callable[[T], Cursor]) -> Page[T]:
    """Of the rows, which are one more than `limit` where there is a next page."""
    some = list(islice(rows, limit + 1))
    more = len(some) > limit
    return Page(some[:limit], cursor(some[limit - 1]) if more else None)


def amount(count: int) -> Amount:
    return Amount(min(count, MOST), count > MOST)
