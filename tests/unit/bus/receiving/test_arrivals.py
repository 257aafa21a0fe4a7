"""bus/receiving/arrivals.py: who answers a document, in whose name, and what becomes of an answer that cannot go."""

from dataclasses import replace

import pytest

from bus.directory.agencies import Directory
from bus.receiving.arrivals import seal_arrivals
from bus.receiving.outcome import Delivery
from schemas.codes import Priority, StatusCode
from schemas.document import Document
from tests.scenarios.country import AGENCIES, Land, document


@pytest.fixture
def land() -> Land:
    return Land()


def delivery(land: Land) -> Delivery:
    return Delivery(member=land["H49"].member, now=land.now, dice=lambda: 0.0)


URGENT = document("G22", "000.00.00.H49", "H49", "H49.1", priority=Priority.URGENT)


@pytest.mark.parametrize(
    ("sent", "agencies", "names"),
    [
        (document(), (), []),
        (document(), ("H49",), ["Nơi nhận H49"]),
        (URGENT, ("H49", "H49.1"), ["Nơi nhận 000.00.00.H49", "Nơi nhận H49.1"]),
        (document("G22", "H39"), ("H49",), ["UBND tỉnh Quảng Ninh"]),
    ],
    ids=["none", "one", "two codes of one, and a unit", "the successor"],
)
def test_each_answers_in_the_name_it_was_written_to(
    land: Land, sent: Document, agencies: tuple[str, ...], names: list[str]
) -> None:
    """Where it was not named at all, in that of the directory; as urgently as the document."""
    made = seal_arrivals([(sent, agencies)], delivery(land))
    assert [status.sender.name for status, _, _ in made.statuses] == names
    assert [entry.docket.sender.agency for entry in made.entries] == list(agencies)
    assert {entry.docket.priority for entry in made.entries} <= {sent.priority}
    assert {status.code for status, _, _ in made.statuses} <= {StatusCode.ARRIVED}
    assert not made.events


def test_an_answer_that_cannot_go_is_an_event(land: Land) -> None:
    """Its sender has no key any more: what was filed stands."""
    office = land["H49"]
    office.member = replace(office.member, directory=Directory.parse({"a.toml": AGENCIES}, on=land.now.date()))
    made = seal_arrivals([(document(), ("H49", "H49.1"))], delivery(land))
    assert (made.entries, made.statuses) == ([], [])
    assert [event.name for event in made.events] == ["arrival.unsent"] * 2
