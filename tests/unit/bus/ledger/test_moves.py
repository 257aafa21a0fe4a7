"""The history of what is owed."""

from dataclasses import replace
from datetime import date, datetime

from bus.handling.obligations import Rules
from bus.handling.working_days import Calendar, YearOfDays
from bus.ledger.fold import fold
from bus.ledger.moves import moves
from bus.ledger.records import Lifeline
from schemas.codes import BusinessType
from schemas.values import VIETNAM
from tests.unit.bus.ledger.trail import KEY, RULES, Always, Trail, at, rules

NOW = at(hours=5)
TUESDAY_OFF = YearOfDays(year=2026, edition=4, off=frozenset({date(2026, 3, 3)}), worked=frozenset())


def judged(rules: Rules) -> Lifeline:
    """Anew, under these rules."""
    return fold(KEY, None, EVENTS, rules=rules)


TRAIL = Trail()
EVENTS = [TRAIL.sent("H08"), TRAIL.said("H08", "01", at=at(hours=1))]
BEFORE = fold(KEY, None, EVENTS, rules=RULES)


def test_a_new_edition_moves_what_is_open() -> None:
    """It says which edition, when it was due before and when it is now; what is met has no line."""
    after = judged(Rules(Always(Calendar.of([TUESDAY_OFF]))))
    (moved,) = moves(BEFORE, after, at=NOW)
    assert (moved.recipient, moved.clock, moved.at, moved.why) == ("H08", "accept", NOW, "calendar 2026-4")
    assert (moved.before, moved.after) == (_midnight(4), _midnight(5))


def test_an_edition_that_moves_nothing_says_nothing() -> None:
    """Counted by another edition, due at the same time."""
    same = YearOfDays(year=2026, edition=4, off=frozenset(), worked=frozenset())
    after = judged(Rules(Always(Calendar.of([same]))))
    assert [row.calendar for row in after.obligations if row.is_open] == ["2026-4"]
    assert list(moves(BEFORE, after, at=NOW)) == []


def test_a_merger_says_who_owes_now() -> None:
    """And who is owed, where the creditor closed."""
    after = judged(rules(H08=(date(2026, 3, 3), "H21"), G22=(date(2026, 3, 3), "G12")))
    assert [(moved.clock, moved.why, moved.before == moved.after) for moved in moves(BEFORE, after, at=NOW)] == [
        ("accept", "debtor H21", True),
        ("accept", "creditor G12", True),
    ]


def test_another_due_day_is_the_document_s() -> None:
    """An update of it named one."""
    trail = Trail()
    sent = trail.sent("H49", due_on=date(2026, 3, 5))
    updated = trail.sent("H49", at=at(days=1), business=BusinessType.UPDATE, due_on=date(2026, 3, 9))
    before = fold(KEY, None, [sent], rules=RULES)
    after = fold(KEY, before, [updated], rules=RULES)
    moved = {each.clock: (each.why, each.before, each.after) for each in moves(before, after, at=NOW)}
    assert moved == {"finish": ("document", _midnight(6), _midnight(10))}


def test_what_begins_and_what_ends_was_not_moved() -> None:
    """Nor what is as it was."""
    done = fold(KEY, BEFORE, [TRAIL.said("H08", "03", at=at(hours=2))], rules=RULES)
    assert list(moves(None, BEFORE, at=NOW)) == []
    assert list(moves(BEFORE, done, at=NOW)) == []
    assert list(moves(BEFORE, BEFORE, at=NOW)) == []
    assert list(moves(BEFORE, replace(BEFORE, obligations=()), at=NOW)) == []


def _midnight(day: int) -> datetime:
    return datetime(2026, 3, day, tzinfo=VIETNAM)
