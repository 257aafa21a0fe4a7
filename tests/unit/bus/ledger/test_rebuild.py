"""bus/ledger/rebuild.py: the derived tables made anew are equal to those that grew."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bus.ledger.rebuild import rebuild, reread
from bus.ledger.shadow import find
from bus.topology.names import AUDIT
from tests.unit.bus.ledger.recorded import Recorded, recorded
from tests.unit.bus.ledger.test_ingest import DERIVED, counted, dump, exchange_some


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Recorded]:
    with recorded(tmp_path, batch=3) as made:
        exchange_some(made)
        made.read_all()
        yield made


@pytest.mark.parametrize("at_once", [1, 4, 1000])
def test_the_result_is_equal(kept: Recorded, at_once: int) -> None:
    """Every row of every derived table, however many events a transaction takes."""
    before = dump(kept, *DERIVED)
    assert all(before.values())
    list(rebuild(kept.ledger, rules=kept.rules, clock=kept.clock, at_once=at_once))
    assert dump(kept, *DERIVED) == before


def test_a_damaged_row_is_right_again(kept: Recorded) -> None:
    """Nothing of the old tables is read."""
    before = dump(kept, *DERIVED)
    with kept.ledger.writing() as connection:
        connection.execute(text("DELETE FROM delivery"))
        connection.execute(text("UPDATE daily SET amount = 99"))
    list(rebuild(kept.ledger, rules=kept.rules, clock=kept.clock))
    assert dump(kept, *DERIVED) == before


def test_the_old_tables_serve_meanwhile(kept: Recorded) -> None:
    """And what comes meanwhile is in the new ones."""
    before = dump(kept, *DERIVED)
    steps = rebuild(kept.ledger, rules=kept.rules, clock=kept.clock, at_once=2)
    next(steps)
    assert dump(kept, *DERIVED) == before
    exchange_some(kept, 5)
    kept.read_all()
    grown = dump(kept, *DERIVED)
    list(steps)
    assert dump(kept, *DERIVED) == grown
    assert counted(kept, "document") == 5


def test_one_that_was_cut_short(kept: Recorded) -> None:
    """Nobody sees anything of it, and the next one begins from nothing."""
    before = dump(kept, *DERIVED)
    steps = rebuild(kept.ledger, rules=kept.rules, clock=kept.clock, at_once=2)
    next(steps)
    steps.close()
    with kept.ledger.reading() as connection:
        assert find(connection) is not None
    assert dump(kept, *DERIVED) == before
    list(rebuild(kept.ledger, rules=kept.rules, clock=kept.clock))
    assert dump(kept, *DERIVED) == before


def test_what_only_the_stream_has(kept: Recorded) -> None:
    """Kept events that were lost are read there again, and change what they change; nothing is kept twice."""
    before = dump(kept, "document", "delivery", "obligation")
    with kept.ledger.writing() as connection:
        year = kept.land.now.year
        lost = connection.scalar(text(f"SELECT min(number) FROM event_{year}"))
        connection.execute(text(f"DELETE FROM event_{year} WHERE number = :lost"), {"lost": lost})
        connection.execute(text("DELETE FROM seen WHERE event = :lost"), {"lost": lost})
    list(rebuild(kept.ledger, rules=kept.rules, clock=kept.clock))
    assert dump(kept, "document", "delivery", "obligation") != before
    *_, last = reread(
        kept.ledger, AUDIT, open_=kept.stream.open, onlooker=kept.onlooker, rules=kept.rules, clock=kept.clock
    )
    assert (last.new, last.events) == (1, len(kept.stream.messages))
    assert counted(kept, "event") == len(kept.stream.messages)
    known = {row[3] for row in dump(kept, "document")["document"]}
    assert len(known) == len(before["document"])
