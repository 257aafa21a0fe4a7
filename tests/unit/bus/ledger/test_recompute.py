"""Open obligations judged again; the stories are in tests/scenarios/test_ledger_owed.py."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from bus.handling.working_days import YearOfDays
from bus.ledger.recompute import OPEN, stale
from schemas.codes import StatusCode
from tests.scenarios.country import document, status
from tests.scenarios.witness import Witness, witness

MONDAY_OFF = YearOfDays(year=2016, edition=4, off=frozenset({date(2016, 7, 4)}), worked=frozenset())
"""The Monday after the Friday on which the country in memory begins."""
COUNT = 5


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Witness]:
    """Five documents that nobody has accepted, and one that somebody has."""
    with witness(tmp_path) as made:
        land = made.land
        for number in range(COUNT + 1):
            land["G22"].dms.write(document("G22", "H49", number=number))
        land.settle(3)
        land["H49"].dms.write(status(StatusCode.ACCEPTED, document(number=0), "H49", "G22", at=land.now))
        land.settle(3)
        made.reads()
        yield made


def how_many_are_stale(ledger: Witness) -> int:
    with ledger.ledger.reading() as connection:
        return len(stale(connection, ledger.rules(connection)))


def test_nothing_is_stale_that_was_counted_by_what_is_known(ledger: Witness) -> None:
    """And a step is nothing to do."""
    assert how_many_are_stale(ledger) == 0
    assert not ledger.recompute.step()
    assert ledger.moves() == []


def test_a_new_edition_makes_stale_what_is_open(ledger: Witness) -> None:
    """A batch each step, until there is none."""
    ledger.learns(MONDAY_OFF)
    assert how_many_are_stale(ledger) == COUNT
    steps = [ledger.recompute.step() for _ in range(4)]
    assert steps == [True, True, False, False]
    assert how_many_are_stale(ledger) == 0
    assert ledger.moves() == [("H49", "accept", "calendar 2016-4")] * COUNT


def test_never_all_that_is_open_is_in_memory(ledger: Witness) -> None:
    """The country's are millions: they are read piece by piece."""
    with ledger.ledger.reading() as connection:
        found = connection.execute(OPEN)
        assert found.context.execution_options["yield_per"] <= 10_000
        assert {len(some) for some in found.partitions(1)} == {1}


def test_it_may_be_killed_between_two_batches(ledger: Witness, tmp_path: Path) -> None:
    """What is left is stale still, and nothing is said twice."""
    ledger.learns(MONDAY_OFF)
    assert ledger.recompute.step()
    assert len(ledger.moves()) == 2
    ledger.ledger.close()
    with witness(tmp_path, of=(ledger.land, ledger.stream)) as again:
        again.editions += ledger.editions
        assert how_many_are_stale(again) == COUNT - 2
        again.reads()
        assert len(again.moves()) == COUNT
        assert not again.recompute.step()


def test_what_is_met_meanwhile_is_not_moved(ledger: Witness) -> None:
    """The ledger reads on between two batches."""
    ledger.learns(MONDAY_OFF)
    assert ledger.recompute.step()
    land = ledger.land
    land.wait(timedelta(hours=-1))
    for number in range(1, COUNT + 1):
        land["H49"].dms.write(status(StatusCode.ACCEPTED, document(number=number), "H49", "G22", at=land.now))
    land.settle(3)
    while ledger.ingest.step():
        pass
    while ledger.recompute.step():
        pass
    assert len(ledger.moves()) == 2
    assert how_many_are_stale(ledger) == 0


def test_counters_follow(ledger: Witness) -> None:
    """What is open is in none: nothing was counted otherwise."""
    before = ledger.counted()
    ledger.learns(MONDAY_OFF)
    ledger.reads()
    assert ledger.counted() == before
