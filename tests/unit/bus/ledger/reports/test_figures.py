"""bus/ledger/reports/figures.py"""

from datetime import timedelta
from fractions import Fraction

import pytest

from bus.ledger.counters import BOUNDS
from bus.ledger.reports.figures import ByClock, Counted, Figures, Owed, grouped, of_kind
from schemas.codes import BusinessType
from tests.unit.bus.ledger.reports.sample import OWED, counted, report


def test_figures_of_rows() -> None:
    """Every measure, reasons the most frequent first, clocks with what is owed now."""
    found = Figures.of(counted("H49"), OWED[:1])
    assert (found.sent, found.sent_to, found.received, found.receipted) == (1200, 3400, 2100, 2090)
    assert (found.accepted, found.done, found.revoked) == (2000, 1500, 20)
    assert found.sent_by_kind == {
        BusinessType.NEW: 1100,
        BusinessType.REVOKE: 60,
        BusinessType.UPDATE: 40,
        BusinessType.REPLACE: 0,
    }
    assert list(found.refused.items()) == [("02", 31), ("too-large", 2)]
    assert found.sent_refused == {"02": 12}
    assert found.clocks == {
        "acknowledge": ByClock(on_time=900, late=100),
        "finish": ByClock(on_time=50, void=9, open=44, overdue=13),
    }
    assert found.clocks["finish"].share == Fraction(50, 63)
    assert found.deadlines == ByClock(on_time=950, late=100, void=9, open=44, overdue=13)


def test_figures_of_nothing() -> None:
    """Are zeros, and no share of anything."""
    found = Figures.of([], [])
    assert (found.sent, found.deadlines, found.deadlines.share, found.stages) == (0, ByClock(), None, {})


def test_times_of_stages() -> None:
    """From the sums of their buckets, whoever's they are; in the order of the way."""
    found = Figures.of([*counted("H49"), *counted("H29")], []).stages
    assert list(found) == ["sent-receipt", "03-06"]
    assert found["sent-receipt"].times == 1200
    half, most = found["sent-receipt"].half, found["sent-receipt"].most
    assert half is not None
    assert most is not None
    assert timedelta(seconds=BOUNDS[1]) < half <= timedelta(seconds=BOUNDS[2])
    assert timedelta(seconds=BOUNDS[4]) < most <= timedelta(seconds=BOUNDS[5])


def test_units_together() -> None:
    """What a unit owes stands with it, whether it sent anything or not."""
    rows = [*counted("H49.06"), *counted("H49")]
    found = grouped(rows, [*OWED, Owed("H53", "accept", 1, 0)], unit=lambda code: code[:3])
    assert list(found) == ["H29", "H49", "H53"]
    assert found["H49"] == Figures.of(rows, OWED[:1])
    assert found["H53"].clocks == {"accept": ByClock(open=1)}


ROWS = [
    Counted("H49", "sent", "", 10),
    Counted("H49", "sent.new", "", 7),
    Counted("H49", "sent.revoke", "", 2),
    Counted("H49", "sent.replace", "", 1),
    Counted("H49", "refused", "02", 5),
    Counted("H49", "refused.revoke", "02", 5),
    Counted("H49", "done", "", 6),
    Counted("H49", "done.replace", "", 1),
]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (None, {"sent": 10, "sent.new": 7, "sent.revoke": 2, "sent.replace": 1, "refused": 5, "done": 6}),
        (BusinessType.NEW, {"sent": 7, "sent.new": 7, "done": 5}),
        (BusinessType.REVOKE, {"sent": 2, "sent.revoke": 2, "refused": 5}),
        (BusinessType.REPLACE, {"sent": 1, "sent.replace": 1, "done": 1}),
        (BusinessType.UPDATE, {}),
    ],
)
def test_one_kind_of_document(kind: BusinessType | None, expected: dict[str, int]) -> None:
    """Changes are counted a second time under their kind; what is new is the rest of the sum."""
    assert {row.measure: row.amount for row in of_kind(ROWS, kind)} == expected


def test_the_electronic_share() -> None:
    """Of those who told what went on paper; of nobody, where nobody did."""
    told = report()
    assert told.electronic() == told.electronic("H49") == Fraction(1200, 1300)
    assert told.electronic("G22") is None
    assert report(paper=False).electronic() is None
