"""What a recipient owes about one document: from when, until when, what met it and what ended it."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import pytest

from bus.handling.clocks import TABLE, End, Limit, Span, parse_clocks
from bus.handling.obligations import (
    Answer,
    Facts,
    Obligation,
    Rules,
    Succession,
    WorkingDays,
    obligations,
    passed,
    reckon,
    successions,
)
from bus.handling.working_days import Calendar, YearOfDays
from schemas.codes import Priority, StatusCode
from schemas.values import VIETNAM

S = StatusCode
FRIDAY = datetime(2026, 3, 6, 16, 0, tzinfo=VIETNAM)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Always:
    calendar: WorkingDays = field(default_factory=Calendar)

    def known(self, at: datetime | None) -> WorkingDays:
        return self.calendar


FACTS = Facts(sender="G22", recipient="H08", priority=Priority.NORMAL, sent_at=FRIDAY)


def owed(facts: Facts, rules: Rules | None = None) -> dict[str, Obligation]:
    return {each.clock.code: each for each in obligations(facts, rules or Rules(Always()))}


def at(day: int, hour: int = 0, month: int = 3, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("limit", "started_at", "due"),
    [
        ("day", at(6, 16), at(7)),
        ("day", at(7, 16), at(10)),  # Saturday: Monday's end
        ("next-day", at(6, 16), at(10)),  # Friday: Monday's end
        ("next-day", at(5, 16), at(7)),
        ("5 days", at(2, 9), at(10)),
        ("36 hours", at(6, 16), at(8, 4)),
        ("at-once", at(7, 16), at(8)),
        ("none", at(7, 16), None),
        ("day", at(16, 9, month=2), at(24, month=2)),  # Tết 2026: 16 to 20 February off, then a Saturday, a Sunday
        ("next-day", at(13, 9, month=2), at(24, month=2)),
        ("next-day", at(31, 9, month=12, year=2025), at(6, month=1)),  # the swapped Friday is in no library yet
        ("next-day", at(28, 9, month=2, year=2028), at(1, month=3, year=2028)),  # a leap day, worked
    ],
)
def test_until_when(limit: str, started_at: datetime, due: datetime | None) -> None:
    """The end of a day of Việt Nam is the first moment after it."""
    days = Calendar.of([YearOfDays(year=2026, edition=1, off=_OFF_2026, worked=frozenset())])
    assert reckon(Limit.parse(limit), started_at, due_on=None, days=days).at == due


_OFF_2026 = frozenset({date(2026, 1, 1), date(2026, 1, 2), *(date(2026, 2, day) for day in range(16, 21))})


@pytest.mark.parametrize(
    ("due_on", "due"),
    [(date(2026, 3, 9), at(10)), (date(2026, 3, 7), at(10)), (date(2026, 2, 17), at(24, month=2))],
)
def test_a_due_day_that_is_a_day_off(due_on: date, due: datetime) -> None:
    """It ends with the working day that follows (Civil Code 2015 Đ.148.5)."""
    days = Calendar.of([YearOfDays(year=2026, edition=1, off=_OFF_2026, worked=frozenset())])
    assert reckon(Limit(Span.DUE_DAY), FRIDAY, due_on=due_on, days=days).at == due


def test_it_says_by_which_editions_it_was_counted() -> None:
    """Of every year that the time lies in; provisional where one of them is unconfirmed."""
    confirmed = YearOfDays(year=2026, edition=3, confirmed=True, off=frozenset(), worked=frozenset())
    days = Calendar.of([confirmed])
    counted = reckon(Limit.parse("2 days"), at(30, 9, month=12), due_on=None, days=days)
    assert (counted.calendar, counted.provisional) == ("2026-3 2027-0", True)
    inside = reckon(Limit.parse("2 days"), FRIDAY, due_on=None, days=days)
    assert (inside.calendar, inside.provisional) == ("2026-3", False)
    assert reckon(Limit.parse("4 hours"), FRIDAY, due_on=None, days=days)[1:] == ("", False)


def test_what_was_sent_has_to_be_acknowledged() -> None:
    """Within the day of its sending; people are warned four hours before."""
    only = owed(FACTS)
    assert list(only) == ["acknowledge"]
    acknowledge = only["acknowledge"]
    assert (acknowledge.debtor, acknowledge.creditor) == ("H08", "G22")
    assert (acknowledge.started_at, acknowledge.due_at, acknowledge.warn_at) == (FRIDAY, at(7), at(6, 20))
    assert acknowledge.met_at is acknowledge.void_at is None


def test_a_clock_shorter_than_its_warning_warns_from_its_beginning() -> None:
    """Nobody is warned of what has not begun."""
    late = replace(FACTS, sent_at=at(6, 22))
    assert owed(late)["acknowledge"].warn_at == at(6, 22)


@pytest.mark.parametrize(
    ("facts", "begins"),
    [
        (replace(FACTS, first={S.ARRIVED: FRIDAY + HOUR}), FRIDAY + HOUR),
        (replace(FACTS, held_at=FRIDAY + HOUR), FRIDAY + HOUR),
        (replace(FACTS, held_at=FRIDAY + HOUR, first={S.ARRIVED: FRIDAY + 2 * HOUR}), FRIDAY + 2 * HOUR),
        (replace(FACTS, first={S.ACCEPTED: FRIDAY + HOUR}), FRIDAY),  # nobody told of its arrival
        (FACTS, None),
    ],
)
def test_what_arrived_has_to_be_accepted_or_refused(facts: Facts, begins: datetime | None) -> None:
    """From status 01 on, or from the receipt; what is met has begun."""
    found = owed(facts).get("accept")
    assert (found.started_at if found else None) == begins


@pytest.mark.parametrize("code", [S.REFUSED, S.ACCEPTED, S.ASSIGNED, S.IN_PROGRESS, S.DONE])
def test_a_later_word_stands_for_one_that_was_lost(code: StatusCode) -> None:
    """Whoever handles a document has acknowledged and accepted it."""
    found = owed(replace(FACTS, first={code: FRIDAY + HOUR}))
    assert {found[clock].met_by for clock in ("acknowledge", "accept")} == {code}


def test_the_first_word_counts() -> None:
    """Whatever came after it."""
    found = owed(replace(FACTS, first={S.ARRIVED: FRIDAY + HOUR, S.ACCEPTED: FRIDAY + 2 * HOUR}))
    assert (found["acknowledge"].met_by, found["acknowledge"].met_at) == ("01", FRIDAY + HOUR)
    assert (found["accept"].met_by, found["accept"].met_at) == ("03", FRIDAY + 2 * HOUR)


def test_only_a_document_with_a_due_day_has_to_be_finished_by_it() -> None:
    """One without has nobody to wait for."""
    assert "finish" not in owed(FACTS)
    found = owed(replace(FACTS, due_on=date(2026, 3, 12)))["finish"]
    assert (found.due_at, found.warn_at) == (at(13), at(12))


@pytest.mark.parametrize(
    ("end", "void"),
    [
        (End.UNREACHED, {"acknowledge", "accept", "finish", "change"}),
        (End.WITHDRAWN, {"acknowledge", "accept", "finish"}),
        (End.REFUSED, {"finish", "change"}),
        (End.REPLACED, {"finish"}),
    ],
)
def test_what_ends_an_obligation(end: End, void: set[str]) -> None:
    """Each end ends some of them, and says so."""
    facts = replace(
        FACTS, due_on=date(2026, 3, 12), held_at=FRIDAY, asked_at=FRIDAY + HOUR, ended={end: FRIDAY + 2 * HOUR}
    )
    found = owed(facts)
    assert {code for code, each in found.items() if each.void_why is end} == void
    assert len(found) == len(TABLE)


def test_what_is_met_before_it_ends_is_met() -> None:
    """And what ended before it was met is void."""
    facts = replace(FACTS, due_on=date(2026, 3, 12), first={S.DONE: FRIDAY + 2 * HOUR})
    before, after = ({End.WITHDRAWN: FRIDAY + hours * HOUR} for hours in (1, 3))
    assert owed(replace(facts, ended=before))["finish"].void_why is End.WITHDRAWN
    met = owed(replace(facts, ended=after))["finish"]
    assert (met.met_by, met.void_at) == ("06", None)


def test_an_answer_has_no_limit_in_law() -> None:
    """It is waited for since it was asked for."""
    facts = replace(FACTS, asked_at=FRIDAY + HOUR)
    found = owed(facts)["change"]
    assert (found.started_at, found.due_at, found.warn_at, found.calendar) == (FRIDAY + HOUR, None, None, "")
    answered = owed(replace(facts, answered=Answer(FRIDAY + 2 * HOUR, S.CHANGE_AGREED)))["change"]
    assert (answered.met_at, answered.met_by) == (FRIDAY + 2 * HOUR, "15")


def test_of_a_change_only_an_answer_is_owed() -> None:
    """No document system acknowledges a revocation by 01."""
    assert list(owed(replace(FACTS, is_change=True, asked_at=FRIDAY))) == ["change"]


# -- the calendar of its time, the successor of its time ---------------------------------------------------------------


@dataclass(frozen=True)
class Learnt:
    """Two calendars: from `at` on it is known that Monday is off."""

    at: datetime

    def known(self, at: datetime | None) -> Calendar:
        off = frozenset({date(2026, 3, 9)}) if at is None or at >= self.at else frozenset[date]()
        return Calendar.of([YearOfDays(year=2026, edition=1 + bool(off), off=off, worked=frozenset())])


def test_a_new_edition_moves_what_is_open_and_nothing_else() -> None:
    """What was met before it was known is late or in time as it was then."""
    rules = Rules(Learnt(at(9, 8)))
    arrived = replace(FACTS, first={S.ARRIVED: FRIDAY})
    still_open = owed(arrived, rules)["accept"]
    assert (still_open.due_at, still_open.calendar) == (at(11), "2026-2")
    met = owed(replace(arrived, first={S.ARRIVED: FRIDAY, S.ACCEPTED: at(9, 7)}), rules)["accept"]
    assert (met.due_at, met.calendar) == (at(10), "2026-1")


SUCCESSIONS = {"H08": Succession(date(2026, 3, 9), "H21"), "H21": Succession(date(2026, 3, 11), "H60")}


@pytest.mark.parametrize(
    ("closed_at", "debtor"),
    [(None, "H60"), (at(9) - HOUR, "H08"), (at(9), "H21"), (at(10, 9), "H21"), (at(11), "H60")],
)
def test_what_is_open_when_an_agency_closes_passes_to_its_successor(closed_at: datetime | None, debtor: str) -> None:
    """And from that one to its own; what was met before is the old agency's for good."""
    assert passed("H08", closed_at, SUCCESSIONS.get) == debtor


def test_who_succeeds_goes_on_to_the_end() -> None:
    """Each since the day from which it stands for the first one; a circle ends, too."""
    assert list(successions("H08", SUCCESSIONS.get)) == [SUCCESSIONS["H08"], SUCCESSIONS["H21"]]
    assert list(successions("G22", SUCCESSIONS.get)) == []
    early = SUCCESSIONS | {"H21": Succession(date(2026, 1, 1), "H60")}
    assert list(successions("H08", early.get))[1] == Succession(date(2026, 3, 9), "H60")
    circle = {"A": Succession(date(2026, 1, 1), "B"), "B": Succession(date(2026, 1, 1), "A")}
    assert len(list(successions("A", circle.get))) == 8


def test_debtor_and_creditor_pass_each_by_itself() -> None:
    """`passed_to` names a debtor that is not the recipient."""
    rules = Rules(Always(), successor={**SUCCESSIONS, "G22": Succession(date(2026, 3, 9), "G12")}.get)
    found = owed(FACTS, rules)["acknowledge"]
    assert (found.debtor, found.creditor, found.passed_to) == ("H60", "G12", "H60")
    met = owed(replace(FACTS, first={S.ARRIVED: FRIDAY + HOUR}), rules)["acknowledge"]
    assert (met.debtor, met.creditor, met.passed_to) == ("H08", "G22", None)


MINISTRYS = b"""
[clock.process]
vi = "Xu ly"
en = "Process"
article = "QD 1/2026"
starts = "04"
met_by = ["05", "06"]
limit = "4 hours"
"""


def test_a_ministrys_clock_begins_with_a_status() -> None:
    """It is owed from the first 04 on, by the hours of every day; before there was one, nothing is."""
    rules = Rules(Always(), clocks=parse_clocks(MINISTRYS, file="clocks.toml"))
    assert "process" not in owed(FACTS, rules)
    assigned = owed(replace(FACTS, first={S.ASSIGNED: FRIDAY + HOUR}), rules)["process"]
    assert (assigned.started_at, assigned.due_at) == (FRIDAY + HOUR, FRIDAY + 5 * HOUR)


def test_what_was_reckoned_is_forgotten_before_it_fills_the_memory() -> None:
    """And reckoned again, with the same result."""
    rules, first = Rules(Always()), owed(FACTS)
    for day in range(5100):  # two clocks each
        sent_at = FRIDAY + timedelta(days=day)
        owed(replace(FACTS, sent_at=sent_at, held_at=sent_at), rules)
    assert 0 < len(rules.reckoned) < 1000
    assert owed(FACTS, rules) == first
