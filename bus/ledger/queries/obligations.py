"""What agencies owe each other: what is open, the earliest due first; what was met or ended, by time; and how much."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Row, Select, Text, and_, case, func, literal, or_, select, tuple_

from bus.ledger.queries.loading import documents_of
from bus.ledger.queries.paging import Cursor, Page, page
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
    rows = _open(connection, asked, after=after, limit=limit + 1)
    found = page(map(obligation_of, rows), limit=limit, cursor=_cursor)
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
    at, document, statement = _settled(asked)
    statement = statement.where(_o.open.is_(False), at >= to_micros(since), at < to_micros(until))
    if after is not None and after.at is not None:
        micros = to_micros(after.at)
        place = tuple_(at, document, _o.recipient, _o.clock) < _place(micros, after)
        statement = statement.where(at <= micros, place)
    order = (at.desc(), document.desc(), _o.recipient.desc(), _o.clock.desc())
    rows = connection.execute(_among(statement, asked).order_by(*order).limit(limit + 1)).all()
    owed = _with_documents(connection, list(map(obligation_of, rows[:limit])))
    if len(rows) <= limit:
        return Page(owed, None)
    last = rows[limit - 1]
    return Page(owed, Cursor(from_micros(last.of_sending), last.document, last.recipient, last.clock))


def _settled(asked: Asked) -> tuple[Column[int], Column[int], Select[Any]]:
    """By the deliveries to the debtor, or the documents of the creditor: whichever has an index."""
    if asked.debtor is None:
        statement = select(tables.obligation, _d.sent_at.label("of_sending")).join_from(
            tables.document, tables.obligation, _o.document == _d.number
        )
        return (
            _d.sent_at,
            _d.number,
            statement if asked.creditor is None else statement.where(_d.sender == asked.creditor),
        )
    is_of = and_(_o.document == _v.document, _o.recipient == _v.agency)
    statement = select(tables.obligation, _v.sent_at.label("of_sending")).join_from(
        tables.delivery, tables.obligation, is_of
    )
    if asked.creditor is not None:
        statement = statement.where(_v.sender == asked.creditor)
    return _v.sent_at, _v.document, statement.where(_v.agency == asked.debtor)


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


def _open(connection: Connection, asked: Asked, *, after: Cursor | None, limit: int) -> Sequence[Row[Any]]:
    """Rows of `obligation`: those with a due time by its index, then those without."""
    rows = list[Row[Any]]()
    if after is None or after.at is not None:
        rows += _dated(connection, asked, after=after, limit=limit)
    if len(rows) < limit and asked.due_before is None:
        behind = after if after is not None and after.at is None else None
        rows += _undated(connection, asked, after=behind, limit=limit - len(rows))
    return rows


def _dated(connection: Connection, asked: Asked, *, after: Cursor | None, limit: int) -> Iterator[Row[Any]]:
    statement = _among(select(tables.obligation).where(_o.open, _o.due_at.is_not(None)), asked)
    for end in _ends(asked):
        statement = statement.where(end)
    if asked.due_before is not None:
        statement = statement.where(_o.due_at < to_micros(asked.due_before))
    if after is not None and after.at is not None:
        at = to_micros(after.at)
        place = tuple_(_o.due_at, _o.document, _o.recipient, _o.clock) > _place(at, after)
        statement = statement.where(_o.due_at >= at, place)
    yield from connection.execute(statement.order_by(_o.due_at, _o.document, _o.recipient, _o.clock).limit(limit))


def _undated(connection: Connection, asked: Asked, *, after: Cursor | None, limit: int) -> Iterator[Row[Any]]:
    statement = _among(select(tables.obligation).where(_o.open, _o.due_at.is_(None)), asked)
    for end in _ends(asked):
        statement = statement.where(end)
    if after is not None:
        place = tuple_(literal(after.document, BigInteger), literal(after.agency, Text), literal(after.clock, Text))
        statement = statement.where(tuple_(_o.document, _o.recipient, _o.clock) > place)
    yield from connection.execute(statement.order_by(_o.document, _o.recipient, _o.clock).limit(limit))


def _ends(asked: Asked) -> Iterator[Any]:
    if asked.debtor is not None:
        yield _o.debtor == asked.debtor
    if asked.creditor is not None:
        yield _o.creditor == asked.creditor


def _among(statement: Select[Any], asked: Asked) -> Select[Any]:
    if asked.clocks is not None:
        statement = statement.where(_o.clock.in_(sorted(asked.clocks)))
    if asked.of is not None:
        codes = sorted(asked.of)
        statement = statement.where(or_(_o.debtor.in_(codes), _o.creditor.in_(codes)))
    return statement


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
