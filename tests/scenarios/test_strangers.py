"""What strangers send: forged, broken, copied, lying messages. Each is refused where it should be, and alone."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from bus.directory.member import Member
from bus.errors import CannotOpen
from bus.handling.statuses import Change
from bus.handling.transport import InboxState, OutboxState
from bus.operations.messages import release, retry
from bus.ports.records import Box
from bus.sending.address import address
from bus.sending.seal import seal
from bus.topology.names import DEAD
from bus.trust.keys import new_identity
from schemas.codes import BusinessType, StatusCode
from schemas.docket import Address
from schemas.document import Business
from tests.scenarios.country import Land, document, status
from tests.scenarios.looking import events, inject, rows

S = StatusCode


@pytest.fixture
def land() -> Land:
    return Land()


def test_bytes_that_are_no_message_are_set_aside_with_their_reason(land: Land) -> None:
    """They go to the queue of the dead with the code; the good message behind them is filed."""
    inject(land, "H49", b"GET / HTTP/1.1")
    land["G22"].dms.write(document())
    land.settle()
    assert land.exchange.bodies(DEAD) == [b"GET / HTTP/1.1"]
    (headers,) = land.exchange.headers(DEAD)
    assert headers == {
        "x-lienthong-reason": "bad-message",
        "x-lienthong-set-aside-by": "H49",
        "x-lienthong-published-by": "G22",
    }
    assert land["H49"].dms.filings == 1


@pytest.mark.parametrize("forged", ["foreign key", "foreign agency"])
def test_a_forged_message_is_set_aside(land: Land, forged: str) -> None:
    """Signed by a key that is not the sender's, or for an agency that the signer does not serve."""
    member = land["G22"].member
    addressed = address(member, document())
    if forged == "foreign key":
        body = seal(replace(member, identity=new_identity()), addressed, now=land.now).body
    else:
        foreign = replace(addressed, sender=Address(agency="H53", mailbox="G22"))
        body = seal(member, foreign, now=land.now).body
    inject(land, "H49", body)
    land.settle()
    (headers,) = land.exchange.headers(DEAD)
    assert headers["x-lienthong-reason"] == "bad-signature"
    assert land["H49"].dms.filings == 0


def test_a_message_for_somebody_else_is_set_aside(land: Land) -> None:
    """Whoever brought it here: it goes to the queue of the dead, its recipient files it, and a refusal by one whom it
    was never sent to does not reach the sender's people."""
    sent = document("G22", "H53")
    land["G22"].dms.write(sent)
    land.collect("G22")
    with land["G22"].store.read() as tx:
        (entry,) = tx.outbox.due(now=land.now, limit=1, max_bytes=10**9)
    inject(land, "H49", entry.body)
    land.settle()
    assert [headers["x-lienthong-reason"] for headers in land.exchange.headers(DEAD)] == ["not-for-us"]
    assert land["H53"].dms.documents == [sent.id]
    assert not land["G22"].dms.bounces


def test_what_cannot_be_opened_is_kept_and_can_be_released(land: Land) -> None:
    """The recipient's key was missing: the sender is told, and once the key is there the operator releases it."""
    own = land["H49"].member
    land["H49"].member = replace(own, identity=replace(own.identity, sealing=new_identity().sealing))
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    (bounce,) = land["G22"].dms.bounces
    assert isinstance(bounce.error, CannotOpen)
    assert (bounce.ref, bounce.mailbox) == ("ref-1", "H49")
    land["H49"].member = own
    (row,) = rows(land, "H49", Box.IN, InboxState.REFUSED)
    release(land["H49"].store, Box.IN, [row.docket.id], now=land.now)
    land.settle()
    assert land["H49"].dms.documents == [sent.id]
    assert land["G22"].dms.heard == [("01", "H49")]


@pytest.mark.parametrize("lie", ["another id", "another sender", "no document"])
def test_a_docket_that_lies_about_its_content_is_refused(land: Land, lie: str) -> None:
    """The ledger believes dockets: what they say must be what is inside."""
    member = land["G22"].member
    addressed = address(member, document())
    match lie:
        case "another id":
            wrong = replace(addressed, document=addressed.document.model_copy(update={"id": "another"}))
        case "another sender":
            sender = addressed.sender.model_copy(update={"agency": "G22.05"})
            wrong = replace(addressed, sender=sender)
        case _:
            wrong = replace(addressed, content=b"\x00\x00\x00\x02{}")
    inject(land, "H49", seal(member, wrong, now=land.now).body)
    land.settle()
    assert land["H49"].dms.filings == 0
    (row,) = rows(land, "H49", Box.IN, InboxState.REFUSED)
    assert "bad-message" in (row.error or "")


def test_the_same_content_in_two_messages_is_filed_once(land: Land) -> None:
    """A sender that lost its store sends again: another message, the same content; in one batch, and in two."""
    member = land["G22"].member
    addressed = address(member, document())
    for _ in range(2):
        inject(land, "H49", seal(member, addressed, now=land.now).body)
    land.settle()
    inject(land, "H49", seal(member, addressed, now=land.now).body)
    land.settle()
    assert land["H49"].dms.filings == 1
    assert "inbox.duplicate" in events(land, "H49", document().id)


def test_other_content_under_the_same_id_does_not_undo_its_handling(land: Land) -> None:
    """Filed again for people to see; what was done with the document stays done."""
    land["G22"].dms.write(document())
    land.settle()
    land["H49"].dms.write(status(S.ACCEPTED, document(), "H49", "G22"))
    land.settle()
    land["G22"].dms.write(document(content=b"%PDF-1.7 khac %%EOF"))
    land.settle()
    assert land["H49"].dms.filings == 2
    with land["H49"].store.read() as tx:
        (dossier,) = tx.dossiers.find(issuer="G22", document=document().id)
    assert dossier.handling.state is S.ACCEPTED


def test_a_twin_in_the_batch_does_not_hide_what_could_not_be_filed(land: Land) -> None:
    """Two messages, one content, and a document system that says "later": it is filed once, later, and not never."""
    member = land["G22"].member
    sent = document()
    for _ in range(2):
        inject(land, "H49", seal(member, address(member, sent), now=land.now).body)
    land["H49"].dms.stumbles[sent.id] = 1
    for _ in range(3):
        land.settle(3)
        land.wait(timedelta(minutes=1))
    assert land["H49"].dms.filings == 1


def test_two_senders_may_choose_one_message_id(land: Land) -> None:
    """A stranger who copies an id hides nobody's document: adapters know messages by id and sender."""
    honest, stranger = land["G22"].member, land["H53"].member
    twin = honest.new_id()
    for member, sender in ((stranger, "H53"), (honest, "G22")):
        member = replace(member, new_id=lambda: twin)
        inject(land, "H49", seal(member, address(member, document(sender)), now=land.now).body, sender)
    land.settle()
    assert sorted(land["H49"].dms.documents) == ["G22,2016/07/01,1/CV-VP", "H53,2016/07/01,1/CV-VP"]


def test_another_message_under_a_known_id_is_not_receipted_as_held(land: Land) -> None:
    """The first is filed; the second, of the same sender under the same id, is set aside, and its sender told."""
    member = land["G22"].member
    twin = member.new_id()
    member = replace(member, new_id=lambda: twin)
    for number in (1, 2, 1):
        inject(land, "H49", seal(member, address(member, document(number=number)), now=land.now).body)
        land.settle(2)
    assert land["H49"].dms.documents == ["G22,2016/07/01,1/CV-VP"]
    assert {headers["x-lienthong-reason"] for headers in land.exchange.headers(DEAD)} == {"bad-message"}


@pytest.mark.parametrize("kind", [BusinessType.NEW, BusinessType.REVOKE])
def test_nobody_revokes_or_begins_another_agency_s_document(land: Land, kind: BusinessType) -> None:
    """A docket whose document was issued by somebody else is refused, and its sender told."""
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    member = land["H53"].member
    forged = document("H53", id_=sent.id, business=Business(type=kind, document_id=sent.id))
    addressed = replace(address(member, forged), document=address(land["G22"].member, sent).document)
    inject(land, "H49", seal(member, addressed, now=land.now).body, "H53")
    land.settle()
    assert land["H49"].dms.documents == [sent.id]
    with land["H49"].store.read() as tx:
        (dossier,) = tx.dossiers.find(issuer="G22", document=sent.id)
    assert dossier.handling.change is Change.NONE


def test_a_docket_s_recipients_are_checked_against_the_directory(land: Land) -> None:
    """It names this mailbox for an agency that another one serves: not for us."""
    member = land["G22"].member
    addressed = replace(address(member, document("G22", "H53")), recipients=(Address(agency="H53", mailbox="H49"),))
    inject(land, "H49", seal(member, addressed, now=land.now).body)
    land.settle()
    assert land["H49"].dms.filings == 0
    (headers,) = land.exchange.headers(DEAD)
    assert headers["x-lienthong-reason"] == "not-for-us"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stumbling(Member):
    """A member that fails in a way of its own, as often as it holds errors."""

    errors: list[Exception]

    def served(self, address: Address, *, at: datetime, now: datetime) -> bool:
        if self.errors:
            raise self.errors.pop()
        return Member.served(self, address, at=at, now=now)


def test_a_message_that_breaks_its_reader_is_set_aside_alone(land: Land) -> None:
    """Whatever one message does to the code that reads it, the others of its batch are taken in."""
    sender, own = land["G22"].member, land["H49"].member
    for number in (1, 2):
        inject(land, "H49", seal(sender, address(sender, document(number=number)), now=land.now).body)
    land["H49"].member = Stumbling(
        mailbox=own.mailbox,
        directory=own.directory,
        identity=own.identity,
        new_id=own.new_id,
        errors=[ZeroDivisionError()],
    )
    land.settle()
    assert land["H49"].dms.documents == ["G22,2016/07/01,2/CV-VP"]
    (headers,) = land.exchange.headers(DEAD)
    assert headers["x-lienthong-reason"] == "bad-message"


def test_a_corrected_document_after_a_refusal_begins_anew(land: Land) -> None:
    """02, then the same id with other content: its handling starts again on both sides."""
    land["G22"].dms.write(document())
    land.settle()
    land["H49"].dms.write(status(S.REFUSED, document(), "H49", "G22"))
    land.settle()
    land["G22"].dms.write(document(content=b"%PDF-1.7 da sua %%EOF"))
    land.settle()
    land["H49"].dms.write(status(S.ACCEPTED, document(), "H49", "G22"))
    land.settle()
    for code in ("G22", "H49"):
        with land[code].store.read() as tx:
            (dossier,) = tx.dossiers.find(issuer="G22", document=document().id)
        assert dossier.handling.state is S.ACCEPTED


@pytest.mark.parametrize("trouble", ["full", "lost"])
def test_a_republish_that_fails_is_tried_again_soon(land: Land, trouble: str) -> None:
    """The receipt is still missing: what the broker refused or lost does not wait for days."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    land.exchange.drop("H49")
    (row,) = rows(land, "G22", Box.OUT, OutboxState.SENT)
    retry(land["G22"].store, Box.OUT, [row.docket.id], now=land.now)
    if trouble == "full":
        land.exchange.set_limit("H49", 0)
    else:
        land.exchange.lose(1, routed=False)
    land.publish("G22")
    land.exchange.set_limit("H49", None)
    land.wait(timedelta(minutes=6))
    land.settle()
    assert land["H49"].dms.filings == 1
