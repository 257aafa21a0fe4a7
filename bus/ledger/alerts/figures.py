"""The figures by which the ledger's own record is judged, each a statement with a sentence. What they mean: find.py."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Integer, and_, bindparam, case, cast, func, literal_column, or_, select, true

from bus.ledger.tables import GENUINE, event, seen
from bus.ledger.tables import now as in_use
from bus.store.sql.times import from_micros, to_micros
from schemas.docket import Docket
from schemas.values import AgencyCode, MailboxCode, MessageId

MOST: Final = 5000
"""Documents without a receipt that are looked at, the oldest first: of the others only how many, by mailbox."""

GIVEN_UP: Final = timedelta(days=30)
"""What has waited longer raises no alert: whoever sent it has known for weeks. Lists still show it."""


class Unproven(NamedTuple):
    publisher: MailboxCode
    standing: str
    amount: int
    last_at: datetime


class Unreceipted(NamedTuple):
    mailbox: MailboxCode
    agency: AgencyCode
    message: MessageId
    sent_at: datetime


class Waiting(NamedTuple):
    mailbox: MailboxCode
    agency: AgencyCode
    amount: int
    oldest_at: datetime


class Owed(NamedTuple):
    agency: AgencyCode
    amount: int
    oldest_at: datetime


document = in_use.document
_e, _d, _o, _y = event.c, in_use.delivery.c, in_use.obligation.c, in_use.daily.c

_GENUINE: Final[Any] = literal_column(f"'{GENUINE}'")
"""In the statement itself: an index over the others is used where its condition is written so."""

UNPROVEN = (
    select(_e.publisher, _e.standing, func.count().label("amount"), func.max(_e.received_at).label("last"))
    .where(_e.received_at >= bindparam("since"), _e.standing != _GENUINE)
    .group_by(_e.publisher, _e.standing)
    .order_by(_e.publisher, func.count().desc())
)
"""Events received since a time whose signature does not stand, by who published them and why."""

_WAITS: Final = (
    _d.outcome.is_(None),
    _d.state.is_(None),
    _d.message.is_not(None),
    _d.withdrawn.is_(False),
    _d.sent_at < bindparam("before"),
    _d.sent_at >= bindparam("after"),
    or_(document.c.expires_at.is_(None), document.c.expires_at > bindparam("now")),
)

UNRECEIPTED = (
    select(_d.mailbox, _d.agency, _d.message, _d.sent_at)
    .join(document, document.c.number == _d.document)
    .where(*_WAITS)
    .order_by(_d.sent_at)
    .limit(bindparam("limit", type_=Integer))
)
"""Documents that were sent between two times and that their recipient neither receipted nor gave any status of."""

UNRECEIPTED_AT = (
    select(_d.mailbox, _d.agency, func.count().label("amount"), func.min(_d.sent_at).label("oldest"))
    .join(document, document.c.number == _d.document)
    .where(*_WAITS)
    .group_by(_d.mailbox, _d.agency)
    .order_by(_d.mailbox, _d.agency)
)
"""How many there are of these at each mailbox, for each agency, and since when: however many they are."""

DOCKETS = (
    select(_e.docket)
    .join(seen, and_(seen.c.event == _e.number, seen.c.genuine == true()))
    .where(seen.c.message.in_(bindparam("messages", expanding=True)))
)
"""The dockets of some messages, as their senders signed them."""

OVERDUE = (
    select(_o.debtor, func.count().label("amount"), func.min(_o.due_at).label("oldest"))
    .where(_o.open, _o.due_at < bindparam("now"))
    .group_by(_o.debtor)
)
"""What is overdue, by who owes it."""

BY_DAY = (
    select(_y.agency, _y.day, _y.detail, func.sum(_y.amount).label("amount"))
    .where(_y.measure == bindparam("measure"), _y.day.in_(bindparam("days", expanding=True)))
    .group_by(_y.agency, _y.day, _y.detail)
)
"""One measure of some days, by agency, day and detail."""

OPEN = select(
    func.count().label("open"),
    func.coalesce(func.sum(case((_o.due_at < bindparam("now"), 1), else_=0)), 0).label("overdue"),
    func.coalesce(func.sum(cast(_o.provisional, Integer)), 0).label("provisional"),
).where(_o.open)
"""How much is owed, how much of that is overdue, and how much has a provisional deadline."""


def unproven(connection: Connection, *, since: datetime) -> Sequence[Unproven]:
    """The most frequent reason of each mailbox first."""
    return [
        Unproven(row.publisher, row.standing, row.amount, from_micros(row.last))
        for row in connection.execute(UNPROVEN, {"since": to_micros(since)})
    ]


def unreceipted(connection: Connection, *, before: datetime, now: datetime) -> Sequence[Unreceipted]:
    """Oldest first, at most MOST. An expired document waits for nobody, nor does one that was given up."""
    values = {**_between(before, now), "limit": MOST}
    return [
        Unreceipted(row.mailbox, row.agency, row.message, from_micros(row.sent_at))
        for row in connection.execute(UNRECEIPTED, values)
    ]


def unreceipted_at(connection: Connection, *, before: datetime, now: datetime) -> Sequence[Waiting]:
    """By mailbox and agency, of all of them."""
    return [
        Waiting(row.mailbox, row.agency, row.amount, from_micros(row.oldest))
        for row in connection.execute(UNRECEIPTED_AT, _between(before, now))
    ]


def oldest_unreceipted(
    connection: Connection, *, now: datetime, is_closed: Callable[[AgencyCode], bool] = lambda _: False
) -> datetime | None:
    """When the oldest of them was sent, but for those to closed agencies."""
    waiting = unreceipted_at(connection, before=now, now=now)
    return min((each.oldest_at for each in waiting if not is_closed(each.agency)), default=None)


def _between(before: datetime, now: datetime) -> dict[str, int]:
    return {"before": to_micros(before), "after": to_micros(now - GIVEN_UP), "now": to_micros(now)}


def with_blobs(connection: Connection, messages: Collection[MessageId]) -> frozenset[MessageId]:
    """Which of them have attachments that travel apart."""
    found, left = set[MessageId](), sorted(messages)
    while left:
        some, left = left[:500], left[500:]
        for (docket,) in connection.execute(DOCKETS, {"messages": some}):
            read = Docket.from_kept(docket)
            if read.blobs:
                found.add(read.id)
    return frozenset(found)


def overdue(connection: Connection, *, now: datetime) -> Sequence[Owed]:
    return [
        Owed(row.debtor, row.amount, from_micros(row.oldest))
        for row in connection.execute(OVERDUE, {"now": to_micros(now)})
    ]


def by_day(
    connection: Connection, measure: str, days: Collection[date]
) -> Mapping[AgencyCode, Mapping[tuple[date, str], int]]:
    """Of each agency, by day and detail."""
    found: defaultdict[AgencyCode, dict[tuple[date, str], int]] = defaultdict(dict)
    values = {"measure": measure, "days": [each.isoformat() for each in days]}
    for row in connection.execute(BY_DAY, values):
        found[row.agency][date.fromisoformat(row.day), row.detail] = int(row.amount)
    return found


class Owing(NamedTuple):
    open: int
    overdue: int
    provisional: int


def owing(connection: Connection, *, now: datetime) -> Owing:
    row = connection.execute(OPEN, {"now": to_micros(now)}).one()
    return Owing(int(row.open), int(row.overdue), int(row.provisional))
