"""bus/receiving/open.py: the content is what its docket says, or it is refused."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bus.errors import BadMessage, CannotOpen, TooManyNamed
from bus.handling.transport import InboxState
from bus.ports.records import InboxEntry, OutboxEntry
from bus.receiving.open import Stored, _about, has_same_recipients, open_all, open_entry
from bus.receiving.verified import Verified
from bus.sending.address import Addressed, address
from bus.sending.seal import seal
from bus.trust.keys import new_identity
from schemas.agency import Party
from schemas.codes import BusinessType, Priority, StatusCode
from schemas.content import pack_content
from schemas.docket import MAX_ADDRESSES, MAX_NAMED, Address, Docket, DocumentKey, NumberInClear
from schemas.document import Business, Document, DocumentNumber, Reference, Replaced
from schemas.status import Status
from tests.scenarios.country import Land, document, status
from tests.scenarios.large import LargeLand

ITEMS = {"document": document(), "status": status(StatusCode.TAKE_BACK, document(), "G22", "H49")}


def entry_of(sent: OutboxEntry, land: Land) -> InboxEntry:
    return InboxEntry(docket=sent.docket, body=sent.body, taken_at=land.now)


def addressed(land: Land, item: Document | Status) -> Addressed:
    return address(land["G22"].member, item)


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS.keys())
def test_what_was_sealed_is_opened(item: Document | Status) -> None:
    """The same item, under the same submission key on either side."""
    land = Land()
    made = addressed(land, item)
    entry = entry_of(seal(land["G22"].member, made, now=land.now), land)
    found = open_entry(entry, land["H49"].member, land["H49"].store, Verified())
    assert (found.item, found.key, found.about) == (item, made.key, made.document)


LIES = {
    "another urgency": ("document", {"priority": Priority.URGENT}),
    "another document": ("document", {"document": DocumentKey(issuer="G22", id="other")}),
    "another issuer": ("document", {"document": DocumentKey(issuer="H53", id=document().id)}),
    "a status of another document": ("status", {"document": DocumentKey(issuer="G22", id="other")}),
    "another content": ("document", {"content": b"\x00"}),
}


@pytest.mark.parametrize(("item", "lie"), LIES.values(), ids=LIES.keys())
def test_a_docket_tells_the_truth(item: str, lie: dict[str, object]) -> None:
    """The ledger believes dockets: one that says something else than its content is refused."""
    land = Land()
    made = replace(addressed(land, ITEMS[item]), **lie)  # type: ignore[arg-type]
    entry = entry_of(seal(land["G22"].member, made, now=land.now), land)
    (found,) = open_all([entry], land["H49"].member, land["H49"].store, Verified())
    assert isinstance(found, BadMessage)


REVOCATION = document(business=Business(type=BusinessType.REVOKE, document_id="H49,1"))
TOLD = {
    "another number": (document(), {"number": NumberInClear(number="2", notation="CV-VP")}),
    "no number": (document(), {"number": None}),
    "another notation": (document(), {"number": NumberInClear(number="1", notation="CV")}),
    "another day": (document(), {"issued_on": date(2016, 7, 2)}),
    "another document changed": (REVOCATION, {"changes": ("H49,2", REVOCATION.id)}),
    "one changed more": (REVOCATION, {"changes": ("H49,1", REVOCATION.id, "H49,2")}),
    "in another order": (REVOCATION, {"changes": (REVOCATION.id, "H49,1")}),
    "none changed": (REVOCATION, {"changes": None}),
    "nothing said": (document(), {"version": 1, "number": None, "issued_on": None}),
    "the truth": (REVOCATION, {}),
}


@pytest.mark.parametrize(("item", "lie"), TOLD.values(), ids=TOLD.keys())
def test_a_docket_of_version_2_tells_the_truth(item: Document, lie: dict[str, Any]) -> None:
    """Number, date of issue and what it changes are the content's; one of version 1 may be silent (schemas §5.5)."""
    land = Land()
    docket = seal(land["G22"].member, addressed(land, item), now=land.now).docket
    assert docket.version == 2
    told = Docket.model_validate({**dict(docket), **lie})
    if told.version == 1 or not lie:
        assert _about(told, item, land["H49"].member) == docket.document
    else:
        with pytest.raises(BadMessage, match="something else than its content"):
            _about(told, item, land["H49"].member)


def test_a_number_that_cannot_stand_in_a_docket_stops_no_document() -> None:
    """Its docket tells the date alone."""
    land = Land()
    item = document().model_copy(update={"number": DocumentNumber(number="1\n2", notation="V" * 65)})
    sent = seal(land["G22"].member, addressed(land, item), now=land.now)
    assert (sent.docket.version, sent.docket.number, sent.docket.issued_on) == (2, None, item.issued_on)
    found = open_entry(entry_of(sent, land), land["H49"].member, land["H49"].store, Verified())
    assert found.item == item


def at(agency: str, mailbox: str = "H49") -> Address:
    return Address(agency=agency, mailbox=mailbox)


@pytest.mark.parametrize(
    ("named", "addressed", "same"),
    [
        (["H49"], [at("H49")], True),
        (["000.00.00.H49"], [at("H49")], True),
        (["H49.1", "H49.2"], [at("H49.1"), at("H49.2")], True),
        (["H49", "H39"], [at("H49"), at("H53", "H53")], True),
        (["H49", "H53"], [at("H49")], True),  # somebody else's part of it went by another message
        (["H49"], [at("H49"), at("H49.1")], False),
        (["H49.1"], [at("H49.2")], False),
        (["H49.1", "H49.2"], [at("H49.1")], False),
        (["H49", "H53"], [at("H49"), at("H49.1")], False),
        (["H49", "H49.1"], [at("H49"), at("H49", "H53"), at("H49.1")], False),
        (["H49", "no such code"], [at("H49"), at("H49.1")], False),
    ],
)
def test_docket_and_content_name_the_same_recipients(named: list[str], addressed: list[Address], same: bool) -> None:
    """Of this mailbox's own agencies exactly; of others as far as their number goes."""
    land = Land()
    item = document("G22", "H49")
    item = item.model_copy(update={"recipients": tuple(Party.model_construct(code=code) for code in named)})
    docket = seal(land["G22"].member, address(land["G22"].member, document()), now=land.now).docket
    docket = docket.model_copy(update={"recipients": tuple(addressed)})
    assert has_same_recipients(docket, item, land["H49"].member) is same


def test_a_code_closed_since_is_the_one_it_was() -> None:
    """H39 was closed while the message was on its way, and is forwarded to H53: both sides meant the same."""
    land = Land()
    docket = seal(land["G22"].member, address(land["G22"].member, document()), now=land.now).docket
    forwarded = docket.model_copy(update={"recipients": (at("H53", "H53"),)})
    item = document("G22", "H39")
    land.on(date(2026, 1, 5))
    later = forwarded.model_copy(update={"created_at": land.now})
    assert has_same_recipients(later, item, land["H53"].member)
    assert not has_same_recipients(later, document("G22", "H07"), land["H53"].member)
    earlier = docket.model_copy(update={"recipients": (at("H39", "H53"),)})
    assert has_same_recipients(earlier, item, land["H53"].member)


def test_a_change_of_too_many_documents_is_refused() -> None:
    """Each that it names would be looked for; a new document's references are only read. To a mailbox that reads
    version 1: a docket of version 2 has no room for so many."""
    land = Land()
    many = tuple(Replaced(document_id=f"x{number}") for number in range(MAX_NAMED + 1))
    with pytest.raises(TooManyNamed, match="names 257 documents"):
        addressed(land, document(business=Business(type=BusinessType.REPLACE, replaced=many)))
    made = addressed(land, document("G22", "H53", business=Business(type=BusinessType.REPLACE, replaced=many[1:])))
    longer = document("G22", "H53", business=Business(type=BusinessType.REPLACE, replaced=many))
    lie = replace(made, item=longer, content=pack_content(longer))
    entry = entry_of(seal(land["G22"].member, lie, now=land.now), land)
    with pytest.raises(BadMessage, match="257 documents; 256 are the most"):
        open_entry(entry, land["H53"].member, land["H53"].store, Verified())
    referring = document().model_copy(update={"responses": (Reference(document_id="y"),) * (MAX_NAMED + 1)})
    assert addressed(land, referring).item == referring


def test_one_that_cannot_be_opened_stops_no_other() -> None:
    """Sealed to a key that is not held here."""
    land = Land()
    entry = entry_of(seal(land["G22"].member, addressed(land, document()), now=land.now), land)
    member = land["H49"].member
    keyless = replace(member, identity=replace(member.identity, sealing=new_identity().sealing))
    results = [open_all([entry], each, land["H49"].store, Verified())[0] for each in (keyless, member)]
    assert isinstance(results[0], CannotOpen)
    assert not isinstance(results[1], CannotOpen)
    with pytest.raises(CannotOpen):
        open_entry(entry, keyless, land["H49"].store, Verified())


def test_a_blob_is_read_from_the_store_in_pieces_of_any_size() -> None:
    """As an attachment is: whole pieces, and the rest at the end."""
    land = LargeLand()
    made, _ = land.sent("G22", "H49", mib=6)
    land.fetch_all("H49")
    with land["H49"].store.read() as tx:
        entry = tx.inbox.due_with_blobs(InboxState.FETCHED, now=land.now)
    assert entry is not None
    found = open_entry(entry, land["H49"].member, land["H49"].store, Verified())
    (stored,) = found.blobs.values()
    assert isinstance(stored, Stored)
    sizes = {len(piece) for piece in stored.pieces(1000)}
    assert sizes == {1000, made.attachments[-1].size % 1000}


def test_content_names_no_more_recipients_than_a_docket_may() -> None:
    """Before any of them is looked up: a hundred thousand unknown codes would cost seconds, again and again."""
    land = Land()
    made = addressed(land, document())
    sent = seal(land["G22"].member, made, now=land.now)
    crowd = document().model_copy(
        update={"recipients": tuple(Party.model_construct(code=f"X{n}", name="x") for n in range(MAX_ADDRESSES + 1))}
    )
    with pytest.raises(BadMessage, match="4097 recipients; 4096 are the most"):
        _about(sent.docket, crowd, land["H49"].member)
