"""What is sent again goes to those who do not have it, and only to those: as a message of its own, said to whoever
asked. What the first sending still brings is believed, and nobody files anything twice."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from bus.errors import DmsAway, HeldAfterAll, NotInTime, RefusedByDms, TooMuchUnderWay, Withdrawn
from bus.handling.statuses import Change
from bus.handling.transport import OutboxState
from bus.operations.messages import release, withdraw_message
from bus.ports.adapter import Answer
from bus.ports.records import Box, HandlingKey
from bus.ports.retry import RECEIPTS
from bus.sending.receipts import receipt
from schemas.agency import Quota
from schemas.codes import BusinessType, Outcome, Priority, StatusCode
from schemas.docket import Acknowledged
from schemas.document import Business, Document
from tests.scenarios.country import Land, document, status
from tests.scenarios.large import LargeLand
from tests.scenarios.looking import events, rows

HOURS = timedelta(hours=2)
SKEW = timedelta(minutes=5)
TIMED = document("G22", "H49", "H53", priority=Priority.IMMEDIATE_TIMED)
CIRCULAR = document("G22", "H49", "H53")


@pytest.fixture
def land() -> Land:
    """G22's documents of that urgency are worth two hours."""
    land = Land()
    land["G22"].member = replace(land["G22"].member, expiry={Priority.IMMEDIATE_TIMED: HOURS})
    return land


def told(land: Land) -> list[tuple[str, str]]:
    return [(bounce.mailbox, bounce.error.code) for bounce in land["G22"].dms.bounces]


def send(land: Land, item: Document) -> Answer:
    """Collected, and nothing more."""
    land["G22"].dms.write(item)
    (answer,) = land.collect("G22")
    assert answer.error is None
    return answer


def refused_by(land: Land, code: str, item: Document) -> None:
    """Sent; all have it but that one, whose document system refuses it, and would take it by now."""
    land[code].dms.refuses[item.id] = RefusedByDms(document=item.id, why="trial")
    land["G22"].dms.write(item)
    land.settle()
    land[code].dms.refuses.clear()
    assert told(land) == [(code, RefusedByDms.code)]


def late_at(land: Land, code: str, item: Document = TIMED) -> None:
    """Sent; one recipient is away until its time is over, and comes back then."""
    land[code].broker.cut()
    land["G22"].dms.write(item)
    land.settle(3)
    land.wait(HOURS + 2 * SKEW)
    land.settle(2)
    land[code].broker.mend()


def filings(land: Land) -> list[int]:
    return [land[code].dms.filings for code in ("H49", "H53")]


def test_it_goes_to_the_one_who_refused_it(land: Land) -> None:
    """The others have it, and do not get it twice; the answer and an event say whom it goes to."""
    refused_by(land, "H53", CIRCULAR)
    answer = send(land, CIRCULAR)
    assert (answer.duplicate, answer.again_to, answer.held_by, answer.under_way_to) == (False, ("H53",), ("H49",), ())
    (row,) = rows(land, "G22", Box.OUT, OutboxState.WAITING)
    assert (row.docket.id, row.docket.mailboxes) == (answer.message, ("H53",))
    land.settle()
    assert filings(land) == [1, 1]
    assert ("01", "H53") in land["G22"].dms.heard
    assert "outbox.sent-again" in events(land, "G22", CIRCULAR.id)
    assert send(land, CIRCULAR) == Answer(
        ref=land["G22"].dms.answers[-1].ref,
        message=land["G22"].dms.answers[0].message,
        duplicate=True,
        held_by=("H49", "H53"),
    )


def test_it_goes_to_the_one_who_was_not_reached_in_time(land: Land) -> None:
    """With a time of its own, from now on; the first one, which comes too late, changes nothing any more."""
    late_at(land, "H53")
    assert told(land) == [("H53", NotInTime.code)]
    answer = send(land, TIMED)
    assert (answer.again_to, answer.held_by) == (("H53",), ("H49",))
    land.settle()
    assert filings(land) == [1, 1]
    assert told(land) == [("H53", NotInTime.code)], "that the first one was refused as expired is no news"
    assert {line.code for row in rows(land, "G22", Box.OUT) for line in row.recipients} == {None, "expired"}


def test_who_had_it_after_all_files_it_once(land: Land) -> None:
    """It took the first one in while the second was sent: the first is held after all, the second passed over."""
    land["H53"].broker.cut()
    land["G22"].dms.write(TIMED)
    land.settle(3)
    land.wait(HOURS)
    land.settle(2)
    land["H53"].broker.mend()
    assert send(land, TIMED).again_to == ("H53",)
    land.settle()
    assert filings(land) == [1, 1]
    assert told(land) == [("H53", NotInTime.code), ("H53", HeldAfterAll.code)]
    assert "inbox.duplicate" in events(land, "H53", TIMED.id)
    assert not rows(land, "G22", Box.OUT, OutboxState.SENT)


def test_nobody_is_told_that_the_second_was_late_where_the_first_came(land: Land) -> None:
    """The first is held after all; the second never arrives, and ends by its time without a word: it is there."""
    land["H53"].broker.cut()
    land["G22"].dms.write(TIMED)
    land.settle(3)
    land.wait(HOURS)
    land.settle(2)
    land["H53"].broker.mend()
    land.take_in("H53")
    send(land, TIMED)
    land.publish("G22")
    land.exchange.drop("H53")
    land.publish("H53")
    land.settle(2)
    land.wait(HOURS)
    land.settle(2)
    assert told(land) == [("H53", NotInTime.code), ("H53", HeldAfterAll.code)]
    assert not rows(land, "G22", Box.OUT, OutboxState.SENT)


def test_what_is_under_way_is_not_sent_again(land: Land) -> None:
    """Waiting or at the broker: a duplicate, and the answer says who has it and to whom it is under way."""
    land["H53"].broker.cut()
    first = send(land, CIRCULAR)
    assert send(land, CIRCULAR).under_way_to == ("H49", "H53")
    land.settle(3)
    again = send(land, CIRCULAR)
    assert (again.message, again.duplicate, again.again_to) == (first.message, True, ())
    assert (again.held_by, again.under_way_to) == (("H49",), ("H53",))
    land["H53"].broker.mend()
    land.settle()
    assert filings(land) == [1, 1]


def test_refused_by_one_and_under_way_to_another(land: Land) -> None:
    """It goes to the first only; the answer names both."""
    land["H08"].broker.cut()
    circular = document("G22", "H49", "H53", "H08")
    refused_by(land, "H53", circular)
    again = send(land, circular)
    assert (again.again_to, again.held_by, again.under_way_to) == (("H53",), ("H49",), ("H08",))
    land["H08"].broker.mend()
    land.settle()
    assert [land[code].dms.filings for code in ("H49", "H53", "H08")] == [1, 1, 1]


def test_what_was_withdrawn_goes_to_all(land: Land) -> None:
    """Nobody had it: both are named."""
    first = send(land, CIRCULAR)
    assert first.message
    withdraw_message(land["G22"].store, first.message, now=land.now, new_id=land["G22"].member.new_id)
    again = send(land, CIRCULAR)
    assert (again.duplicate, again.again_to) == (False, ("H49", "H53"))
    assert again.message != first.message
    land.settle()
    assert filings(land) == [1, 1]


def parked(land: Land) -> None:
    """H53 gives no receipt for a week; H49 has it."""
    land.exchange.set_limit("H53", None)
    land["G22"].dms.write(CIRCULAR)
    land.collect("G22")
    for wait, _ in RECEIPTS:
        land.publish("G22")
        land.take_in("H49")
        land.publish("H49")
        land.take_in("G22")
        land.wait(wait)
    land.publish("G22")
    assert rows(land, "G22", Box.OUT, OutboxState.PARKED)


def test_what_was_given_up_makes_room_for_what_is_sent_again(land: Land) -> None:
    """No operator is waited for, and no quota counts it twice. The old one may still lie at the broker: filed once."""
    parked(land)
    land.allow("H53", Quota(messages=1))
    again = send(land, CIRCULAR)
    assert (again.again_to, again.held_by) == (("H53",), ("H49",))
    assert not rows(land, "G22", Box.OUT, OutboxState.PARKED)
    assert rows(land, "G22", Box.OUT, OutboxState.CANCELLED)
    with land["G22"].store.read() as tx:
        assert tx.outbox.under_way()["H53"].messages == 1
    land.allow("H53", Quota())
    land.settle()
    assert filings(land) == [1, 1]
    assert {row.state for row in rows(land, "G22", Box.OUT)} == {OutboxState.DONE}


def test_an_operator_was_quicker(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is put back on the road while the same is accepted again stays there; it is filed once all the same."""
    parked(land)
    (row,) = rows(land, "G22", Box.OUT, OutboxState.PARKED)
    office = land["G22"]
    new_id = office.member.new_id

    def meanwhile():  # type: ignore[no-untyped-def]
        release(office.store, Box.OUT, [row.docket.id], now=land.now)
        return new_id()

    office.member = replace(office.member, new_id=meanwhile)
    assert send(land, CIRCULAR).again_to == ("H53",)
    office.member = replace(office.member, new_id=new_id)
    assert len(rows(land, "G22", Box.OUT, OutboxState.WAITING)) == 2
    land.settle()
    assert filings(land) == [1, 1]


def test_a_recipient_that_is_full_is_still_full(land: Land) -> None:
    """What is sent again is refused for want of room like anything else."""
    refused_by(land, "H53", CIRCULAR)
    land["H53"].broker.cut()
    land["G22"].dms.write(document("G22", "H53", number=2))
    land.collect("G22")
    land.allow("H53", Quota(messages=1))
    land["G22"].dms.write(CIRCULAR)
    (answer,) = land.collect("G22")
    assert isinstance(answer.error, TooMuchUnderWay)


def test_a_crash_before_the_answer(land: Land) -> None:
    """Accepted and durable, and the document system was not told: it offers it again, and nothing goes a third time."""
    refused_by(land, "H53", CIRCULAR)
    land["G22"].dms.crash_before_acknowledge = True
    land["G22"].dms.write(CIRCULAR)
    (first,) = land.collect("G22")
    land["G22"].dms.crash_before_acknowledge = False
    (second,) = land.collect("G22")
    assert (first.again_to, first.duplicate) == (("H53",), False)
    assert (second.again_to, second.duplicate, second.under_way_to) == ((), True, ("H53",))
    land.settle()
    assert filings(land) == [1, 1]


def test_twice_in_one_batch(land: Land) -> None:
    """The second is a duplicate of the first, and says to whom that goes."""
    refused_by(land, "H53", CIRCULAR)
    for _ in range(2):
        land["G22"].dms.write(CIRCULAR)
    first, second = land.collect("G22")
    assert (first.again_to, second.message, second.duplicate) == (("H53",), first.message, True)
    assert (second.held_by, second.under_way_to) == (("H49",), ("H53",))
    land.settle()
    assert filings(land) == [1, 1]


def test_what_is_refused_again_is_told_again(land: Land) -> None:
    """Each sending has its own end; and it may be sent a third time."""
    refused_by(land, "H53", CIRCULAR)
    land["H53"].dms.refuses[CIRCULAR.id] = RefusedByDms(document=CIRCULAR.id, why="still")
    land["G22"].dms.write(CIRCULAR)
    land.settle()
    assert told(land) == [("H53", RefusedByDms.code)] * 2
    land["H53"].dms.refuses.clear()
    assert send(land, CIRCULAR).again_to == ("H53",)
    land.settle()
    assert filings(land) == [1, 1]


def test_who_released_it_meanwhile_files_it_once(land: Land) -> None:
    """The recipient's operator had the refused one filed after all: the second is passed over."""
    refused_by(land, "H53", CIRCULAR)
    (row,) = rows(land, "H53", Box.IN)
    release(land["H53"].store, Box.IN, [row.docket.id], now=land.now)
    assert send(land, CIRCULAR).again_to == ("H53",)
    land.settle()
    assert filings(land) == [1, 1]
    assert told(land) == [("H53", RefusedByDms.code)]


@pytest.mark.parametrize(
    ("kind", "change"), [(BusinessType.REVOKE, Change.REVOCATION), (BusinessType.UPDATE, Change.UPDATE)]
)
def test_a_change_that_one_refused(land: Land, kind: BusinessType, change: Change) -> None:
    """It finds its target there; the one that had it, and has answered by now, is not asked a second time."""
    land["G22"].dms.write(CIRCULAR)
    land.settle()
    asked = CIRCULAR.model_copy(update={"business": Business(type=kind, reason="nhầm", document_id=CIRCULAR.id)})
    refused_by(land, "H53", asked)
    land["H49"].dms.write(status(StatusCode.CHANGE_AGREED, CIRCULAR, "H49", "G22"))
    land.settle()
    assert send(land, asked).again_to == ("H53",)
    land.settle()
    assert filings(land) == [2, 2]
    assert list(land["H53"].dms.filed.values())[-1].target == (f"dms:{CIRCULAR.id}:NEW",)
    keys = [HandlingKey("G22", CIRCULAR.id, handler) for handler in ("H49", "H53")]
    with land["G22"].store.read() as tx:
        found = tx.dossiers.by_keys(keys)
    assert [found[key].handling.change for key in keys] == [Change.AGREED, change]


def test_a_replacement_that_one_refused(land: Land) -> None:
    """It is a document of its own, which names the old one."""
    land["G22"].dms.write(CIRCULAR)
    land.settle()
    new = document("G22", "H49", "H53", number=2)
    refused_by(land, "H53", new)
    assert send(land, new).again_to == ("H53",)
    land.settle()
    assert filings(land) == [2, 2]


def test_a_status_that_was_refused(land: Land) -> None:
    """It has one recipient, and goes there again."""
    land["G22"].dms.write(CIRCULAR)
    land.settle()
    item = status(StatusCode.TAKE_BACK, CIRCULAR, "G22", "H53")
    land["H53"].dms.refuses[CIRCULAR.id] = RefusedByDms(document=CIRCULAR.id, why="trial")
    land["G22"].dms.write(item)
    land.settle()
    land["H53"].dms.refuses.clear()
    land["G22"].dms.write(item)
    (answer,) = land.collect("G22")
    assert (answer.duplicate, answer.again_to) == (False, ("H53",))
    land.settle()
    assert ("13", "G22") in land["H53"].dms.heard


def test_a_large_attachment_goes_again_to_one() -> None:
    """Sealed anew as part of the new message, and fetched by that one alone."""
    land = LargeLand()
    sent = land.send("G22", "H49", "H53", mib=3)
    land["H53"].dms.refuses[sent.id] = RefusedByDms(document=sent.id, why="trial")
    land.settle(12)
    assert told(land) == [("H53", RefusedByDms.code)]
    land["H53"].dms.refuses.clear()
    land["G22"].dms.write(sent)
    (answer,) = land.collect_large("G22")
    assert (answer.again_to, answer.held_by) == (("H53",), ("H49",))
    land.settle(12)
    assert land.filed("H53", sent)
    assert land.filed("H49", sent)
    assert told(land) == [("H53", RefusedByDms.code)]


def test_a_large_attachment_that_a_damaged_store_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parked, since only its document system can send it again; and when that does, it goes."""
    land = LargeLand()
    sent = land.send("G22", "H49", mib=3)
    (first,) = land.collect_large("G22")
    assert first.message
    memory = land["G22"].store.memory
    memory.blobs = {key: replace(held, segments={}) for key, held in memory.blobs.items()}
    land.upload("G22")
    assert land.row("G22", Box.OUT, first.message).state is OutboxState.PARKED
    land["G22"].dms.write(sent)
    (again,) = land.collect_large("G22")
    assert (again.duplicate, again.again_to) == (False, ("H49",))
    land.settle(12)
    assert land.filed("H49", sent)
    assert land.row("G22", Box.OUT, first.message).state is OutboxState.CANCELLED


def test_who_moved_to_a_mailbox_that_has_it(land: Land) -> None:
    """Its own mailbox lacked it; the one that serves it now has it: nothing goes."""
    refused_by(land, "H53", CIRCULAR)
    office = land["G22"]
    book = office.member.directory.book
    moved = replace(book, served={**book.served, "H53": "H49"})
    office.member = replace(
        office.member, directory=type(office.member.directory)(moved, on=office.member.directory.on)
    )
    again = send(land, CIRCULAR)
    assert (again.duplicate, again.held_by) == (True, ("H49",))


# -- what was withdrawn is told ----------------------------------------------------------------------------------------


def test_people_are_told_of_what_was_withdrawn(land: Land) -> None:
    """Once, naming each who does not get it; kept while the document system is away."""
    answer = send(land, CIRCULAR)
    assert answer.message
    land["G22"].dms.away = DmsAway(why="bảo trì")
    withdraw_message(land["G22"].store, answer.message, now=land.now, new_id=land["G22"].member.new_id)
    land.settle(3)
    assert told(land) == []
    land["G22"].dms.away = None
    land.settle(3)
    land.wait(timedelta(minutes=5))
    land.settle(3)
    assert told(land) == [("H49", Withdrawn.code), ("H53", Withdrawn.code)]
    (first, _) = land["G22"].dms.bounces
    assert (first.ref, first.message) == (answer.ref, answer.message)
    assert CIRCULAR.id in first.error.in_vietnamese()
    assert {"outbox.withdrawn", "outbox.told"} <= events(land, "G22", CIRCULAR.id)
    assert filings(land) == [0, 0]


def test_what_is_sent_again_meanwhile_is_not_told_as_withdrawn(land: Land) -> None:
    """It is on its way by another message."""
    answer = send(land, CIRCULAR)
    assert answer.message
    withdraw_message(land["G22"].store, answer.message, now=land.now, new_id=land["G22"].member.new_id)
    send(land, CIRCULAR)
    land.settle()
    assert told(land) == []
    assert filings(land) == [1, 1]


def test_what_the_bus_sends_by_itself_is_withdrawn_without_a_word(land: Land) -> None:
    """A status 01 came from no document system, which need not hear of it."""
    land["G22"].dms.write(CIRCULAR)
    land.collect("G22")
    land.publish("G22")
    land.take_in("H49")
    land.deliver("H49")
    (row,) = rows(land, "H49", Box.OUT)
    withdraw_message(land["H49"].store, row.docket.id, now=land.now, new_id=land["H49"].member.new_id)
    land.settle()
    assert land["H49"].dms.bounces == []


def test_a_recipient_cannot_withdraw_what_others_get(land: Land) -> None:
    """A receipt with that code is a refusal by its own mailbox, and nothing else."""
    answer = send(land, CIRCULAR)
    land.publish("G22")
    (row,) = rows(land, "G22", Box.OUT)
    digest = sha256(row.docket.to_json()).hexdigest()
    line = Acknowledged(message=row.docket.id, docket_sha256=digest, outcome=Outcome.REFUSED, code=Withdrawn.code)
    entry = receipt(land["H53"].member, row.docket.sender, [line], now=land.now)
    with land["H53"].store.write() as tx:
        tx.outbox.put([entry], at=land.now)
    land.exchange.drop("H53")
    land.settle()
    assert answer.message == row.docket.id
    assert told(land) == [("H53", Withdrawn.code)]
    assert filings(land) == [1, 0]
