"""bus/sending/accept.py: what is answered to each item of a batch, and that nothing stays of what is not kept."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bus.directory.agencies import Directory
from bus.errors import BadPackage, BusError, DmsAway, NoKey, NotServed, StoreFull, WrongDirection
from bus.ports.adapter import Answer, Collected
from bus.ports.records import HandlingKey
from bus.sending.accept import accept
from schemas.codes import BusinessType, StatusCode
from schemas.document import Business, Document
from schemas.status import Status
from tests.scenarios.country import AGENCIES, Land, document, status
from tests.scenarios.large import LargeLand, large_document


def test_a_recipient_without_a_key_is_refused_and_the_others_go() -> None:
    """Its mailbox is listed and its key is not yet: the authority must act; the rest of the batch is accepted."""
    land = Land()
    office = land["G22"]
    keyless = Directory.parse({"a.toml": AGENCIES, "keys.toml": ""}, on=land.now.date())
    known = office.member
    office.member = replace(known, directory=keyless)
    office.dms.write(document())
    (refused,) = land.collect("G22")
    assert isinstance(refused.error, NoKey)
    assert refused.message is None
    office.member = known
    office.dms.write(document(number=2))
    (accepted,) = land.collect("G22")
    assert accepted.message
    assert land.publish("G22").confirmed == 1


@pytest.fixture
def land() -> Land:
    return Land()


def submit(land: Land, *items: Document | Status | BusError) -> list[Answer]:
    office = land["G22"]
    collected = [Collected(ref=str(number), item=item) for number, item in enumerate(items, 1)]
    return accept(office.store, collected, member=office.member, now=land.now)


UNREAD = BadPackage(path="x", why="y", why_vi="y", remedy="z", remedy_vi="z")
BARE = document().attachments[0].model_copy(update={"content": b""})
WITHOUT_BYTES = document(number=3).model_copy(update={"attachments": (BARE,)})
OWN = status(StatusCode.ACCEPTED, document(), "G22", "G22")


@pytest.mark.parametrize(
    ("items", "errors", "duplicates"),
    [
        ([document(), document(number=2)], [None, None], [False, False]),
        ([document(), document()], [None, None], [False, True]),
        ([UNREAD, document()], [BadPackage, None], [False, False]),
        ([document("H49", "G22"), document()], [NotServed, None], [False, False]),
        ([WITHOUT_BYTES, document()], [BadPackage, None], [False, False]),
        ([OWN, document()], [WrongDirection, None], [False, False]),
        ([OWN, OWN], [WrongDirection, WrongDirection], [False, False]),
        ([], [], []),
    ],
    ids=["two", "one twice", "unread", "not ours", "without bytes", "to ourselves", "twice to ourselves", "none"],
)
def test_each_item_has_its_answer(
    land: Land,
    items: list[Document | Status | BusError],
    errors: list[type[BusError] | None],
    duplicates: list[bool],
) -> None:
    """In order, whatever happened to the others; what is accepted lies in the outbox once."""
    answers = submit(land, *items)
    assert [answer.ref for answer in answers] == [str(number) for number in range(1, len(items) + 1)]
    assert [type(answer.error) if answer.error else None for answer in answers] == errors
    assert [answer.duplicate for answer in answers] == duplicates
    messages = {answer.message for answer in answers if answer.message}
    with land["G22"].store.read() as tx:
        assert {row.docket.id for row in tx.outbox.rows()} == messages


def test_what_was_accepted_before_has_its_dossiers_again(land: Land) -> None:
    """A damaged store lost them: the package is put back, is no second message, and statuses about it are no orphans.
    Of one that changes another document there are none to be made."""
    sent = document("G22", "H49", "H53")
    change = document(number=2, business=Business(type=BusinessType.REVOKE, document_id=sent.id))
    submit(land, sent, change)
    store = land["G22"].store
    del store.memory.dossiers[HandlingKey("G22", sent.id, "H49")]
    answers = submit(land, sent, change)
    assert [answer.duplicate for answer in answers] == [True, True]
    with store.read() as tx:
        assert [each.key.handler for each in tx.dossiers.find(issuer="G22", document=sent.id)] == ["H49", "H53"]
    assert store.commits == 2


def test_what_was_accepted_before_is_the_same_message(land: Land) -> None:
    """However often it is submitted, and in whichever batch."""
    (first,) = submit(land, document())
    again, other = submit(land, document(), document(number=2))
    assert (again.message, again.duplicate) == (first.message, True)
    assert other.message != first.message
    assert land["G22"].store.commits == 2


class Gone:
    """A file that was moved away before it was read."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def pieces(self, size: int) -> Iterator[bytes]:
        raise self._error
        yield b""


@pytest.mark.parametrize(("why", "error"), [(OSError("gone"), DmsAway), (ValueError("longer than said"), BadPackage)])
def test_nothing_stays_of_a_large_file_that_cannot_be_read(why: Exception, error: type[BusError]) -> None:
    """Its segments are dropped at once, and the small one beside it is accepted."""
    land = LargeLand()
    good = large_document("G22", "H49", mib=9)
    file = good.attachments[-1].model_copy(update={"source": Gone(why)})
    bad = good.model_copy(update={"attachments": (*good.attachments[:-1], good.attachments[-1], file)})
    refused, accepted = submit(land, bad, document(number=2))
    assert isinstance(refused.error, error)
    assert accepted.message
    assert not land["G22"].store.memory.blobs


def test_nothing_stays_of_a_batch_that_cannot_be_kept() -> None:
    """A full disk: no entry, and no blob that nobody would ever send."""
    land = LargeLand()
    store = land["G22"].store
    store.full = True
    with pytest.raises(StoreFull):
        submit(land, document(), large_document("G22", "H49", mib=3))
    store.full = False
    assert not store.memory.blobs
    assert not store.memory.outbox
