"""One document as people are told of it: which is meant, its receipts proved by the directory, whose turn it is."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from bus.directory.onlooker import Onlooker
from bus.errors import AmbiguousId, NoSuchMessage
from bus.ledger.proof import Verdict
from bus.ledger.queries.told import Told, meant, tell
from bus.ledger.tables import event_of
from bus.ledger.turns import Missing
from schemas.codes import StatusCode
from tests.scenarios.country import BEGIN, document, status
from tests.unit.bus.ledger.recorded import Recorded, recorded

PAPER = document("G22", "H49", "H53")


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """G22 sent two documents to H49 and H53; H49 accepted the first."""
    with recorded(tmp_path_factory.mktemp("country")) as made:
        made.land["G22"].dms.write(PAPER)
        made.land["G22"].dms.write(document("G22", "H49", "H53", number=12))
        made.land.settle()
        made.land["H49"].dms.write(status(StatusCode.ACCEPTED, PAPER, "H49", "G22"))
        made.land.settle()
        made.read_all()
        yield made


def told(country: Recorded, text: str = "1/CV-VP", *, proved: int = 9) -> Told:
    keys = Onlooker(directory=country.land["H53"].member.directory)
    with country.ledger.reading() as connection:
        found = tell(connection, meant(connection, text), keys=keys, proved=proved)
    assert found is not None
    return found


def test_each_receipt_is_proved(country: Recorded) -> None:
    """Of the document and of every status, by the keys that the directory lists for its mailbox."""
    found = told(country)
    verdicts = {proof.verdict for proofs in found.proofs.values() for proof in proofs}
    assert verdicts == {Verdict.STANDS}
    assert len(found.proofs) == len(found.history.hops) == 4
    assert {agency: turn.missing for agency, turn in found.turns.items()} == {
        "H49": Missing.HANDLING,
        "H53": Missing.DECISION,
    }


def test_those_of_the_first_recipients(country: Recorded) -> None:
    """And of the sender; the others' receipts are there, and not proved."""
    found = told(country, proved=1)
    paper = found.history.hops[0]
    assert len(paper.receipts) == 2
    assert [proof.line.mailbox for proof in found.proofs[paper.event.number]] == ["H49"]


def test_what_was_changed_in_the_tables_is_found(country: Recorded) -> None:
    """One byte of a kept receipt is enough."""
    found = told(country, "12/CV-VP")
    (line, *_) = found.history.hops[0].receipts
    events = event_of(BEGIN.year)
    its_row = events.c.number == line.event
    with country.ledger.writing() as connection:
        docket = connection.execute(select(events.c.docket).where(its_row)).scalar_one()
        connection.execute(update(events).where(its_row), {"docket": docket + b" "})
    proofs = told(country, "12/CV-VP").proofs[found.history.hops[0].event.number]
    assert {proof.line: proof.verdict for proof in proofs}[line] is Verdict.SIGNATURE
    with country.ledger.writing() as connection:
        connection.execute(update(events).where(its_row), {"docket": docket})


def test_which_one_is_meant(country: Recorded) -> None:
    """What is exactly so, though others begin so; else the only one. Otherwise they are named."""
    with country.ledger.reading() as connection:
        first, second = meant(connection, "1/CV-VP"), meant(connection, "12")
        assert first != second
        assert meant(connection, str(first)) == first
        assert meant(connection, PAPER.id) == first
        assert meant(connection, "1/cv-vp", sender="G22") == first
        with pytest.raises(AmbiguousId, match="12/CV-VP"):
            meant(connection, "G22,2016")
        with pytest.raises(NoSuchMessage):
            meant(connection, "1/CV-VP", of=["H08"])
        with pytest.raises(NoSuchMessage):
            meant(connection, "nothing")
