"""The supervisor's page: its commands over a ledger with rows, and its tables held to the code."""

from pathlib import Path

import pytest

from bus.handling.clocks import TABLE, Clock
from bus.ledger.turns import NEXT, Missing
from tests.handbook.pages import HANDBOOK
from tests.handbook.walk import Walk
from tests.unit.bus.cli.kept_ledger import kept

READ = {("obligations", "owed"), ("obligations", "document")}
"""Sections that the test below walks."""

PAGE = (HANDBOOK / "obligations.md").read_text(encoding="utf-8")


@pytest.mark.timeout(300)
def test_a_supervisor_reads(place: Path) -> None:
    """What one owes and is owed, what is overdue; and one document's way, found without marks."""
    made = kept(place)
    made.ledger.close()
    walk = Walk(place, names={"/etc/lienthong/ledger.toml": str(made.config)})
    said = walk.take("obligations", "owed")
    assert "112/CV-VP" in said
    assert "trễ " in said
    said = walk.take("obligations", "document")
    assert "⇒ H53: nơi nhận giải quyết xong (06)" in said


@pytest.mark.parametrize("clock", TABLE, ids=lambda clock: clock.code)
def test_each_clock_of_the_law_stands_there(clock: Clock) -> None:
    """By its names and its article."""
    assert f"| {clock.name.vi} · {clock.name.en} |" in PAGE
    assert f"| {clock.article} |" in PAGE


def test_each_turn_stands_there() -> None:
    """But for nobody's: what to do about it."""
    rows = PAGE.partition("| Dòng `⇒`")[2].partition("<a id")[0].splitlines()[2:]
    assert len([row for row in rows if row.startswith("|")]) == len(set(NEXT) - {Missing.NOTHING})
