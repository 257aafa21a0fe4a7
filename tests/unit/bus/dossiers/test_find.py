"""bus/dossiers/find.py: which dossiers a package or a status is about, in the order of what it names."""

import pytest

from bus.dossiers.find import find, find_targets, named_documents
from bus.dossiers.update import Handed, remember
from bus.ports.records import HandlingKey
from schemas.codes import BusinessType, StatusCode
from schemas.docket import DocumentKey
from schemas.document import Business, Document, Replaced
from schemas.status import Status
from tests.fakes.store import MemoryStore
from tests.scenarios.country import BEGIN, document, status

FIRST, SECOND = document("G22", "H49", "H53"), document("G22", "H49", number=2)


@pytest.fixture
def store() -> MemoryStore:
    """G22 has sent the first to two agencies, and the second to one."""
    made = MemoryStore()
    with made.write() as tx:
        handed = [Handed(each, key(each), [party.code for party in each.recipients], None) for each in (FIRST, SECOND)]
        remember(tx, handed, at=BEGIN)
    return made


def key(of: Document) -> DocumentKey:
    return DocumentKey(issuer="G22", id=of.id)


def change(kind: BusinessType, **business: object) -> Document:
    return document("G22", "H49", id_="new", number=9, business=Business(type=kind, **business))  # type: ignore[arg-type]


def as_first(package: Document) -> Document:
    """With the number and the date of the first."""
    return package.model_copy(update={"number": FIRST.number, "issued_on": FIRST.issued_on})


REVOKE, UPDATE, REPLACE = BusinessType.REVOKE, BusinessType.UPDATE, BusinessType.REPLACE


@pytest.mark.parametrize(
    ("package", "handlers", "found"),
    [
        (document(number=3), ["H49"], []),
        (change(REVOKE, document_id=FIRST.id), ["H49"], [(FIRST.id, "H49")]),
        (change(REVOKE, document_id=FIRST.id), ["H49", "H53"], [(FIRST.id, "H49"), (FIRST.id, "H53")]),
        (change(UPDATE, document_id=SECOND.id), ["H53"], []),
        (as_first(change(UPDATE)), ["H53"], [(FIRST.id, "H53")]),
        (as_first(change(UPDATE, document_id=SECOND.id)), ["H49"], [(SECOND.id, "H49")]),
        (change(REPLACE, replaced=(Replaced(document_id=FIRST.id),)), ["H53"], [(FIRST.id, "H53")]),
        (change(REPLACE, replaced=(Replaced(document_id=FIRST.id, agencies=("H53",)),)), ["H49"], []),
    ],
    ids=[
        "new",
        "by id",
        "at both",
        "at another",
        "by number",
        "an id before a number",
        "replaced",
        "replaced elsewhere",
    ],
)
def test_what_a_package_is_about(
    store: MemoryStore, package: Document, handlers: list[str], found: list[tuple[str, str]]
) -> None:
    """The id it names, its own, then number and date; and of these, at its own recipients."""
    with store.read() as tx:
        dossiers = find_targets(tx, package, key(package), handlers)
    assert sorted((each.key.document, each.key.handler) for each in dossiers) == found


def test_the_names_of_a_document_in_their_order() -> None:
    """The likeliest first; a replacement names all that it replaces."""
    assert named_documents(change(UPDATE, document_id="a")) == ["a", "new"]
    assert named_documents(change(UPDATE)) == ["new"]
    replaced = (Replaced(document_id="a"), Replaced(document_id="b"))
    assert named_documents(change(REPLACE, replaced=replaced)) == ["a", "b"]


def nameless(of: Status) -> Status:
    return of.model_copy(update={"concerns": of.concerns.model_copy(update={"code": None, "issued_on": None})})


SAID = status(StatusCode.ACCEPTED, FIRST, "H49", "G22")
BY_NUMBER = status(StatusCode.ACCEPTED, FIRST, "H49", "G22", id_="internal-1")


@pytest.mark.parametrize(
    ("said", "named", "handler", "found"),
    [
        (SAID, FIRST.id, "H49", True),
        (SAID, FIRST.id.lower(), "H49", True),
        (SAID, FIRST.id, "H08", False),
        (BY_NUMBER, "internal-1", "H49", True),
        (nameless(BY_NUMBER), "internal-1", "H49", False),
    ],
    ids=["by key", "by id in another writing", "by another agency", "by number", "by nothing"],
)
def test_what_a_status_is_about(store: MemoryStore, said: Status, named: str, handler: str, found: bool) -> None:
    """Its key, its id in any writing, its number and date."""
    with store.read() as tx:
        (dossier,) = find(tx, [(said, HandlingKey("G22", named, handler))])
    assert (dossier is not None) is found
    assert dossier is None or dossier.key == HandlingKey("G22", FIRST.id, "H49")
