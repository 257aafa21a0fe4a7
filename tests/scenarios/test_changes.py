"""Revocation, update, replacement, take-back: they travel, and change the right document at the right recipient."""

from datetime import timedelta

import pytest

from bus.handling.statuses import Change, Handling
from bus.ports.records import HandlingKey
from schemas.codes import BusinessType, Priority, StatusCode
from schemas.document import Business, Document, Reference, Replaced
from tests.scenarios.country import Land, document, status

S = StatusCode


@pytest.fixture
def land() -> Land:
    return Land()


@pytest.fixture
def sent(land: Land) -> Document:
    """A document that H49 and H53 have; each has an unrelated one beside it."""
    for item in (document("G22", "H49", "H53"), document("G22", "H49", number=2), document("G22", "H53", number=3)):
        land["G22"].dms.write(item)
    land.settle()
    return document("G22", "H49", "H53")


def handling(land: Land, at: str, of: str, handler: str) -> Handling:
    key = HandlingKey("G22", of, handler)
    with land[at].store.read() as tx:
        return tx.dossiers.by_keys([key])[key].handling


def changing(sent: Document, business: Business, **changes: object) -> Document:
    return sent.model_copy(update={"business": business, **changes})


@pytest.mark.parametrize(
    ("kind", "change"), [(BusinessType.REVOKE, Change.REVOCATION), (BusinessType.UPDATE, Change.UPDATE)]
)
def test_a_change_reaches_its_target_and_is_answered(
    land: Land, sent: Document, kind: BusinessType, change: Change
) -> None:
    """The package is filed with the target's name in the recipient's own system; 15 answers it; a revocation that is
    agreed to ends the handling. The other document is as it was."""
    land["G22"].dms.write(changing(sent, Business(type=kind, reason="nhầm", document_id=sent.id)))
    land.settle()
    filing = list(land["H49"].dms.filed.values())[-1]
    assert filing.target == (f"dms:{sent.id}:NEW",)
    for at in ("G22", "H49"):
        assert handling(land, at, sent.id, "H49").change is change
    land["H49"].dms.write(status(S.CHANGE_AGREED, sent, "H49", "G22"))
    land.settle()
    for at in ("G22", "H49"):
        after = handling(land, at, sent.id, "H49")
        assert (after.change, after.withdrawn) == (Change.AGREED, kind is BusinessType.REVOKE)
    assert handling(land, "G22", sent.id, "H53").change is change
    assert handling(land, "H49", "G22,2016/07/01,2/CV-VP", "H49").change is Change.NONE
    assert land["G22"].dms.heard[-1] == ("15", "H49")


@pytest.mark.parametrize(
    "business",
    [
        Business(type=BusinessType.REVOKE, document_id="something nobody knows"),
        Business(type=BusinessType.REVOKE),
        Business(type=BusinessType.REVOKE, document_id="g22,2016-07-01,1/cv-vp"),
    ],
)
def test_a_target_is_found_however_it_is_named(land: Land, sent: Document, business: Business) -> None:
    """By the id it names in any writing, else by its own id."""
    land["G22"].dms.write(changing(sent, business))
    land.settle()
    assert handling(land, "H49", sent.id, "H49").change is Change.REVOCATION


@pytest.mark.parametrize("by", ["reference", "number and date"])
def test_a_target_is_found_by_reference_or_number(land: Land, sent: Document, by: str) -> None:
    """A package with an id of its own says in ResponseFor, or only by number and date, what it revokes."""
    responses = (Reference(document_id=sent.id),) if by == "reference" else ()
    number = document(number=9).number if by == "reference" else sent.number
    revocation = changing(sent, Business(type=BusinessType.REVOKE), id="a-uuid", responses=responses, number=number)
    land["G22"].dms.write(revocation)
    land.settle()
    assert handling(land, "H49", sent.id, "H49").change is Change.REVOCATION


def test_a_replacement_is_a_new_document_that_names_the_old_one(land: Land, sent: Document) -> None:
    """It has a handling of its own and its arrival is reported; it names its target only where it applies."""
    replacement = document("G22", "H49", "H53", number=7).model_copy(
        update={
            "business": Business(
                type=BusinessType.REPLACE, replaced=(Replaced(document_id=sent.id, agencies=("H49",)),)
            )
        }
    )
    land["G22"].dms.write(replacement)
    land.settle()
    assert list(land["H49"].dms.filed.values())[-1].target == (f"dms:{sent.id}:NEW",)
    assert list(land["H53"].dms.filed.values())[-1].target == ()
    assert handling(land, "G22", replacement.id, "H49").state is S.ARRIVED
    assert handling(land, "G22", sent.id, "H49").change is Change.NONE


def test_a_take_back_goes_to_the_one_it_names(land: Land, sent: Document) -> None:
    """13 to H49 only: its system is told which document; 16 refuses, a second 13 asks again, 15 agrees and ends it."""
    land["G22"].dms.write(status(S.TAKE_BACK, sent, "G22", "H49"))
    land.settle()
    (report,) = land["H49"].dms.reports.values()
    assert report.target == f"dms:{sent.id}:NEW"
    assert not land["H53"].dms.reports
    for code, sender, to in ((S.CHANGE_REFUSED, "H49", "G22"), (S.TAKE_BACK, "G22", "H49")):
        again = status(code, sent, sender, to).model_copy(update={"description": "lần hai"})
        land[sender].dms.write(again)
        land.settle()
    assert handling(land, "G22", sent.id, "H49").change is Change.TAKE_BACK
    land["H49"].dms.write(status(S.CHANGE_AGREED, sent, "H49", "G22"))
    land.settle()
    for at in ("G22", "H49"):
        assert handling(land, at, sent.id, "H49").withdrawn
    assert not handling(land, "G22", sent.id, "H53").withdrawn


def test_document_change_and_take_back_in_one_batch(land: Land) -> None:
    """A recipient that was away gets the document, its update and the take-back together, and in an order that makes
    sense: each finds its target."""
    sent = document()
    land["H49"].broker.cut()
    land["G22"].dms.write(sent)
    land.settle(2)
    land["G22"].dms.write(changing(sent, Business(type=BusinessType.UPDATE, document_id=sent.id)))
    land["G22"].dms.write(status(S.TAKE_BACK, sent, "G22", "H49"))
    land.settle(2)
    land["H49"].broker.mend()
    land.settle()
    new, update = land["H49"].dms.filed.values()
    assert (new.target, update.target) == ((), (f"dms:{sent.id}:NEW",))
    (report,) = land["H49"].dms.reports.values()
    assert report.target == f"dms:{sent.id}:NEW"


def test_a_change_that_overtakes_its_document_waits_for_it(land: Land) -> None:
    """Urgent ones go first: the revocation is filed after the document, and finds it."""
    sent = document()
    revocation = sent.model_copy(
        update={
            "id": "revocation-1",
            "priority": Priority.IMMEDIATE,
            "business": Business(type=BusinessType.REVOKE, document_id=sent.id),
        }
    )
    land["H49"].broker.cut()
    land["G22"].dms.write(revocation)
    land.settle(2)
    land["H49"].broker.mend()
    land.settle(2)
    assert not land["H49"].dms.filed
    land["G22"].dms.write(sent)
    land.settle(3)
    land.wait(timedelta(minutes=5))
    land.settle()
    assert [filing.target for filing in land["H49"].dms.filed.values()] == [(), (f"dms:{sent.id}:NEW",)]


def test_a_change_of_something_unknown_is_filed_all_the_same(land: Land) -> None:
    """A recipient that never had the document files the revocation without a target; its answer still comes back."""
    lone = document(business=Business(type=BusinessType.REVOKE, document_id="never seen here"))
    land["G22"].dms.write(lone)
    for _ in range(5):
        land.settle(3)
        land.wait(timedelta(minutes=5))
    land.settle()
    (filing,) = land["H49"].dms.filed.values()
    assert filing.target == ()
    land["H49"].dms.write(status(S.CHANGE_REFUSED, lone, "H49", "G22"))
    land.settle()
    assert land["G22"].dms.heard == [("16", "H49")]
    assert handling(land, "G22", lone.id, "H49").change is Change.REFUSED
