"""bus/sending/address.py: who a submission is for, what it is about, and what makes two the same. Which attachments
become blobs is in test_seal.py."""

from datetime import date

import pytest

from bus.errors import AgencyClosed, BusError, NotServed, UnknownAgency
from bus.sending.address import address
from schemas.codes import BusinessType, Priority, StatusCode
from schemas.document import Business, Document
from schemas.status import Status
from tests.scenarios.country import Land, document, status

DOCUMENT = document()


@pytest.mark.parametrize(
    ("item", "to", "about"),
    [
        (document("G22", "H49", "H53"), ["H49", "H53"], "G22"),
        (document("G22", "H49", "000.00.00.H49"), ["H49"], "G22"),
        (status(StatusCode.TAKE_BACK, DOCUMENT, "G22", "H49"), ["H49"], "G22"),
        (status(StatusCode.ACCEPTED, document("H49", "G22"), "G22", "H49"), ["H49"], "H49"),
        (status(StatusCode.CHANGE_AGREED, document("H49", "G22"), "G22", "H49"), ["H49"], "H49"),
    ],
    ids=["two", "the same twice", "a take-back", "a status", "an answer"],
)
def test_who_it_is_for(item: Document | Status, to: list[str], about: str) -> None:
    """In the directory's codes, each once. A take-back is about the sender's own document, other statuses about the
    recipient's."""
    addressed = address(Land()["G22"].member, item)
    assert [recipient.agency for recipient in addressed.recipients] == to
    assert (addressed.sender.agency, addressed.document.issuer) == ("G22", about)
    assert addressed.priority is Priority.NORMAL


@pytest.mark.parametrize(
    ("item", "error"),
    [
        (document("H49", "G22"), NotServed),
        (document("G22", "X99"), UnknownAgency),
        (status(StatusCode.ARRIVED, DOCUMENT, "G22", "X99"), UnknownAgency),
    ],
    ids=["not ours to send", "a recipient of nowhere", "a status to nowhere"],
)
def test_what_cannot_be_addressed(item: Document | Status, error: type[BusError]) -> None:
    """Its document system is told before anything is kept."""
    with pytest.raises(error):
        address(Land()["G22"].member, item)


def test_a_closed_agency_is_answered_with_its_successor() -> None:
    """From the day on which it was closed."""
    land = Land()
    assert address(land["G22"].member, document("G22", "H08")).recipients[0].agency == "H08"
    land.on(date(2026, 1, 1))
    with pytest.raises(AgencyClosed, match="H49"):
        address(land["G22"].member, document("G22", "H08"))


REVOKED = Business(type=BusinessType.REVOKE, document_id=DOCUMENT.id)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (document(), True),
        (document(content=b"another"), False),
        (document(number=2), False),
        (document(business=REVOKED), False),
        (document("G22", "H53"), False),
    ],
    ids=["again", "other bytes", "another number", "its revocation", "to another"],
)
def test_what_makes_two_submissions_the_same(other: Document, same: bool) -> None:
    """Everything in the content, and nothing else: who sends it again has sent it before."""
    member = Land()["G22"].member
    assert (address(member, DOCUMENT).key == address(member, other).key) is same
