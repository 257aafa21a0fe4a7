"""Document systems that are away, stumble, refuse or fail, and statuses that come late, wrong or to nobody."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bus.errors import BadPackage, DmsAway, RefusedByDms
from bus.handling.transport import InboxState, OutboxState
from bus.operations.messages import retry
from bus.ports.adapter import Adapter, Filed, Filing
from bus.ports.records import Box
from bus.ports.retry import DELIVER, ORPHAN
from bus.receiving.adapter_calls import ask, shown
from schemas.codes import StatusCode
from schemas.values import MessageId
from tests.fakes.dms import MemoryDms
from tests.scenarios.country import Land, document, status
from tests.scenarios.looking import events, rows

S = StatusCode


@pytest.fixture
def land() -> Land:
    return Land()


def test_a_system_that_is_away_loses_nothing(land: Land) -> None:
    """Messages wait in the inbox, receipted; nothing is counted against them; they are filed when it is back."""
    land["H49"].dms.away = DmsAway(why="bảo trì")
    land["G22"].dms.write(document())
    land.settle()
    assert not rows(land, "G22", Box.OUT, OutboxState.SENT)
    (row,) = rows(land, "H49", Box.IN, InboxState.WAITING)
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
    (row,) = rows(land, "H49", Box.IN, InboxState.PARKED)
    land["H49"].dms.stumbles.clear()
    retry(land["H49"].store, Box.IN, [], now=land.now)
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


def test_a_system_that_says_yes_and_keeps_nothing_is_found_out(land: Land) -> None:
    """Its yes counts for nothing while it cannot show the document: no 01 goes back, the body is kept, the document is
    handed over again, and in the end parked for an operator. Others of the batch are filed."""
    lost, good = document(number=1), document(number=2)
    land["H49"].dms.lies.add(lost.id)
    for each in (lost, good):
        land["G22"].dms.write(each)
    land.settle()
    assert (land["H49"].dms.documents, land["G22"].dms.heard) == ([good.id], [("01", "H49")])
    (row,) = rows(land, "H49", Box.IN, InboxState.WAITING)
    assert row.error
    assert row.error.startswith("The document system took message")
    for _ in range(DELIVER.tries):
        land.wait(timedelta(minutes=11))
        land.deliver("H49")
    (row,) = rows(land, "H49", Box.IN, InboxState.PARKED)
    land["H49"].dms.lies.clear()
    retry(land["H49"].store, Box.IN, [row.docket.id], now=land.now)
    land.settle()
    assert land["H49"].dms.documents == [good.id, lost.id]
    assert land["G22"].dms.heard == [("01", "H49")] * 2


class Trusting(MemoryDms):
    """Its adapter was written before anybody asked."""

    holds = Adapter.holds


def test_an_adapter_that_cannot_tell_is_believed(land: Land) -> None:
    """`holds` is optional: without it, a yes counts as before."""
    land["H49"].dms = Trusting(lies={document().id})
    land["G22"].dms.write(document())
    land.settle()
    assert land["G22"].dms.heard == [("01", "H49")]


def test_a_status_that_is_not_kept_comes_again(land: Land) -> None:
    """Statuses are looked for like documents."""
    sent = document()
    land["G22"].dms.lies.add(sent.id)
    land["G22"].dms.write(sent)
    land.settle()
    assert land["G22"].dms.heard == []
    land["G22"].dms.lies.clear()
    land.wait(timedelta(minutes=1))
    land.settle()
    assert land["G22"].dms.heard == [("01", "H49")]


def test_a_system_that_cannot_be_asked_what_it_holds(land: Land) -> None:
    """Away, the call is repeated; an adapter that fails over the question has each of them tried later. What was
    refused stays refused, and nothing is filed twice."""
    refused = document(number=2)
    land["H49"].dms.refuses[refused.id] = RefusedByDms(document=refused.id, why="đã có")
    land["H49"].dms.blind = True
    for each in (document(number=1), refused):
        land["G22"].dms.write(each)
    land.settle()
    assert "its adapter failed: LookupError" in str(rows(land, "H49", Box.IN, InboxState.WAITING)[0].error)
    assert rows(land, "H49", Box.IN, InboxState.REFUSED)
    land["H49"].dms.blind = False
    land["H49"].dms.away = DmsAway(why="bảo trì")
    filings = [Filing(document=document(), recipients=("H49",), message=MessageId("m"))]
    with pytest.raises(DmsAway):
        shown(land["H49"].dms, filings, [Filed(ref="dms:1")])
    land["H49"].dms.away = None
    land.wait(timedelta(minutes=1))
    land.settle()
    assert land["G22"].dms.heard == [("01", "H49")]
    assert land["H49"].dms.filings == 1


def test_an_adapter_that_fails_over_one_document_stops_nobody(land: Land) -> None:
    """Its own exception, not one of ours: the others of the batch are filed, the one is tried again later."""
    bad = document(number=1)
    land["H49"].dms.fails_over.add(bad.id)
    for number in (1, 2, 3):
        land["G22"].dms.write(document(number=number))
    land.settle()
    assert len(land["H49"].dms.documents) == 2
    (row,) = rows(land, "H49", Box.IN, InboxState.WAITING)
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
    (row,) = rows(land, "G22", Box.IN, InboxState.PARKED)
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
    (row,) = rows(land, "G22", Box.IN, InboxState.REFUSED)
    assert row.docket.status is S.ARRIVED
    assert [bounce.error.code for bounce in land["H49"].dms.bounces] == ["refused-by-dms"]
