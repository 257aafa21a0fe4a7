"""The log of access: who asked for what of whom. Each row holds the hash of the one before, so that a row that is
altered, taken out or put in between shows (`verify`). Rows that are cut off at the end show only against a head that
was noted elsewhere: `lienthong ledger log verify --head`.

Rows are written in a write of the ledger (`Ledger.writing`), of which there is one at a time: the numbers have no gap.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, NewType

from sqlalchemy import Connection, Row, bindparam, insert, select

from bus.errors import LogBroken, Words, said
from bus.ledger.tables import access
from bus.store.sql.times import from_micros, to_micros

AccessNumber = NewType("AccessNumber", int)

BEGINNING: Final = "0" * 64
"""What the first row of all names as the hash before it."""

_AT_ONCE: Final = 1000
"""Rows read by one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One question, and how much was shown."""

    at: datetime
    who: str
    """The name of a key or of a certificate, or a user of this machine."""
    role: str
    agency: str | None
    """Whose documents alone it may see; several are separated by spaces. None: everybody's."""
    what: str
    """`documents.list`, `report.make`; of what was refused `refused documents.list`."""
    subject: Mapping[str, object]
    """Of what: filters, ids, as JSON can tell them."""
    found: int | None
    """How many rows it was shown; None where it was refused."""


class Head(NamedTuple):
    """The last row: to be noted elsewhere. `12:9f86…`"""

    number: AccessNumber
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One row as it lies there."""

    number: AccessNumber
    at: datetime
    who: str
    role: str
    agency: str | None
    what: str
    subject: str
    """JSON."""
    found: int | None
    before: str
    hash: str


class Verified(NamedTuple):
    """Of a log that is whole. None where nothing was ever asked."""

    rows: int
    first: AccessNumber | None
    """More than 1 where the past was dropped by the rule of retention."""
    head: Head | None


def record(connection: Connection, accesses: Sequence[Access]) -> Head | None:
    """Adds rows at the end, within a write of the ledger. Returns the head."""
    head = last(connection)
    rows = []
    for each in accesses:
        row = _row(each, number=head.number + 1 if head else 1, before=head.hash if head else BEGINNING)
        head = Head(AccessNumber(row["number"]), row["hash"])
        rows.append(row)
    if rows:
        connection.execute(_ADD, rows)
    return head


def last(connection: Connection) -> Head | None:
    row = connection.execute(_LAST).one_or_none()
    return Head(AccessNumber(row.number), row.hash) if row else None


def page(
    connection: Connection, *, before: AccessNumber | None = None, who: str | None = None, limit: int = 100
) -> list[Logged]:
    """The newest first; `before`: those with smaller numbers."""
    query = _NEWEST.limit(limit)
    if before is not None:
        query = query.where(access.c.number < before)
    if who is not None:
        query = query.where(access.c.who == who)
    return [_logged(row) for row in connection.execute(query)]


def verify(connection: Connection, *, noted: Head | None = None) -> Verified:
    """Reads the whole log. `noted`: a head of an earlier day, which must still be there. Raises LogBroken, naming the
    first row that does not follow from the one before."""
    count, first, head = 0, None, None
    for row in _all(connection):
        if head is None:
            first = row.number
            if row.number == 1 and row.before != BEGINNING:
                raise LogBroken(number=row.number, why=_NOT_THE_FIRST)
        elif row.number != head.number + 1:
            raise LogBroken(number=head.number + 1, why=_MISSING)
        elif row.before != head.hash:
            raise LogBroken(number=row.number, why=_ANOTHER_BEFORE)
        if row.hash != _hash(_plain(row)):
            raise LogBroken(number=row.number, why=_ALTERED)
        head = Head(row.number, row.hash)
        if noted is not None and noted.number == row.number and noted.hash != row.hash:
            raise LogBroken(number=row.number, why=_ANOTHER_NOTED)
        count += 1
    if noted is not None and (head is None or head.number < noted.number):
        raise LogBroken(number=head.number + 1 if head else 1, why=_CUT_OFF)
    return Verified(count, first, head)


_NOT_THE_FIRST: Final = said("dòng đầu không phải là dòng bắt đầu", "its first row is not the beginning")
_MISSING: Final = said("thiếu dòng", "rows are missing")
_ANOTHER_BEFORE: Final = said("không nối tiếp dòng trước", "it does not follow from the row before")
_ALTERED: Final = said("nội dung đã bị sửa", "what it says was altered")
_ANOTHER_NOTED: Final = said("khác với dấu đã ghi lại trước đây", "it is not the row whose hash was noted")
_CUT_OFF: Final[Words] = said("bị cắt mất đoạn cuối", "the end is cut off")

_ADD: Final = insert(access)
"""Adds one row at the end."""

_LAST: Final = select(access.c.number, access.c.hash).order_by(access.c.number.desc()).limit(1)
"""Number and hash of the newest row."""

_NEWEST: Final = select(access).order_by(access.c.number.desc())
"""Rows from the newest back."""

_ON: Final = select(access).where(access.c.number > bindparam("number")).order_by(access.c.number).limit(_AT_ONCE)
"""The next rows, in order."""


def _all(connection: Connection) -> Iterator[Logged]:
    number = -1
    while rows := connection.execute(_ON, {"number": number}).all():
        yield from map(_logged, rows)
        number = rows[-1].number


def _row(given: Access, *, number: int, before: str) -> dict[str, Any]:
    row = {
        "number": number,
        "at": to_micros(given.at),
        "who": given.who,
        "role": given.role,
        "agency": given.agency,
        "what": given.what,
        "subject": json.dumps(given.subject, default=str, sort_keys=True),  # ASCII: what strangers typed, too
        "found": given.found,
        "before": before,
    }
    return {**row, "hash": _hash(row)}


def _hash(row: Mapping[str, Any]) -> str:
    """SHA-256 over a JSON array of the columns but `hash`, in the order of the table, in ASCII, without spaces."""
    columns = [row[column.name] for column in access.columns if column.name != "hash"]
    return hashlib.sha256(json.dumps(columns, separators=(",", ":")).encode("ascii")).hexdigest()


def _plain(row: Logged) -> dict[str, Any]:
    return {
        "number": row.number,
        "at": to_micros(row.at),
        "who": row.who,
        "role": row.role,
        "agency": row.agency,
        "what": row.what,
        "subject": row.subject,
        "found": row.found,
        "before": row.before,
    }


def _logged(row: Row[Any]) -> Logged:
    return Logged(**{**row._asdict(), "at": from_micros(row.at)})
