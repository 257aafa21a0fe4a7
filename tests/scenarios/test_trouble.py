"""Bad input and bad luck: done, refused with the sender told, or kept and visible with the next step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from bus import envelope, operations
from bus.asking import ask
from bus.errors import BadPackage, CannotOpen, DmsAway, NoSuchMessage, NotPossible, RefusedByDms
from bus.handling import Change
from bus.keys import new_identity
from bus.mailroom import Member, address, seal
from bus.message import DEAD
from bus.ports import Filed
from bus.records import Box, Publication, Row, State
from bus.retry import DELIVER, ORPHAN, RECEIPTS
from schemas.codes import BusinessType, Kind, Priority, StatusCode
from schemas.docket import Address
from schemas.document import Business
from schemas.status import Status
from tests.scenarios.country import Land, document, status

S = StatusCode


@pytest.fixture
def land() -> Land:
    return Land()


def rows(land: Land, at: str, box: Box, state: State | None = None) -> list[Row]:
    with land[at].store.read() as tx:
        return [row for row in tx.rows(box, state=state) if row.docket.kind is not Kind.RECEIPT]


def events(land: Land, at: str, of: str) -> set[str]:
    with land[at].store.read() as tx:
        return {event.name for event in tx.events(document=of)}


def inject(land: Land, to: str, body: bytes, sender: str = "G22") -> None:
    """Bytes on the bus that no honest daemon sent."""
    publication = Publication(
        message=land[sender].member.new_id(),
        kind=Kind.DOCUMENT,
        routing=(f"document.{to}",),
        body=body,
        priority=Priority.NORMAL,
        created_at=land.now,
    )
    land[sender].broker.publish([publication])


# -- the broker --------------------------------------------------------------------------------------------------------


def test_a_redelivered_message_is_filed_once(land: Land) -> None:
    """Committed but not acknowledged when the connection went: it comes again, is receipted again, filed once."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49", ack=False)
    land["H49"].broker.cut()
    land["H49"].broker.mend()
    assert land.take_in("H49").duplicates == 1
    land.settle()
    assert land["H49"].dms.filings == 1


def test_one_full_inbox_holds_up_nobody_else(land: Land) -> None:
    """Of three recipients one is full: the others file once, it files when there is room, and the wait is visible."""
    land.exchange.set_limit("H53", 0)
    sent = document("G22", "H49", "H53", "H08")
    land["G22"].dms.write(sent)
    land.settle(3)
    assert land["H49"].dms.filings == land["H08"].dms.filings == 1
    (row,) = rows(land, "G22", Box.OUT, State.WAITING)
    assert "H53" in (row.error or "")
    land.exchange.set_limit("H53", None)
    land.wait(timedelta(minutes=10))
    land.settle()
    assert [land[code].dms.filings for code in ("H49", "H53", "H08")] == [1, 1, 1]
    assert not rows(land, "G22", Box.OUT, State.WAITING)


def test_a_full_inbox_parks_in_the_end_and_can_be_retried(land: Land) -> None:
    """After the last try the message is parked, with an event; retry sends it."""
    land.exchange.set_limit("H49", 0)
    sent = document()
    land["G22"].dms.write(sent)
    land.collect("G22")
    for _ in range(902):
        land.publish("G22")
        land.wait(timedelta(minutes=6))
    (row,) = rows(land, "G22", Box.OUT, State.PARKED)
    assert "outbox.parked" in events(land, "G22", sent.id)
    land.exchange.set_limit("H49", None)
    assert operations.retry(land["G22"].store, Box.OUT, [], now=land.now) == [row.docket.id]
    land.settle()
    assert land["H49"].dms.filings == 1


def test_a_lost_message_is_sent_again_for_want_of_a_receipt(land: Land) -> None:
    """Confirmed and then lost by the broker: said after an hour, published again after a day, filed once."""
    sent = document()
    land["G22"].dms.write(sent)
    land.collect("G22")
    land.publish("G22")
    land.exchange.drop("H49")
    for wait, _ in RECEIPTS[:2]:
        land.wait(wait)
        land.publish("G22")
    assert "receipt.missing" in events(land, "G22", sent.id)
    land.settle()
    assert land["H49"].dms.filings == 1
    assert not rows(land, "G22", Box.OUT, State.SENT)


def test_a_recipient_that_never_answers_is_parked_visibly(land: Land) -> None:
    """After a week without a receipt the message is parked with words that name the recipient."""
    land["G22"].dms.write(document("G22", "H49", "H53"))
    land.collect("G22")
    for wait, _ in RECEIPTS:
        land.publish("G22")
        land.take_in("H49")
        land.publish("H49")
        land.take_in("G22")
        land.wait(wait)
    land.publish("G22")
    (row,) = rows(land, "G22", Box.OUT, State.PARKED)
    assert "H53" in (row.error or "")
    assert "H49" not in (row.error or "")


def test_publishes_lost_with_the_connection_are_repeated(land: Land) -> None:
    """No confirm came: they go again as soon as the link is back, with the same bytes, and are filed once."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.exchange.lose(1)
    assert land.publish("G22").lost == 1
    land.settle()
    assert land["H49"].dms.filings == 1


# -- what comes in -----------------------------------------------------------------------------------------------------


def test_bytes_that_are_no_message_are_set_aside_with_their_reason(land: Land) -> None:
    """They go to the queue of the dead with the code; the good message behind them is filed."""
    inject(land, "H49", b"GET / HTTP/1.1")
    land["G22"].dms.write(document())
    land.settle()
    assert land.exchange.bodies(DEAD) == [b"GET / HTTP/1.1"]
    (headers,) = land.exchange.headers(DEAD)
    assert headers == {"x-lienthong-reason": "bad-message", "x-lienthong-set-aside-by": "H49"}
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
        (entry,) = tx.due_outbox(now=land.now, limit=1, max_bytes=10**9)
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
    (row,) = rows(land, "H49", Box.IN, State.REFUSED)
    operations.release(land["H49"].store, Box.IN, [row.docket.id], now=land.now)
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
    (row,) = rows(land, "H49", Box.IN, State.REFUSED)
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
        (dossier,) = tx.find_dossiers(issuer="G22", document=document().id)
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
        (dossier,) = tx.find_dossiers(issuer="G22", document=sent.id)
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
            (dossier,) = tx.find_dossiers(issuer="G22", document=document().id)
        assert dossier.handling.state is S.ACCEPTED


@pytest.mark.parametrize("trouble", ["full", "lost"])
def test_a_republish_that_fails_is_tried_again_soon(land: Land, trouble: str) -> None:
    """The receipt is still missing: what the broker refused or lost does not wait for days."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    land.exchange.drop("H49")
    (row,) = rows(land, "G22", Box.OUT, State.SENT)
    operations.retry(land["G22"].store, Box.OUT, [row.docket.id], now=land.now)
    if trouble == "full":
        land.exchange.set_limit("H49", 0)
    else:
        land.exchange.lose(1, routed=False)
    land.publish("G22")
    land.exchange.set_limit("H49", None)
    land.wait(timedelta(minutes=6))
    land.settle()
    assert land["H49"].dms.filings == 1


# -- the document system -----------------------------------------------------------------------------------------------


def test_a_system_that_is_away_loses_nothing(land: Land) -> None:
    """Messages wait in the inbox, receipted; nothing is counted against them; they are filed when it is back."""
    land["H49"].dms.away = DmsAway(why="bảo trì")
    land["G22"].dms.write(document())
    land.settle()
    assert not rows(land, "G22", Box.OUT, State.SENT)
    (row,) = rows(land, "H49", Box.IN, State.WAITING)
    assert row.attempts == 0
    land["H49"].dms.away = None
    land.settle()
    assert land["H49"].dms.filings == 1


def test_a_system_that_stumbles_over_one_document_gets_it_again(land: Land) -> None:
    """The others of the batch are filed at once; the one comes back after a wait, and in the end is parked."""
    stubborn = document(number=1)
    land["H49"].dms.stumbles[stubborn.id] = 10**9
    land["G22"].dms.write(stubborn)
    land["G22"].dms.write(document(number=2))
    land.settle()
    assert land["H49"].dms.documents == ["G22,2016/07/01,2/CV-VP"]
    assert "inbox.postponed" in events(land, "H49", stubborn.id)
    for _ in range(DELIVER.tries):
        land.wait(timedelta(minutes=11))
        land.deliver("H49")
    (row,) = rows(land, "H49", Box.IN, State.PARKED)
    land["H49"].dms.stumbles.clear()
    operations.retry(land["H49"].store, Box.IN, [], now=land.now)
    land.settle()
    assert stubborn.id in land["H49"].dms.documents
    assert row.docket.document is not None


def test_a_system_that_refuses_has_the_sender_told(land: Land) -> None:
    """The document is kept with its reason; the sender's system gets the bounce, even after being away."""
    sent = document()
    land["H49"].dms.refuses[sent.id] = RefusedByDms(document=sent.id, why="đã có trong sổ")
    land["G22"].dms.write(sent)
    land["G22"].dms.write(document(number=2))
    land.collect("G22")
    land.publish("G22")
    land["G22"].dms.away = DmsAway(why="bảo trì")
    land.settle()
    assert not land["G22"].dms.bounces
    land["G22"].dms.away = None
    land.settle()
    (bounce,) = land["G22"].dms.bounces
    assert (bounce.error.code, bounce.ref) == ("refused-by-dms", "ref-1")
    assert {"inbox.refused"} <= events(land, "H49", sent.id)
    assert {"outbox.refused"} <= events(land, "G22", sent.id)


def test_an_adapter_that_fails_over_one_document_stops_nobody(land: Land) -> None:
    """Its own exception, not one of ours: the others of the batch are filed, the one is tried again later."""
    bad = document(number=1)
    land["H49"].dms.fails_over.add(bad.id)
    for number in (1, 2, 3):
        land["G22"].dms.write(document(number=number))
    land.settle()
    assert len(land["H49"].dms.documents) == 2
    (row,) = rows(land, "H49", Box.IN, State.WAITING)
    assert "KeyError" in (row.error or "")
    land["H49"].dms.fails_over.clear()
    land.wait(timedelta(minutes=1))
    land.settle()
    assert len(land["H49"].dms.documents) == 3


def test_an_adapter_that_fails_over_a_bounce_hears_of_it_later(land: Land) -> None:
    """The refusal waits in the inbox until the document system has taken it."""
    sent = document()
    land["H49"].dms.refuses[sent.id] = RefusedByDms(document=sent.id, why="trùng")
    land["G22"].dms.fails_over.add(sent.id)
    land["G22"].dms.write(sent)
    land.settle()
    assert not land["G22"].dms.bounces
    land["G22"].dms.fails_over.clear()
    land.wait(timedelta(minutes=1))
    land.settle()
    assert len(land["G22"].dms.bounces) == 1


def test_an_adapter_that_answers_too_little_is_asked_one_by_one() -> None:
    """A count that does not fit says nothing about any item: each is asked for alone, and gets its own answer."""
    asked: list[int] = []

    def call(items: Sequence[int]) -> Sequence[Filed]:
        asked.append(len(items))
        return [Filed(ref="ok")] if items == [1] else []

    answers = ask(call, [1, 2])
    assert asked == [2, 1, 1]
    assert answers[0].ref == "ok"
    assert isinstance(answers[1].error, DmsAway)


def test_a_document_without_the_bytes_of_an_attachment_is_refused(land: Land) -> None:
    """An adapter's mistake: its document system is told; nothing half is sent."""
    whole = document()
    hollow = whole.attachments[0].model_copy(update={"content": b""})
    land["G22"].dms.write(whole.model_copy(update={"attachments": (hollow,)}))
    (answer,) = land.collect("G22")
    assert isinstance(answer.error, BadPackage)


# -- statuses ----------------------------------------------------------------------------------------------------------


def test_an_orphan_is_parked_and_matched_when_its_document_is_known(land: Land) -> None:
    """A status about a document that is not known yet waits, and is reported once it is."""
    unknown = document(number=77)
    land["H49"].dms.write(status(S.ACCEPTED, unknown, "H49", "G22"))
    land.settle()
    assert land["G22"].dms.heard == []
    assert "status.orphan" in events(land, "G22", unknown.id)
    land["G22"].dms.write(unknown)
    land.settle()
    land.wait(timedelta(hours=1))
    land.settle()
    assert sorted(land["G22"].dms.heard) == [("01", "H49"), ("03", "H49")]


def test_an_orphan_that_nobody_claims_ends_parked(land: Land) -> None:
    """After about a day it is an operator's, with words; it never disappears."""
    land["H49"].dms.write(status(S.ACCEPTED, document(number=77), "H49", "G22"))
    land.settle()
    for _ in range(ORPHAN.tries + 1):
        land.wait(timedelta(hours=5))
        land.deliver("G22")
    (row,) = rows(land, "G22", Box.IN, State.PARKED)
    assert "orphan" in (row.error or "")


def test_a_status_finds_its_document_by_number_and_date(land: Land) -> None:
    """Some systems write another id in statuses than in documents: number and date decide then."""
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    land["H49"].dms.write(status(S.ACCEPTED, sent, "H49", "G22", id_="H49-internal-1"))
    land.settle()
    assert land["G22"].dms.heard[-1] == ("03", "H49")


def test_a_stranger_s_status_about_our_document_is_an_orphan(land: Land) -> None:
    """H53 never had the document: its "done" changes nothing."""
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    land["H53"].dms.write(status(S.DONE, sent, "H53", "G22"))
    land.settle()
    assert ("06", "H53") not in land["G22"].dms.heard


def test_a_status_that_must_not_follow_is_told_and_flagged(land: Land) -> None:
    """02 after acceptance reaches the sender's people, changes no state, and leaves an event for an operator."""
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    for code in (S.ACCEPTED, S.REFUSED):
        land["H49"].dms.write(status(code, sent, "H49", "G22"))
        land.settle(3)
    assert land["G22"].dms.heard[-1] == ("02", "H49")
    assert "status.illegal" in events(land, "G22", sent.id)


def test_a_status_that_the_system_refuses_is_kept(land: Land) -> None:
    """Like a document: refused with its reason, the reporter told."""
    sent = document()
    land["G22"].dms.write(sent)
    land["G22"].dms.refuses[sent.id] = RefusedByDms(document=sent.id, why="đã đóng hồ sơ")
    land.settle()
    (row,) = rows(land, "G22", Box.IN, State.REFUSED)
    assert row.docket.status is S.ARRIVED
    assert [bounce.error.code for bounce in land["H49"].dms.bounces] == ["refused-by-dms"]


# -- operators ---------------------------------------------------------------------------------------------------------


def test_a_message_can_be_withdrawn_before_it_leaves(land: Land) -> None:
    """And not after; the same document may then be submitted afresh."""
    sent = document()
    land["G22"].dms.write(sent)
    (answer,) = land.collect("G22")
    assert answer.message
    operations.withdraw(land["G22"].store, answer.message, now=land.now)
    land.settle()
    assert land["H49"].dms.filings == 0
    land["G22"].dms.write(sent)
    land.settle()
    assert land["H49"].dms.filings == 1
    (again,) = [row for row in rows(land, "G22", Box.OUT) if row.state is not State.CANCELLED]
    with pytest.raises(NotPossible):
        operations.withdraw(land["G22"].store, again.docket.id, now=land.now)
    with pytest.raises(NotPossible):
        operations.release(land["G22"].store, Box.OUT, [again.docket.id], now=land.now)
    with pytest.raises(NoSuchMessage):
        operations.show(land["G22"].store, Box.OUT, land["G22"].member.new_id())


def test_a_sent_message_can_be_hurried(land: Land) -> None:
    """Retry of what has no receipt yet publishes it again now."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    land.exchange.drop("H49")
    (row,) = rows(land, "G22", Box.OUT, State.SENT)
    operations.retry(land["G22"].store, Box.OUT, [row.docket.id], now=land.now)
    land.settle()
    assert land["H49"].dms.filings == 1


def test_trace_tells_every_step_in_order(land: Land) -> None:
    """Both sides can tell a document's story from their own store."""
    sent = document()
    land["G22"].dms.write(sent)
    for _ in range(4):
        land.turn()
        land.wait(timedelta(seconds=1))
    land["H49"].dms.write(status(S.REFUSED, sent, "H49", "G22"))
    for _ in range(4):
        land.turn()
        land.wait(timedelta(seconds=1))
    told = [step.what for step in operations.trace(land["G22"].store, sent.id)]
    assert told.index("document accepted") < told.index("document published") < told.index("handling: 01 Đã đến")
    assert "document held by recipient" in told
    assert "handling: 02 Từ chối tiếp nhận" in told
    received = [step.what for step in operations.trace(land["H49"].store, sent.id)]
    assert received.index("document taken in") <= received.index("document filed")
    assert "status 02 accepted" in received
    with pytest.raises(NoSuchMessage):
        operations.trace(land["G22"].store, "nothing of that name")


def test_what_waits_and_what_was_refused_shows_in_the_trace(land: Land) -> None:
    """With the reason and the next try."""
    sent = document()
    land.exchange.set_limit("H49", 0)
    land["G22"].dms.write(sent)
    land.settle(2)
    assert any("broker-refused" in step.detail for step in operations.trace(land["G22"].store, sent.id))
    land.exchange.set_limit("H49", None)
    land["H49"].dms.stumbles[sent.id] = 1
    land.wait(timedelta(minutes=10))
    land.settle(2)
    assert any("dms-away" in step.detail for step in operations.trace(land["H49"].store, sent.id))
    assert operations.list_rows(land["H49"].store, Box.IN, state=State.WAITING)


def test_sealed_bytes_are_the_same_at_every_retry(land: Land) -> None:
    """What is published again is what was published before: sealing happens once."""
    land["G22"].dms.write(document())
    land.collect("G22")
    bodies = []
    for _ in range(2):
        with land["G22"].store.read() as tx:
            (entry,) = tx.due_outbox(now=land.now + timedelta(days=30), limit=1, max_bytes=10**9)
        bodies.append(entry.body)
        land.publish("G22")
    assert bodies[0] == bodies[1]
    assert envelope.parse(bodies[0]).docket.kind is Kind.DOCUMENT


def test_a_status_is_a_message_like_any_other(land: Land) -> None:
    """It is sealed, receipted and retried by the same steps."""
    sent = document()
    land["G22"].dms.write(sent)
    land.settle()
    item: Status = status(S.ACCEPTED, sent, "H49", "G22")
    land["H49"].dms.write(item)
    land.settle()
    row = next(row for row in rows(land, "H49", Box.OUT) if row.docket.status is S.ACCEPTED)
    assert row.state is State.DONE
    assert [line.mailbox for line in row.recipients] == ["G22"]
