"""bus/ledger/batch.py: one message that the rules cannot bear stops nobody. What a batch does else: test_ingest.py."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bus.errors import StoreAway, StoreFull
from bus.handling.obligations import Rules, Succession
from bus.ledger.alerts.find import in_record
from bus.ledger.rebuild import reread
from bus.ledger.tables import GENUINE
from bus.topology.names import AUDIT
from schemas.codes import StatusCode
from schemas.values import AgencyCode
from tests.scenarios.country import document, status
from tests.unit.bus.ledger.recorded import Recorded, recorded
from tests.unit.bus.ledger.test_ingest import DERIVED, counted, dump, exchange_some, lifeline

BAD = "G22,2016/07/01,9/CV-VP"
"""To H53, over which the rules stumble."""


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Recorded]:
    """One document to H53 among those to H49, and not read yet."""
    with recorded(tmp_path) as made:
        exchange_some(made, 2)
        bad = document("G22", "H53", number=9)
        made.land["G22"].dms.write(bad)
        made.land.settle(2)
        made.land["H53"].dms.write(status(StatusCode.ACCEPTED, bad, "H53", "G22", at=made.land.now))
        exchange_some(made, 3)
        yield made


def stumbling(kept: Recorded, error: Exception) -> Callable[[Connection], Rules]:
    def rules(connection: Connection) -> Rules:
        whole = kept.rules(connection)

        def successor(agency: AgencyCode) -> Succession | None:
            if agency == "H53":
                raise error
            return whole.successor(agency)

        return replace(whole, successor=successor)

    return rules


def test_one_bad_message_stops_nobody(kept: Recorded) -> None:
    """It is kept, not folded, told of, and passed; all others count as if it were not there."""
    kept.ingest._rules = stumbling(kept, ValueError("a defect"))
    with capture_logs() as logs:
        kept.read_all()
    assert kept.ingest.state.standings["not-folded"] >= 1
    assert sum(kept.ingest.state.standings.values()) == counted(kept, "event") == len(kept.stream.messages)
    assert lifeline(kept, "G22,2016/07/01,3/CV-VP").deliveries["H49"].state is StatusCode.ACCEPTED
    assert counted(kept, "document") == 3
    told = [each for each in logs if each["event"] == "ledger.not-folded"]
    assert {each["stream"] for each in told} == {AUDIT}
    assert len(told) == kept.ingest.state.standings["not-folded"]
    kept.begin_again()
    assert not kept.ingest.step(), "it was passed"
    with kept.ledger.reading() as connection:
        found = {each.cause for each in in_record(connection, now=kept.clock(), is_working=lambda _: True)}
    assert "not-folded" in found
    assert "unproven" not in found


def test_it_counts_once_the_defect_is_mended(kept: Recorded, tmp_path: Path) -> None:
    """The stream read again by a mended ledger gives what it would have been; by one that is not, nothing new."""
    bad = stumbling(kept, ValueError("a defect"))
    kept.ingest._rules = bad
    kept.read_all()
    events = counted(kept, "event")
    for rules, more in ((bad, 0), (kept.rules, kept.ingest.state.standings["not-folded"])):
        *_, last = reread(
            kept.ledger, AUDIT, open_=kept.stream.open, onlooker=kept.onlooker, rules=rules, clock=kept.clock
        )
        assert (last.new, counted(kept, "event")) == (more, events + more)
    assert lifeline(kept, BAD).deliveries["H53"].state is StatusCode.ACCEPTED
    mended = dump(kept, "daily")
    (tmp_path / "other").mkdir()
    with recorded(tmp_path / "other") as other:
        other.stream.messages += kept.stream.messages
        other.land.now = kept.land.now
        other.ingest._onlooker, other.ingest._rules = kept.onlooker, kept.rules
        other.read_all()
        assert set(other.ingest.state.standings) == {GENUINE}
        assert dump(other, "daily") == mended


@pytest.mark.parametrize(
    "error",
    [
        StoreFull(store="l", why="disk"),
        StoreAway(store="l", why="gone"),
        MemoryError(),
        OperationalError("SELECT", None, Exception("no such table")),
    ],
    ids=["full", "away", "memory", "tables"],
)
def test_what_is_no_messages_fault_is_tried_again(kept: Recorded, error: Exception) -> None:
    """Nothing is kept, nothing is passed, and nobody is blamed."""
    kept.ingest._rules = stumbling(kept, error)
    with pytest.raises(type(error)):
        kept.ingest.step()
    assert not any(dump(kept, "event", "seen", "checkpoint", *DERIVED).values())
    kept.ingest._rules = kept.rules
    kept.read_all()
    assert set(kept.ingest.state.standings) == {GENUINE}


def test_rules_that_cannot_be_made_blame_no_message(kept: Recorded) -> None:
    """A calendar that nobody can read is not every message's fault."""

    def none(_: Connection) -> Rules:
        raise LookupError("no calendar")

    kept.ingest._rules = none
    for _ in range(2):
        with suppress(LookupError):
            kept.ingest.step()
            pytest.fail("it went on")
    assert not any(dump(kept, "event", "seen", "checkpoint", *DERIVED).values())
