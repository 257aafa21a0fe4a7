"""What a ledger judges obligations by."""

from datetime import date, datetime, timedelta

import pytest

from bus.directory.agencies import Directory
from bus.handling.clocks import TABLE
from bus.handling.obligations import Succession
from bus.handling.working_days import Calendar, YearOfDays
from bus.ledger.rules import KnownCalendars, is_current, rules_of
from schemas.values import VIETNAM
from tests.unit.bus.directory.country import AFTER, BEFORE, COUNTRY

DECIDED = datetime(2025, 12, 25, 17, 0, tzinfo=VIETNAM)
FRIDAY, SATURDAY = date(2026, 1, 2), date(2026, 1, 10)
FIRST = YearOfDays(year=2026, edition=1, off=frozenset({date(2026, 1, 1)}), worked=frozenset())
SWAPPED = YearOfDays(year=2026, edition=2, off=frozenset({date(2026, 1, 1), FRIDAY}), worked=frozenset({SATURDAY}))
EDITIONS = [(DECIDED, SWAPPED), (DECIDED - timedelta(days=60), FIRST)]


@pytest.mark.parametrize(
    ("at", "edition", "friday", "saturday"),
    [
        (DECIDED - timedelta(days=90), "2026-0", True, False),
        (DECIDED - timedelta(days=60), "2026-1", True, False),
        (DECIDED - timedelta(seconds=1), "2026-1", True, False),
        (DECIDED, "2026-2", False, True),
        (None, "2026-2", False, True),
    ],
)
def test_an_edition_counts_from_when_it_came(at: datetime | None, edition: str, friday: bool, saturday: bool) -> None:
    """A Friday off for a Saturday worked, decided a week ahead: before that nobody knew."""
    known = KnownCalendars(EDITIONS).known(at)
    assert known.editions(FRIDAY, SATURDAY) == edition
    assert (known.is_working(FRIDAY), known.is_working(SATURDAY)) == (friday, saturday)


def test_without_any_edition_the_library_is_asked() -> None:
    """Of every year, provisionally."""
    known = KnownCalendars([]).known(None)
    assert known.editions(FRIDAY, SATURDAY) == "2026-0"
    assert known.is_provisional(FRIDAY)


@pytest.mark.parametrize(
    ("counted_by", "current"),
    [("", True), ("2026-2", True), ("2026-1", False), ("2025-0 2026-2", True), ("2025-0 2026-1", False)],
)
def test_what_was_counted_by_older_editions_is_stale(counted_by: str, current: bool) -> None:
    """What working days play no part in never is."""
    assert is_current(counted_by, Calendar.of([FIRST, SWAPPED])) is current


@pytest.mark.parametrize(
    ("code", "successor"),
    [
        ("H08", Succession(AFTER, "H21")),
        ("H08.12", Succession(AFTER, "H21")),  # closed with the unit above it
        ("H08.13", Succession(AFTER, "H21.13")),
        ("H21", None),
        ("G37", None),  # closed, and nobody succeeds it
        ("X99", None),
    ],
)
def test_the_directory_says_who_succeeds(code: str, successor: Succession | None) -> None:
    """From the day of the closing on."""
    after = Directory.parse({"country.toml": COUNTRY}, on=AFTER)
    assert rules_of([], after).successor(code) == successor
    assert rules_of([], after.as_of(BEFORE)).successor(code) is None


def test_the_law_s_clocks_unless_others_are_given() -> None:
    """A ministry's own come from its TOML."""
    directory = Directory.parse({"country.toml": COUNTRY}, on=AFTER)
    assert rules_of([], directory).clocks is TABLE
    assert rules_of([], directory, TABLE[:1]).clocks == TABLE[:1]
