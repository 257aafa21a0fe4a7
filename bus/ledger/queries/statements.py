"""The SQL behind lists and counters of deliveries: the keys of one branch, in the order of the list."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Select,
    Text,
    and_,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
)

from bus.handling.statuses import PENDING
from bus.ledger.queries.paging import Cursor
from bus.ledger.queries.wanted import Branch, Filter, Standing
from bus.ledger.tables import now as tables
from bus.store.sql.times import from_micros, to_micros
from schemas.codes import Outcome

Keys: TypeAlias = Select[int, int, str]
"""Time, document, agency."""

_d, _v, _o = tables.document.c, tables.delivery.c, tables.obligation.c
_earlier = tables.obligation.alias("earlier")

IS_RECIPIENT: Final = _v.message.is_not(None)
"""Who only spoke of a document, and was never sent it, is none."""
_SILENT: Final = and_(_v.state.is_(None), _v.withdrawn.is_(False))

# The words of the partial indexes (bus/ledger/derived.py): said otherwise, they would not be found.
_CHANGED: Final = _v.change != literal_column("'none'")
_RARE: Final = or_(_CHANGED, _v.state == literal_column("'02'"), _v.outcome == literal_column("'refused'"))

STANDS: Final[Mapping[Standing, ColumnElement[bool]]] = {
    Standing.UNRECEIPTED: and_(_SILENT, _v.outcome.is_(None)),
    Standing.RECEIPTED: and_(_SILENT, _v.outcome == str(Outcome.HELD)),
    Standing.NOT_TAKEN: and_(_SILENT, _v.outcome == str(Outcome.REFUSED)),
    **{
        standing: and_(_v.state == standing.value, _v.withdrawn.is_(False))
        for standing in Standing
        if standing.value.isdecimal()
    },
    Standing.WITHDRAWN: and_(_CHANGED, _v.withdrawn.is_(True)),
    Standing.CHANGE_ASKED: and_(_CHANGED, _v.change.in_(sorted(PENDING)), _v.withdrawn.is_(False)),
}
"""As `standing_of`, over columns."""


_ALWAYS: Final = literal(2**62, BigInteger)
"""After every time."""


class _Driven(NamedTuple):
    """Which table a statement walks: the other one is looked up row by row."""

    at: Column[int]
    document: Column[int]
    sender: Column[str]
    business: Column[int]
    joined: bool
    """Deliveries are looked up by the document."""


_BY_DELIVERY: Final = _Driven(_v.sent_at, _v.document, _v.sender, _v.business, joined=False)
_BY_DOCUMENT: Final = _Driven(_d.sent_at, _d.number, _d.sender, _d.business, joined=True)


def listing(wanted: Filter, branch: Branch, *, after: Cursor | None) -> Keys:
    """Deliveries, the newest first."""
    by = _driven(branch, wanted.standing)
    statement = _deliveries(by, wanted, branch)
    if wanted.standing is not None:
        statement = statement.where(*_stands(branch, wanted.standing))
    if after is not None and after.at is not None:
        statement = statement.where(*_older(by, after))
    return statement.order_by(by.at.desc(), by.document.desc(), _v.agency.desc())


def counting(wanted: Filter, branch: Branch, standing: Standing) -> Keys:
    """Deliveries at a standing, in no order."""
    return _deliveries(_driven(branch, standing), wanted, branch).where(*_stands(branch, standing))


def newest(wanted: Filter, branch: Branch, *, most: int) -> Select[*tuple[Any, ...]]:
    """How many of the newest deliveries stand alike: whether withdrawn, state, outcome, change, how many."""
    facts = (_v.withdrawn, _v.state, _v.outcome, _v.change)
    statement = _deliveries(_BY_DOCUMENT, wanted, branch).add_columns(*facts)
    some = statement.order_by(_d.sent_at.desc(), _d.number.desc()).limit(most).subquery()
    alike = tuple(some.c[fact.name] for fact in facts)
    return select(*alike, func.count()).group_by(*alike)


def late_listing(wanted: Filter, branch: Branch, *, now: datetime, after: Cursor | None) -> Keys:
    """Deliveries of which something is overdue, the longest overdue first, once each."""
    statement = late_counting(wanted, branch, now=now)
    if wanted.standing is not None:
        statement = statement.where(STANDS[wanted.standing])
    if after is not None and after.at is not None:
        at = to_micros(after.at)
        statement = statement.where(_o.due_at >= at, tuple_(_o.due_at, _o.document, _o.recipient) > _place(at, after))
    return statement.order_by(_o.due_at, _o.document, _o.recipient)


def late_counting(wanted: Filter, branch: Branch, *, now: datetime) -> Keys:
    """Deliveries of which something is overdue, in no order."""
    e = _earlier.c
    before = or_(e.due_at < _o.due_at, and_(e.due_at == _o.due_at, e.clock < _o.clock))
    of_it = and_(e.document == _o.document, e.recipient == _o.recipient)
    statement = select(_o.due_at, _o.document, _o.recipient).where(
        _o.open, _o.due_at < to_micros(now), ~exists().where(of_it, e.open, before)
    )
    if branch.recipient is not None:
        statement = statement.where(_o.debtor == branch.recipient)
    if branch.sender is not None:
        statement = statement.where(_o.creditor == branch.sender)
    if branch.not_from:
        statement = statement.where(_o.creditor.not_in(sorted(branch.not_from)))
    if wanted.standing or wanted.since or wanted.until or wanted.business is not None:
        joined = and_(_v.document == _o.document, _v.agency == _o.recipient)
        statement = statement.join_from(tables.obligation, tables.delivery, joined)
        statement = statement.where(*_facts(_BY_DELIVERY, wanted))
    return statement


def _driven(branch: Branch, standing: Standing | None) -> _Driven:
    """By the table that has an index of what is asked, in the order of the list."""
    by_standing = standing is not None and (branch.sender is not None or standing in _FEW)
    return _BY_DELIVERY if branch.recipient is not None or by_standing else _BY_DOCUMENT


def _stands(branch: Branch, standing: Standing) -> tuple[ColumnElement[bool], ...]:
    is_of_all = branch.sender is None and branch.recipient is None
    return (STANDS[standing], _RARE) if is_of_all and standing in _OUT_OF_THE_ORDINARY else (STANDS[standing],)


_OUT_OF_THE_ORDINARY: Final = frozenset(
    {Standing.NOT_TAKEN, Standing.REFUSED, Standing.WITHDRAWN, Standing.CHANGE_ASKED}
)
_FEW: Final = _OUT_OF_THE_ORDINARY | {Standing.UNRECEIPTED}
"""Have an index of all agencies' together."""


def _older(by: _Driven, after: Cursor) -> tuple[ColumnElement[bool], ...]:
    """Behind the cursor. The first alone lets an index begin there; a comparison of rows would have SQLite choose the
    index by it, and no better one."""
    at, number = to_micros(after.at or _BEGINNING), after.document
    shown = or_(by.document > number, and_(by.document == number, _v.agency >= after.agency))
    return by.at <= at, not_(and_(by.at == at, shown))


_BEGINNING: Final = from_micros(0)


def _deliveries(by: _Driven, wanted: Filter, branch: Branch) -> Keys:
    statement = select(by.at, by.document, _v.agency).where(IS_RECIPIENT, *_facts(by, wanted))
    if by.joined:
        statement = statement.join_from(tables.document, tables.delivery, _v.document == _d.number)
        # Without a bound SQLite, which counts no rows until told to, would rather read all deliveries and sort them.
        statement = statement.where(by.at < _ALWAYS)
    if branch.recipient is not None:
        statement = statement.where(_v.agency == branch.recipient)
    if branch.sender is not None:
        statement = statement.where(by.sender == branch.sender)
    if branch.not_from:
        statement = statement.where(by.sender.not_in(sorted(branch.not_from)))
    return statement


def _facts(by: _Driven, wanted: Filter) -> list[ColumnElement[bool]]:
    facts = list[ColumnElement[bool]]()
    if wanted.since is not None:
        facts.append(by.at >= to_micros(wanted.since))
    if wanted.until is not None:
        facts.append(by.at < to_micros(wanted.until))
    if wanted.business is not None:
        facts.append(by.business == int(wanted.business))
    return facts


def _place(at: int, after: Cursor) -> Any:
    return tuple_(literal(at, BigInteger), literal(after.document, BigInteger), literal(after.agency, Text))
