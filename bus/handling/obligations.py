"""What one recipient owes about one document: which clocks began, when each is due, what met or ended it. Pure: the
same facts, rules and calendars give the same obligations, whenever they are asked.

Something met or void is counted by the calendar and the successors known at that moment, so that what people were told
then stays true; what is open is counted by the newest.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple, Protocol, TypeAlias

from bus.handling.clocks import ANSWER, TABLE, Clock, End, Limit, Span, Start
from bus.handling.working_days import day_of, end_of, moment
from schemas.codes import Priority, StatusCode
from schemas.values import AgencyCode

_MOST_RECKONED: Final = 10_000
_MOST_SUCCESSORS: Final = 8
"""Agencies in a row that each succeed the one before: bus/directory/sources.py allows no more."""


class WorkingDays(Protocol):
    """bus/handling/working_days.py has the one that is used."""

    def is_working(self, day: date) -> bool: ...

    def after(self, day: date, days: int) -> date:
        """The n-th working day after this day, which itself does not count."""

    def editions(self, first: date, last: date) -> str: ...

    def is_provisional(self, day: date) -> bool: ...


class Calendars(Protocol):
    def known(self, at: datetime | None) -> WorkingDays:
        """By the editions that were known at that moment; None: by all."""


class Succession(NamedTuple):
    """An agency closed, and another takes over what it owes and is owed."""

    on: date
    to: AgencyCode


def nobody_closed(agency: AgencyCode) -> Succession | None:
    return None


@dataclass(frozen=True, slots=True)
class Rules:
    """What obligations are judged by."""

    calendars: Calendars
    clocks: Sequence[Clock] = TABLE
    successor: Callable[[AgencyCode], Succession | None] = nobody_closed
    """One step; who succeeds the successor is asked next."""
    reckoned: dict[tuple[object, ...], tuple[WorkingDays, "Due"]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """A cache: thousands of obligations begin on one day."""


_Asked: TypeAlias = tuple[str, int, date, date | None, int]


class Answer(NamedTuple):
    at: datetime
    by: StatusCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one document at one recipient."""

    sender: AgencyCode
    recipient: AgencyCode
    priority: Priority
    sent_at: datetime
    held_at: datetime | None = None
    """Of its mailbox's receipt."""
    due_on: date | None = None
    is_change: bool = False
    """It changes a document that was sent before: only an answer is owed."""
    first: Mapping[StatusCode, datetime] = field(default_factory=dict)
    """The first time of each status."""
    asked_at: datetime | None = None
    """The last take-back, revocation or update that had to be answered."""
    answered: Answer | None = None
    """What answered it."""
    ended: Mapping[End, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    clock: Clock
    debtor: AgencyCode
    creditor: AgencyCode
    started_at: datetime
    warn_at: datetime | None = None
    due_at: datetime | None = None
    met_at: datetime | None = None
    met_by: str | None = None
    void_at: datetime | None = None
    void_why: End | None = None
    calendar: str = ""
    provisional: bool = False
    passed_to: AgencyCode | None = None


def obligations(facts: Facts, rules: Rules) -> Iterator[Obligation]:
    """In the order of the clocks: those that have begun, each at most once."""
    nobody_passes = rules.successor(facts.recipient) is None and rules.successor(facts.sender) is None
    for clock in rules.clocks:
        if clock.starts is Start.ASKED:
            if facts.asked_at is None:  # nearly always
                continue
        elif facts.is_change:
            continue
        limit = clock.limit_of(facts.priority)
        if limit.span is Span.DUE_DAY and facts.due_on is None:
            continue
        met = _met(clock, facts)
        started_at = _started(clock, facts, met)
        if started_at is None:
            continue
        void = _void(clock, facts)
        if met and void:  # what came first
            met, void = (met, None) if met.at <= void[0] else (None, void)
        closed_at = met.at if met else void[0] if void else None
        due = _due(limit, started_at, facts.due_on, closed_at, rules)
        debtor, creditor = facts.recipient, facts.sender
        if not nobody_passes:
            debtor, creditor = (passed(each, closed_at, rules.successor) for each in (debtor, creditor))
        yield Obligation(
            clock=clock,
            debtor=debtor,
            creditor=creditor,
            started_at=started_at,
            warn_at=max(due.at - clock.warn, started_at) if due.at else None,
            due_at=due.at,
            met_at=met.at if met else None,
            met_by=met.by if met else None,
            void_at=void[0] if void else None,
            void_why=void[1] if void else None,
            calendar=due.calendar,
            provisional=due.provisional,
            passed_to=debtor if debtor != facts.recipient else None,
        )


def _met(clock: Clock, facts: Facts) -> Answer | None:
    if clock.starts is Start.ASKED:
        return facts.answered if ANSWER in clock.met_by else None
    found: Answer | None = None
    for code, at in facts.first.items():
        if code in clock.met_by and (found is None or (at, code) < found):
            found = Answer(at, code)
    return found


def _started(clock: Clock, facts: Facts, met: Answer | None) -> datetime | None:
    """None: not yet. What is met has begun, even where nobody told of its beginning."""
    match clock.starts:
        case Start.SENT:
            return facts.sent_at
        case Start.ASKED:
            return facts.asked_at
        case Start.ARRIVED:
            began = facts.first.get(StatusCode.ARRIVED) or facts.held_at
        case StatusCode() as code:
            began = facts.first.get(code)
    return began or (facts.sent_at if met else None)


def _void(clock: Clock, facts: Facts) -> tuple[datetime, End] | None:
    if not facts.ended:  # nearly always
        return None
    return min(((at, end) for end, at in facts.ended.items() if end in clock.void_by), default=None)


class Due(NamedTuple):
    at: datetime | None
    calendar: str = ""
    """Editions it was counted by; "" where working days play no part."""
    provisional: bool = False


def _due(limit: Limit, started_at: datetime, due_on: date | None, closed_at: datetime | None, rules: Rules) -> Due:
    days = rules.calendars.known(closed_at)
    if limit.span is Span.HOURS:
        return reckon(limit, started_at, due_on=due_on, days=days)
    key = (limit.span, limit.amount, day_of(started_at), due_on, id(days))  # `days` is kept: its id is no other's
    if (known := rules.reckoned.get(key)) is not None:
        return known[1]
    if len(rules.reckoned) >= _MOST_RECKONED:
        rules.reckoned.clear()
    due = reckon(limit, started_at, due_on=due_on, days=days)
    rules.reckoned[key] = days, due
    return due


def reckon(limit: Limit, started_at: datetime, *, due_on: date | None, days: WorkingDays) -> Due:
    """Until when. The end of a day is the first moment after it."""
    first = day_of(started_at)
    match limit.span:
        case Span.NONE:
            return Due(None)
        case Span.HOURS:
            return Due(started_at + timedelta(hours=limit.amount))
        case Span.AT_ONCE:
            return Due(end_of(first))
        case Span.DAY:
            last = first if days.is_working(first) else days.after(first, 1)
        case Span.NEXT_DAY:
            last = days.after(first, 1)
        case Span.WORKING_DAYS:
            last = days.after(first, limit.amount)
        case Span.DUE_DAY:
            assert due_on is not None
            first, last = due_on, due_on if days.is_working(due_on) else days.after(due_on, 1)
    return Due(end_of(last), days.editions(first, last), days.is_provisional(first) or days.is_provisional(last))


def passed(
    agency: AgencyCode, closed_at: datetime | None, successor: Callable[[AgencyCode], Succession | None]
) -> AgencyCode:
    """Who owes, or is owed: of what was still open when the agency closed, its successor."""
    if successor(agency) is None:  # nearly always
        return agency
    for step in successions(agency, successor):
        if closed_at is not None and closed_at < beginning_of(step.on):
            break
        agency = step.to
    return agency


def successions(agency: AgencyCode, successor: Callable[[AgencyCode], Succession | None]) -> Iterator[Succession]:
    """The successor of an agency, that one's, and so on, each with the day since which it stands for the agency."""
    on = date.min
    for _ in range(_MOST_SUCCESSORS):
        step = successor(agency)
        if step is None:
            return
        agency, on = step.to, max(on, step.on)
        yield Succession(on, agency)


def beginning_of(day: date) -> datetime:
    """The first moment of a day of Việt Nam, in UTC."""
    return moment(day, time())
