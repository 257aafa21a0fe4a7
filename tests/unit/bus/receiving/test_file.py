"""bus/receiving/file.py: what a change is filed with, and how long it waits for the document it is about."""

from datetime import timedelta

import pytest

from bus.handling.transport import InboxState
from bus.ports.records import Box
from bus.receiving.file import UNTARGETED
from schemas.codes import BusinessType, StatusCode
from schemas.document import Business, Replaced
from tests.scenarios.country import Land, document
from tests.scenarios.looking import rows

FIRST = document()
CHANGES = {
    "revocation": Business(type=BusinessType.REVOKE, document_id=FIRST.id),
    "update": Business(type=BusinessType.UPDATE, document_id=FIRST.id),
    "replacement": Business(type=BusinessType.REPLACE, replaced=(Replaced(document_id=FIRST.id),)),
}


@pytest.fixture
def land() -> Land:
    return Land()


def arrive(land: Land, business: Business) -> None:
    land["G22"].dms.write(document(number=2, business=business))
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49")


@pytest.mark.parametrize("business", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_names_what_it_changes(land: Land, business: Business) -> None:
    """By the name that the document system gave to the document."""
    land["G22"].dms.write(FIRST)
    land.settle(2)
    arrive(land, business)
    assert land.deliver("H49").filed == 1
    filing = list(land["H49"].dms.filed.values())[-1]
    assert filing.target == (f"dms:{FIRST.id}:NEW",)


@pytest.mark.parametrize(
    ("business", "waits"),
    [(CHANGES["revocation"], UNTARGETED), (CHANGES["update"], UNTARGETED), (CHANGES["replacement"], 0)],
    ids=["revocation", "update", "replacement"],
)
def test_a_change_waits_a_few_minutes_for_its_document(land: Land, business: Business, waits: int) -> None:
    """It may have overtaken it; then it is filed without. A replacement stands for itself."""
    arrive(land, business)
    for attempts in range(1, waits + 1):
        assert not land.deliver("H49").filed
        (row,) = rows(land, "H49", Box.IN)
        assert (row.state, row.attempts) == (InboxState.WAITING, attempts)
        land.wait(timedelta(hours=5))
    assert land.deliver("H49").filed == 1
    (filing,) = land["H49"].dms.filed.values()
    assert filing.target == ()


@pytest.mark.parametrize(("business", "arrived"), [(Business(type=BusinessType.NEW), ["01"]), (CHANGES["update"], [])])
def test_a_document_is_said_to_have_arrived(land: Land, business: Business, arrived: list[str]) -> None:
    """Status 01 leaves in the commit that marks it filed; a change is answered by people."""
    land["G22"].dms.write(FIRST)
    land.settle()
    before = len(rows(land, "H49", Box.OUT))
    arrive(land, business)
    land.deliver("H49")
    new = rows(land, "H49", Box.OUT)[: len(rows(land, "H49", Box.OUT)) - before]
    assert [row.docket.status for row in new] == [StatusCode(code) for code in arrived]
