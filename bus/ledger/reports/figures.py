"""The figures of a report, from what `daily` counted and from what is owed at this moment. Pure; they are read in
read.py. A document counts in the period in which it was sent, whatever becomes of it later."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final, NamedTuple, Self

from bus.ledger.counters import STAGES, Measure, percentile
from bus.ledger.reports.question import Question
from schemas.codes import BusinessType
from schemas.values import AgencyCode

HALF: Final = 0.5
MOST: Final = 0.95


class Counted(NamedTuple):
    """A row of `daily`, summed over a period."""

    agency: AgencyCode
    measure: str
    detail: str
    amount: int


class Owed(NamedTuple):
    """What one agency owes at the moment of the report, by one clock."""

    debtor: AgencyCode
    clock: str
    open: int
    overdue: int


class Paper(NamedTuple):
    """What went on paper in the period, as the agency itself says: the bus does not see it."""

    sent: int
    received: int


class Spread(NamedTuple):
    """How long one stage took."""

    times: int
    half: timedelta | None
    """Half of all were as quick, or quicker."""
    most: timedelta | None
    """Nineteen of twenty were."""


class ByClock(NamedTuple):
    on_time: int = 0
    late: int = 0
    overdue: int = 0
    """Not done, and late already."""
    open: int = 0
    """Not done, the overdue ones among them."""
    void: int = 0

    @property
    def share(self) -> Fraction | None:
        """On time, of all that is done or should be; None where there is nothing."""
        due = self.on_time + self.late + self.overdue
        return Fraction(self.on_time, due) if due else None

    def plus(self, other: "ByClock") -> "ByClock":
        return ByClock(*(one + more for one, more in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one agency, or of several together."""

    sent: int = 0
    sent_by_kind: Mapping[BusinessType, int] = field(default_factory=dict)
    sent_to: int = 0
    """One for each recipient."""
    revoked: int = 0
    received: int = 0
    receipted: int = 0
    accepted: int = 0
    done: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    """What it refused, by reason: an error's code, or `02`."""
    sent_refused: Mapping[str, int] = field(default_factory=dict)
    """What others refused of it."""
    clocks: Mapping[str, ByClock] = field(default_factory=dict)
    stages: Mapping[str, Spread] = field(default_factory=dict)

    @property
    def deadlines(self) -> ByClock:
        """All clocks together."""
        total = ByClock()
        for each in self.clocks.values():
            total = total.plus(each)
        return total

    @classmethod
    def of(cls, counted: Iterable[Counted], owed: Iterable[Owed]) -> Self:
        """Of all these rows, whoever's they are."""
        amounts: dict[str, Counter[str]] = {}
        for row in counted:
            amounts.setdefault(row.measure, Counter())[row.detail] += row.amount
        total = {measure: counter.total() for measure, counter in amounts.items()}
        refused, sent_refused = (_present(amounts, each) for each in (Measure.REFUSED, Measure.SENT_REFUSED))
        return cls(
            sent=total.get(Measure.SENT, 0),
            sent_by_kind={kind: total.get(f"{Measure.SENT}.{kind.name.lower()}", 0) for kind in BusinessType},
            sent_to=total.get(Measure.SENT_TO, 0),
            revoked=total.get(Measure.REVOKED, 0),
            received=total.get(Measure.RECEIVED, 0),
            receipted=total.get(Measure.RECEIPTED, 0),
            accepted=total.get(Measure.ACCEPTED, 0),
            done=total.get(Measure.DONE, 0),
            refused=refused,
            sent_refused=sent_refused,
            clocks=_clocks(amounts, owed),
            stages=_stages(amounts.get(Measure.STAGE, Counter())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report: the same value in every form."""

    question: Question
    made_at: datetime
    """Its stated time; what is overdue is so at this moment."""
    total: Figures
    before: Figures
    """Of the period before, as it stands now."""
    units: Mapping[AgencyCode, Figures]
    """By code, in its order."""
    names: Mapping[AgencyCode, str]
    paper: Mapping[AgencyCode, Paper] = field(default_factory=dict)
    calendar: str = ""
    """The editions of the calendar that deadlines of the period were counted by."""
    provisional: bool = False
    """A year of it is unconfirmed."""

    def electronic(self, unit: AgencyCode | None = None) -> Fraction | None:
        """What was sent over the bus, of all that was sent. None where nobody said what went on paper; in sum, over
        those who did."""
        told = [code for code in self.paper if unit is None or code == unit]
        sent = sum(self.units[code].sent for code in told if code in self.units)
        everything = sent + sum(self.paper[code].sent for code in told)
        return Fraction(sent, everything) if everything else None


def grouped(
    counted: Iterable[Counted], owed: Iterable[Owed], *, unit: Callable[[AgencyCode], AgencyCode]
) -> Mapping[AgencyCode, Figures]:
    """The figures of each unit that `unit` names for a code."""
    rows: dict[AgencyCode, tuple[list[Counted], list[Owed]]] = {}
    for row in counted:
        rows.setdefault(unit(row.agency), ([], []))[0].append(row)
    for debt in owed:
        rows.setdefault(unit(debt.debtor), ([], []))[1].append(debt)
    return {code: Figures.of(*rows[code]) for code in sorted(rows)}


def of_kind(counted: Iterable[Counted], kind: BusinessType | None) -> list[Counted]:
    """Those of one kind of document, under the names that the sums have. Measures of changes end with their kind;
    what is new is the rest."""
    if kind is None:
        return [row for row in counted if _kind_of(row.measure) is None or row.measure in _SENT]
    sums = Counter[tuple[AgencyCode, str, str]]()
    for agency, measure, detail, amount in counted:
        of = _kind_of(measure)
        plain = measure if of is None else measure.removesuffix(f".{of.name.lower()}")
        if kind is BusinessType.NEW:
            sums[agency, plain, detail] += amount if of is None else 0 if of is BusinessType.NEW else -amount
        elif of is kind:
            sums[agency, plain, detail] += amount
    found = [Counted(*key, amount) for key, amount in sums.items() if amount]
    named = f"{Measure.SENT}.{kind.name.lower()}"
    return [*found, *(row._replace(measure=named) for row in found if row.measure == Measure.SENT)]


_ENDS: Final = {f".{kind.name.lower()}": kind for kind in BusinessType}
_SENT: Final = frozenset(f"{Measure.SENT}{end}" for end in _ENDS)


def _kind_of(measure: str) -> BusinessType | None:
    return next((kind for end, kind in _ENDS.items() if measure.endswith(end)), None)


def _present(amounts: Mapping[str, Counter[str]], measure: str) -> Mapping[str, int]:
    """The most frequent first."""
    found = amounts.get(measure, Counter())
    return {name: amount for name, amount in sorted(found.items(), key=lambda each: (-each[1], each[0])) if amount}


_OF_CLOCKS: Final = {Measure.MET_ON_TIME: "on_time", Measure.MET_LATE: "late", Measure.VOID: "void"}


def _clocks(amounts: Mapping[str, Counter[str]], owed: Iterable[Owed]) -> Mapping[str, ByClock]:
    found: dict[str, ByClock] = {}
    for measure, name in _OF_CLOCKS.items():
        for clock, amount in amounts.get(measure, Counter()).items():
            found[clock] = found.get(clock, ByClock()).plus(ByClock(**{name: amount}))
    for debt in owed:
        found[debt.clock] = found.get(debt.clock, ByClock()).plus(ByClock(open=debt.open, overdue=debt.overdue))
    return {clock: found[clock] for clock in sorted(found)}


def _stages(amounts: Counter[str]) -> Mapping[str, Spread]:
    buckets: dict[str, dict[int, int]] = {f"{begin}-{end}": {} for begin, end in STAGES}
    for detail, amount in amounts.items():
        stage, _, bucket = detail.rpartition(":")
        buckets.setdefault(stage, {})[int(bucket)] = amount
    return {
        stage: Spread(sum(found.values()), percentile(found, HALF), percentile(found, MOST))
        for stage, found in buckets.items()
        if sum(found.values())
    }
