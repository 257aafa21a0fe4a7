"""The trace of one document: the corners that no story of tests/scenarios goes through."""

from datetime import timedelta

import pytest

from bus.operations.trace import trace_document
from bus.sending.address import address
from bus.sending.seal import seal
from bus.wire.message import publication
from schemas.codes import BusinessType
from schemas.document import Business
from tests.scenarios.country import Land, document


@pytest.fixture
def land() -> Land:
    return Land()


def steps(land: Land, at: str) -> list[str]:
    return [step.what for step in trace_document(land[at].store, document().id)]


def test_what_was_just_taken_in_has_no_more_to_tell(land: Land) -> None:
    """It waits, and nothing is wrong with it."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49")
    assert steps(land, "H49") == ["document sealed by sender", "document taken in"]


@pytest.mark.parametrize(
    ("business", "name"),
    [
        (BusinessType.NEW, "document"),
        (BusinessType.REVOKE, "revocation"),
        (BusinessType.UPDATE, "update"),
        (BusinessType.REPLACE, "replacement"),
    ],
)
def test_a_step_is_named_for_what_the_package_does(land: Land, business: BusinessType, name: str) -> None:
    """A document and its revocation have one id: the trace must tell them apart."""
    land["G22"].dms.write(document())
    land.settle(2)
    land["G22"].dms.write(document(business=Business(type=business)))
    for _ in range(6):  # a change waits a little for the document it is about
        land.settle(2)
        land.wait(timedelta(minutes=5))
    assert {f"{name} accepted", f"{name} published"} <= set(steps(land, "G22"))
    assert {f"{name} taken in", f"{name} filed"} <= set(steps(land, "H49"))


def test_a_second_message_of_the_same_content_was_passed_over(land: Land) -> None:
    """It is done and was not filed: the trace says which, and why."""
    member = land["G22"].member
    addressed = address(member, document())
    for _ in range(2):
        land["G22"].broker.publish([publication(seal(member, addressed, now=land.now))])
    land.settle()
    trace = trace_document(land["H49"].store, document().id)
    assert [step.what for step in trace].count("document filed") == 1
    assert [step.detail for step in trace if step.what == "document passed over"] == ["duplicate"]
