"""A report, read from a ledger: two statements, and what they found put into figures."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Column, ColumnElement, Connection, and_, bindparam, case, func, or_, select

from bus.directory.agencies import Directory
from bus.handling.working_days import Calendar, end_of
from bus.ledger.reports.figures import Counted, Figures, Owed, Paper, Report, grouped, of_kind
from bus.ledger.reports.question import Question
from bus.ledger.tables import now as tables
from bus.store.sql.times import to_micros
from schemas.agency import Agency
from schemas.values import AgencyCode

_AFTER_DOT: Final = "/"
"""The letter after the dot: codes below `H49` lie between `H49.` and `H49/`."""

_daily, _obligation, _document = tables.daily.c, tables.obligation.c, tables.document.c

COUNTED: Final = (
    select(_daily.agency, _daily.measure, _daily.detail, func.sum(_daily.amount))
    .where(_daily.day >= bindparam("first"), _daily.day <= bindparam("last"))
    .group_by(_daily.agency, _daily.measure, _daily.detail)
)
"""What was counted on the days of a period, by agency."""

OWED: Final = (
    select(
        _obligation.debtor,
        _obligation.clock,
        func.count(),
        func.sum(case((_obligation.due_at < bindparam("now"), 1), else_=0)),
    )
    .join(tables.document, _document.number == _obligation.document)
    .where(_obligation.open, _document.sent_at >= bindparam("since"), _document.sent_at < bindparam("until"))
    .group_by(_obligation.debtor, _obligation.clock)
)
"""What is owed now about documents sent in a period, and how much of it is late, by debtor and clock."""


def report(
    connection: Connection,
    question: Question,
    *,
    now: datetime,
    directory: Directory | None = None,
    calendar: Calendar | None = None,
    paper: Mapping[AgencyCode, Paper] | None = None,
) -> Report:
    """All figures of one question. A report of all agencies has a line for each ministry and province, with what is
    below it; that of one agency, a line for each unit. `directory` knows the names, and what is below what; without it
    each code stands for itself."""
    counted, owed = _counted(connection, question, directory), list(_owed(connection, question, directory, now))
    earlier = question.before()
    whole = question.agency is None

    def unit(code: AgencyCode) -> AgencyCode:
        if directory is None or not whole:
            return code
        *_, top = (code, *(agency.code for agency in directory.book.line(code)))
        return top

    units = grouped(counted, owed, unit=unit)
    days = calendar or Calendar()
    period = question.period
    return Report(
        question=question,
        made_at=now,
        total=Figures.of(counted, owed),
        before=Figures.of(_counted(connection, earlier, directory), _owed(connection, earlier, directory, now)),
        units=units,
        names={
            code: code if directory is None else directory.name(code)
            for code in (*units, *([question.agency] if question.agency else []))
        },
        paper=_of_units(paper or {}, question, directory, unit=unit),
        calendar=days.editions(period.first, period.last),
        provisional=days.is_provisional(period.first) or days.is_provisional(period.last),
    )


def _counted(connection: Connection, question: Question, directory: Directory | None) -> list[Counted]:
    period = question.period
    statement = COUNTED.where(*_of(_daily.agency, question, directory))
    rows = connection.execute(statement, {"first": period.first.isoformat(), "last": period.last.isoformat()})
    return of_kind(
        (Counted(agency, measure, detail, int(amount)) for agency, measure, detail, amount in rows), question.kind
    )


def _owed(connection: Connection, question: Question, directory: Directory | None, now: datetime) -> Iterator[Owed]:
    period = question.period
    statement = OWED.where(*_of(_obligation.debtor, question, directory))
    if question.kind is not None:
        statement = statement.where(_document.business == int(question.kind))
    since, until = end_of(period.first - timedelta(days=1)), end_of(period.last)
    values = {"now": to_micros(now), "since": to_micros(since), "until": to_micros(until)}
    for debtor, clock, open_, overdue in connection.execute(statement, values):
        yield Owed(debtor, clock, open_, int(overdue or 0))


def _of_units(
    paper: Mapping[AgencyCode, Paper],
    question: Question,
    directory: Directory | None,
    *,
    unit: Callable[[AgencyCode], AgencyCode],
) -> dict[AgencyCode, Paper]:
    """What went on paper by the report's units, as its other figures are; of agencies outside the report nothing."""
    told = defaultdict[AgencyCode, Paper](lambda: Paper(0, 0))
    for code, some in paper.items():
        if _is_of(code, question, directory):
            before = told[unit(code)]
            told[unit(code)] = Paper(before.sent + some.sent, before.received + some.received)
    return dict(told)


def _is_of(code: AgencyCode, question: Question, directory: Directory | None) -> bool:
    """As `_of`, of one code."""
    above = question.agency
    if above is None or code == above:
        return True
    return question.below and (
        code.startswith(f"{above}.") or any(each.code == above for each in _line(directory, code))
    )


def _of(column: Column[str], question: Question, directory: Directory | None) -> Iterator[ColumnElement[bool]]:
    """That agency, and what is below it by its code or by the directory."""
    code = question.agency
    if code is None:
        return
    if not question.below:
        yield column == code
        return
    begin, end = f"{code}.", f"{code}{_AFTER_DOT}"
    listed = () if directory is None else (each.code for each in directory.agencies if not begin <= each.code < end)
    others = [each for each in listed if each == code or any(above.code == code for above in _line(directory, each))]
    yield or_(column == code, and_(column >= begin, column < end), column.in_(others))


def _line(directory: Directory | None, code: AgencyCode) -> Iterator[Agency]:
    return iter(()) if directory is None else directory.book.line(code)
