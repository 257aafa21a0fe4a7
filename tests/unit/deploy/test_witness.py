"""deploy/witness.py: what a ledger says, in the facts that people see in their folders."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from deploy.people import Expected
from deploy.witness import Line, account, difference, lines
from schemas.codes import BusinessType, StatusCode
from schemas.document import Business
from tests.scenarios.country import document, status
from tests.unit.bus.ledger.recorded import Recorded, recorded

S = StatusCode
FIRST, SECOND = document("G22", "H49", "H53"), document("H49", "G22", number=2)
REVOCATION = document("G22", "H49", "H53", business=Business(type=BusinessType.REVOKE, document_id=FIRST.id))
DAY = date(2016, 7, 1)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Recorded]:
    """One document is taken up at one recipient, and taken back; another one is on its way and nowhere yet."""
    with recorded(tmp_path) as made:
        land = made.land
        land["G22"].dms.write(FIRST)
        land.settle(3)
        for item in (
            status(S.ACCEPTED, FIRST, "H49", "G22", at=land.now),
            status(S.DONE, FIRST, "H49", "G22", at=land.now),
        ):
            land["H49"].dms.write(item)
        land["G22"].dms.write(status(S.TAKE_BACK, FIRST, "G22", "H53", at=land.now))
        land.settle(3)
        land["H49"].dms.write(SECOND)
        land.collect("H49")
        land.publish("H49")
        made.read_all()
        yield made


def test_it_tells_what_people_see(kept: Recorded) -> None:
    """A document that a mailbox holds, and a status on the way that its code says."""
    told = account(kept.ledger, now=kept.land.now)
    assert told.facts == {
        Expected(FIRST.id, "0", "G22", "H49"),
        Expected(FIRST.id, "0", "G22", "H53"),
        Expected(FIRST.id, S.ARRIVED, "H49", "G22"),
        Expected(FIRST.id, S.ARRIVED, "H53", "G22"),
        Expected(FIRST.id, S.ACCEPTED, "H49", "G22"),
        Expected(FIRST.id, S.DONE, "H49", "G22"),
        Expected(FIRST.id, S.TAKE_BACK, "G22", "H53"),
    }
    assert (dict(told.documents), told.statuses["01"], told.late) == ({"0": 2}, 2, 0)
    assert len(told.to_receipt) == len(told.to_arrival) == 2


def test_where_the_two_differ(kept: Recorded) -> None:
    """Each side's own is named; where there is none, they agree."""
    told = account(kept.ledger, now=kept.land.now)
    assert not difference(told, told.facts)
    more, less = Expected("another", "0", "G22", "H49"), Expected(FIRST.id, S.DONE, "H49", "G22")
    found = difference(told, told.facts - {less} | {more})
    assert (set(found.ledger_only), set(found.systems_only)) == ({less}, {more})


def test_a_change_under_the_same_id_is_a_fact_of_its_own(kept: Recorded) -> None:
    """A revocation of the document that has its id."""
    kept.land["G22"].dms.write(REVOCATION)
    kept.land.settle(3)
    kept.read_all()
    facts = account(kept.ledger, now=kept.land.now).facts
    assert {Expected(FIRST.id, "1", "G22", "H49"), Expected(FIRST.id, "0", "G22", "H49")} <= facts


def test_a_line_an_agency(kept: Recorded) -> None:
    """Sent, held, taken up and done, as the ledger's counters have it; whoever did nothing has zeros."""
    assert lines(kept.ledger, ["G22", "H49", "H08"], since=DAY, until=DAY) == [
        Line("G22", 1, 0, 0, 0),
        Line("H49", 1, 1, 1, 1),
        Line("H08", 0, 0, 0, 0),
    ]
