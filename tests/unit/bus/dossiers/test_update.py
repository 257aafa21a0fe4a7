"""bus/dossiers/update.py: what documents and statuses make of the dossiers they are about."""

from datetime import date, timedelta

import pytest

from bus.dossiers.update import Handed, apply_statuses, keep, remember
from bus.handling.statuses import Change, Handling, Verdict
from bus.ports.records import Dossier, HandlingKey
from schemas.codes import BusinessType, StatusCode
from schemas.docket import DocumentKey
from schemas.document import Business, Document, Replaced
from schemas.values import MessageId
from tests.fakes.store import MemoryStore
from tests.scenarios.country import BEGIN, Land, document, status

DAY = date(2016, 7, 4)
FIRST = document(due_on=DAY)
KEY = HandlingKey("G22", FIRST.id, "H49")
LATER = BEGIN + timedelta(hours=1)


def handed(item: Document, due_on: date | None = None) -> Handed:
    return Handed(item, DocumentKey(issuer="G22", id=item.id), ["H49"], f"dms:{item.number}", due_on=due_on)


def dossier(store: MemoryStore, key: HandlingKey = KEY) -> Dossier:
    with store.read() as tx:
        return tx.dossiers.by_keys([key])[key]


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    with made.write() as tx:
        remember(tx, [handed(FIRST, DAY)], at=BEGIN)
    return made


def about_first(kind: BusinessType, **other: object) -> Document:
    business = Business(type=kind, document_id=FIRST.id, **other)  # type: ignore[arg-type]
    return document(number=2, id_="second", business=business)


REPLACED = Business(type=BusinessType.REPLACE, replaced=(Replaced(document_id=FIRST.id),))


@pytest.mark.parametrize(
    ("item", "due_on", "change", "day"),
    [
        (about_first(BusinessType.REVOKE), None, Change.REVOCATION, DAY),
        (about_first(BusinessType.UPDATE), None, Change.UPDATE, DAY),
        (about_first(BusinessType.UPDATE), DAY + timedelta(days=1), Change.UPDATE, DAY + timedelta(days=1)),
        (document(number=2, business=REPLACED), None, Change.NONE, None),
        (document(number=2), None, Change.NONE, DAY),
    ],
    ids=["revoked", "updated", "updated with a day", "replaced", "another"],
)
def test_what_a_document_does_to_another(
    store: MemoryStore, item: Document, due_on: date | None, change: Change, day: date | None
) -> None:
    """A request is noted; an update may set another day; after a replacement the old one is due no more."""
    with store.write() as tx:
        remember(tx, [handed(item, due_on)], at=LATER)
    found = dossier(store)
    assert (found.handling.change, found.due_on) == (change, day)


@pytest.mark.parametrize(("state", "anew"), [(StatusCode.ACCEPTED, False), (StatusCode.REFUSED, True)])
def test_a_document_that_comes_again(store: MemoryStore, state: StatusCode, anew: bool) -> None:
    """Goes on where it stood, unless it was refused: then this is the corrected one."""
    with store.write() as tx:
        keep(tx, apply_statuses(tx, [(status(state, FIRST, "H49", "G22"), KEY, MessageId("1"))], at=BEGIN))
        remember(tx, [handed(FIRST, DAY)], at=LATER)
    assert (dossier(store).handling == Handling()) is anew


def test_a_batch_of_statuses_is_applied_in_order(store: MemoryStore) -> None:
    """Each to what the one before it left; all are kept, whatever their verdict; nothing is written before `keep`."""
    codes = [StatusCode.ARRIVED, StatusCode.ACCEPTED, StatusCode.ARRIVED, StatusCode.REFUSED]
    statuses = [(status(code, FIRST, "H49", "G22"), KEY, MessageId(str(n))) for n, code in enumerate(codes)]
    stranger = (statuses[0][0], HandlingKey("G22", "nobody's", "H53"), MessageId("9"))
    with store.write() as tx:
        results = apply_statuses(tx, [*statuses, stranger], at=LATER)
        assert not tx.dossiers.statuses(issuer="G22", document=FIRST.id)
        keep(tx, results)
        assert [each.code for each in tx.dossiers.statuses(issuer="G22", document=FIRST.id)] == codes
        assert apply_statuses(tx, [], at=LATER) == []
    assert [each.verdict for each in results] == [
        Verdict.APPLIED,
        Verdict.APPLIED,
        Verdict.LATE,
        Verdict.ILLEGAL,
        Verdict.ORPHAN,
    ]
    assert dossier(store).handling.state is StatusCode.ACCEPTED


@pytest.mark.parametrize(
    ("id_", "heard"),
    [
        ("g22,2016-07-01,1/cv-vp", [("01", "H49"), ("03", "H49")]),
        ("H49-internal-1", [("01", "H49")]),
    ],
)
def test_a_status_without_a_number_goes_by_its_id_alone(id_: str, heard: list[tuple[str, str]]) -> None:
    """In any writing of it; an id that nobody knows is an orphan, for there is nothing else to go by."""
    land = Land()
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    accepted = status(StatusCode.ACCEPTED, sent, "H49", "G22", id_=id_)
    bare = accepted.concerns.model_copy(update={"code": None, "issued_on": None})
    land["H49"].dms.write(accepted.model_copy(update={"concerns": bare}))
    land.settle()
    assert land["G22"].dms.heard == heard
    last = list(land["G22"].dms.reports.values())[-1]
    assert last.verdict is Verdict.APPLIED
