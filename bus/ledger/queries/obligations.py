"""What agencies owe each other: what is open, the earliest due first; what was met or ended, by time; and how much."""

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    case,
    func,
    literal,
    select,
    tuple_,
)

from bus.ledger.queries.loading import documents_of
from bus.ledger.queries.paging import Cursor, Page, page
from bus.ledger.queries.wanted import Branch, Filter, branches_of
from bus.ledger.records import DocumentNumber, DocumentRow, ObligationRow
from bus.ledger.rows import obligation_of
from bus.ledger.tables import now as tables
from bus.store.sql.times import from_micros, to_micros
from schemas.values import AgencyCode

_d, _v, _o = tables.document.c, tables.delivery.c, tables.obligation.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which obligations. None: any."""

    debtor: AgencyCode | None = None
    creditor: AgencyCode | None = None
    clocks: Collection[str] | None = None
    due_before: datetime | None = None
    """Only with a due time, before then: `now` for what is late."""
    of: Collection[AgencyCode] | None = None
    """Only where one of these owes it or is owed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An obligation with its document."""

    obligation: ObligationRow
    document: DocumentRow


@dataclass(frozen=True, slots=True)
class Tally:
    """Of one agency's open obligations: all of them, those whose time is over, and those to be warned of."""

    open: int
    late: int
    near: int
    """Their warning has come, their time is not over."""


def list_open(connection: Connection, asked: Asked, *, after: Cursor | None = None, limit: int = 50) -> Page[Owed]:
    """Neither met nor void. The earliest due first; then what has no limit in law, by document."""
    found = page(_open(connection, asked, after=after, limit=limit + 1), limit=limit, cursor=_cursor)
    return Page(_with_documents(connection, found.rows), found.next)


def list_settled(
    connection: Connection,
    asked: Asked,
    *,
    since: datetime,
    until: datetime,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page[Owed]:
    """Met or void, of documents sent within a period to the debtor, or by the creditor; the newest sent first. The
    cursor's time is that of sending."""
    found = [
        connection.execute(_settled(branch, asked, after=after, since=since, until=until).limit(limit + 1)).all()
        for branch in _branches(asked)
    ]
    rows = list(islice(heapq.merge(*found, key=_place_of_settled, reverse=True), limit + 1))
    owed = _with_documents(connection, list(map(obligation_of, rows[:limit])))
    return Page(owed, Cursor(*_place_of_settled(rows[limit - 1])) if len(rows) > limit else None)


def _settled(
    branch: Branch, asked: Asked, *, after: Cursor | None, since: datetime, until: datetime
) -> Select[*tuple[Any, ...]]:
    """By the deliveries to the debtor, or the documents of the creditor: whichever has an index. What passed to a
    successor before it was settled stands where it began."""
    if branch.recipient is None:
        at, number, sender = _d.sent_at, _d.number, _d.sender
        joined = tables.document.join(tables.obligation, _o.document == _d.number)
    else:
        at, number, sender = _v.sent_at, _v.document, _v.sender
        is_of = and_(_o.document == _v.document, _o.recipient == _v.agency)
        joined = tables.delivery.join(tables.obligation, is_of)
    statement = select(tables.obligation, at.label("of_sending")).select_from(joined)
    statement = statement.where(_o.open.is_(False), at >= to_micros(since), at < to_micros(until))
    for is_asked in _at(branch, creditor=sender, debtor=_v.agency):
        statement = statement.where(is_asked)
    if asked.clocks is not None:
        statement = statement.where(_o.clock.in_(sorted(asked.clocks)))
    if after is not None and after.at is not None:
        micros = to_micros(after.at)
        place = tuple_(at, number, _o.recipient, _o.clock) < _place(micros, after)
        statement = statement.where(at <= micros, place)
    return statement.order_by(at.desc(), number.desc(), _o.recipient.desc(), _o.clock.desc())


def _place_of_settled(row: Row[Any]) -> tuple[datetime, DocumentNumber, AgencyCode, str]:
    return from_micros(row.of_sending), DocumentNumber(row.document), row.recipient, row.clock


def obligations_of(connection: Connection, document: DocumentNumber) -> Sequence[ObligationRow]:
    """All of one document, met and void ones too: by recipient, in the order in which they began and are due."""
    rows = connection.execute(select(tables.obligation).where(_o.document == document))
    return sorted(map(obligation_of, rows), key=_order)


def _order(each: ObligationRow) -> tuple[AgencyCode, datetime, bool, datetime, str]:
    return each.recipient, each.started_at, each.due_at is None, each.due_at or each.started_at, each.clock


def tally(connection: Connection, *, now: datetime, debtors: Collection[AgencyCode]) -> Mapping[AgencyCode, Tally]:
    """How much each of these agencies owes. Counted by the index of what is open; never of all agencies at once."""
    return _tally(connection, _o.debtor, debtors, now=now)


def tally_owed_to(
    connection: Connection, *, now: datetime, creditors: Collection[AgencyCode]
) -> Mapping[AgencyCode, Tally]:
    """How much is owed to each of these agencies."""
    return _tally(connection, _o.creditor, creditors, now=now)


# -- what is open ------------------------------------------------------------------------------------------------------


def _open(connection: Connection, asked: Asked, *, after: Cursor | None, limit: int) -> Sequence[ObligationRow]:
    """Those with a due time by its index, then those without."""
    rows = list[ObligationRow]()
    branches = _branches(asked)
    if after is None or after.at is not None:
        rows += _first(connection, [_dated(branch, asked, after) for branch in branches], limit=limit)
    if len(rows) < limit and asked.due_before is None:
        behind = after if after is not None and after.at is None else None
        rows += _first(connection, [_undated(branch, asked, behind) for branch in branches], limit=limit - len(rows))
    return rows


def _first(
    connection: Connection, statements: Iterable[Select[*tuple[Any, ...]]], *, limit: int
) -> Iterator[ObligationRow]:
    """Of the branches, merged."""
    found = [list(map(obligation_of, connection.execute(statement.limit(limit)))) for statement in statements]
    return islice(heapq.merge(*found, key=_cursor), limit)


def _dated(branch: Branch, asked: Asked, after: Cursor | None) -> Select[*tuple[Any, ...]]:
    statement = _of(branch, asked).where(_o.due_at.is_not(None))
    if asked.due_before is not None:
        statement = statement.where(_o.due_at < to_micros(asked.due_before))
    if after is not None and after.at is not None:
        at = to_micros(after.at)
        place = tuple_(_o.due_at, _o.document, _o.recipient, _o.clock) > _place(at, after)
        statement = statement.where(_o.due_at >= at, place)
    return statement.order_by(_o.due_at, _o.document, _o.recipient, _o.clock)


def _undated(branch: Branch, asked: Asked, after: Cursor | None) -> Select[*tuple[Any, ...]]:
    statement = _of(branch, asked).where(_o.due_at.is_(None))
    if after is not None:
        place = tuple_(literal(after.document, BigInteger), literal(after.agency, Text), literal(after.clock, Text))
        statement = statement.where(tuple_(_o.document, _o.recipient, _o.clock) > place)
    return statement.order_by(_o.document, _o.recipient, _o.clock)


def _of(branch: Branch, asked: Asked) -> Select[*tuple[Any, ...]]:
    statement = select(tables.obligation).where(_o.open, *_at(branch, creditor=_o.creditor, debtor=_o.debtor))
    return statement if asked.clocks is None else statement.where(_o.clock.in_(sorted(asked.clocks)))


def _branches(asked: Asked) -> Sequence[Branch]:
    """A debtor is a recipient, a creditor a sender."""
    return branches_of(Filter(sender=asked.creditor, recipient=asked.debtor, of=asked.of))


def _at(branch: Branch, *, creditor: Column[str], debtor: Column[str]) -> Iterator[ColumnElement[bool]]:
    if branch.recipient is not None:
        yield debtor == branch.recipient
    if branch.sender is not None:
        yield creditor == branch.sender
    if branch.not_from:
        yield creditor.not_in(sorted(branch.not_from))


def _with_documents(connection: Connection, obligations: Sequence[ObligationRow]) -> list[Owed]:
    documents = documents_of(connection, (each.document for each in obligations))
    return [
        Owed(obligation=each, document=documents[each.document]) for each in obligations if each.document in documents
    ]


def _cursor(obligation: ObligationRow) -> Cursor:
    return Cursor(obligation.due_at, obligation.document, obligation.recipient, obligation.clock)


def _place(at: int, after: Cursor) -> Any:
    return tuple_(
        literal(at, BigInteger),
        literal(after.document, BigInteger),
        literal(after.agency, Text),
        literal(after.clock, Text),
    )


# -- how many ----------------------------------------------------------------------------------------------------------


def _tally(
    connection: Connection, end: Any, agencies: Collection[AgencyCode], *, now: datetime
) -> dict[AgencyCode, Tally]:
    at = to_micros(now)
    late = func.sum(case((_o.due_at < at, 1), else_=0))
    near = func.sum(case((and_(_o.warn_at <= at, _o.due_at >= at), 1), else_=0))
    statement = select(end, func.count(), late, near).where(_o.open, end.in_(sorted(agencies))).group_by(end)
    found = {agency: Tally(count, late, near) for agency, count, late, near in connection.execute(statement)}
    return {agency: found.get(agency, Tally(0, 0, 0)) for agency in agencies}
