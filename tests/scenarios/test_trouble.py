"""Bad luck with the broker, and what operators do about it: nothing is lost, and what waits is visible."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import cast

import pytest

from bus.errors import HeldAfterAll, NoSuchMessage, NotPossible, Withdrawn
from bus.handling.transport import InboxState, OutboxState
from bus.operations.messages import list_rows, release, retry, show_message, withdraw_message
from bus.operations.trace import trace_document
from bus.ports.broker import Broker
from bus.ports.records import Box, Confirmation, Publication
from bus.ports.retry import RECEIPTS
from bus.sending.publish import publish
from bus.wire import envelope
from schemas.codes import Kind, StatusCode
from schemas.status import Status
from tests.scenarios.country import Land, document, status
from tests.scenarios.looking import events, rows

S = StatusCode


@pytest.fixture
def land() -> Land:
    return Land()


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
    (row,) = rows(land, "G22", Box.OUT, OutboxState.WAITING)
    assert "H53" in (row.error or "")
    land.exchange.set_limit("H53", None)
    land.wait(timedelta(minutes=10))
    land.settle()
    assert [land[code].dms.filings for code in ("H49", "H53", "H08")] == [1, 1, 1]
    assert not rows(land, "G22", Box.OUT, OutboxState.WAITING)


def test_a_full_inbox_parks_in_the_end_and_can_be_retried(land: Land) -> None:
    """After the last try the message is parked, with an event; retry sends it."""
    land.exchange.set_limit("H49", 0)
    sent = document()
    land["G22"].dms.write(sent)
    land.collect("G22")
    for _ in range(902):
        land.publish("G22")
        land.wait(timedelta(minutes=6))
    (row,) = rows(land, "G22", Box.OUT, OutboxState.PARKED)
    assert "outbox.parked" in events(land, "G22", sent.id)
    land.exchange.set_limit("H49", None)
    assert retry(land["G22"].store, Box.OUT, [], now=land.now) == [row.docket.id]
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
    assert not rows(land, "G22", Box.OUT, OutboxState.SENT)


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
    (row,) = rows(land, "G22", Box.OUT, OutboxState.PARKED)
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


def test_a_message_can_be_withdrawn_before_it_leaves(land: Land) -> None:
    """And not after; the same document may then be submitted afresh."""
    sent = document()
    land["G22"].dms.write(sent)
    (answer,) = land.collect("G22")
    assert answer.message
    withdraw_message(land["G22"].store, answer.message, now=land.now, new_id=land["G22"].member.new_id)
    land.settle()
    assert land["H49"].dms.filings == 0
    land["G22"].dms.write(sent)
    land.settle()
    assert land["H49"].dms.filings == 1
    (again,) = [row for row in rows(land, "G22", Box.OUT) if row.state is not OutboxState.CANCELLED]
    with pytest.raises(NotPossible):
        withdraw_message(land["G22"].store, again.docket.id, now=land.now, new_id=land["G22"].member.new_id)
    with pytest.raises(NotPossible):
        release(land["G22"].store, Box.OUT, [again.docket.id], now=land.now)
    with pytest.raises(NoSuchMessage):
        show_message(land["G22"].store, Box.OUT, land["G22"].member.new_id())


def test_what_was_withdrawn_while_it_left_is_told_as_held(land: Land) -> None:
    """The bytes were with a broker that had not answered yet: the recipient files them, and the sender's people, who
    were told that it was withdrawn, are told the truth."""
    office = land["G22"]
    office.dms.write(document())
    (answer,) = land.collect("G22")
    message = answer.message or ""
    frozen = _Frozen(
        office.broker, lambda: withdraw_message(office.store, message, now=land.now, new_id=office.member.new_id)
    )
    publish(office.store, cast(Broker, frozen), now=land.now, dice=lambda: 0.5)
    land.deliver("G22")
    land.settle()
    assert land["H49"].dms.filings == 1
    assert [bounce.error.code for bounce in office.dms.bounces] == [Withdrawn.code, HeldAfterAll.code]
    assert "outbox.held-after-all" in [event.name for event in office.store.memory.events]
    office.dms.write(document())
    land.settle()
    assert office.dms.answers[-1].duplicate


class _Frozen:
    """A broker that has the bytes, and does not answer until something has happened."""

    def __init__(self, broker: Broker, meanwhile: Callable[[], object]) -> None:
        self._broker, self._meanwhile = broker, meanwhile

    def publish(self, publications: Sequence[Publication]) -> Sequence[Confirmation]:
        answers = self._broker.publish(publications)
        self._meanwhile()
        return answers


def test_a_sent_message_can_be_hurried(land: Land) -> None:
    """Retry of what has no receipt yet publishes it again now."""
    land["G22"].dms.write(document())
    land.collect("G22")
    land.publish("G22")
    land.exchange.drop("H49")
    (row,) = rows(land, "G22", Box.OUT, OutboxState.SENT)
    retry(land["G22"].store, Box.OUT, [row.docket.id], now=land.now)
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
    told = [step.what for step in trace_document(land["G22"].store, sent.id)]
    assert told.index("document accepted") < told.index("document published") < told.index("handling: 01 Đã đến")
    assert "document held by recipient" in told
    assert "handling: 02 Từ chối tiếp nhận" in told
    received = [step.what for step in trace_document(land["H49"].store, sent.id)]
    assert received.index("document taken in") <= received.index("document filed")
    assert "status 02 accepted" in received
    with pytest.raises(NoSuchMessage):
        trace_document(land["G22"].store, "nothing of that name")


def test_what_waits_and_what_was_refused_shows_in_the_trace(land: Land) -> None:
    """With the reason and the next try."""
    sent = document()
    land.exchange.set_limit("H49", 0)
    land["G22"].dms.write(sent)
    land.settle(2)
    assert any("broker-refused" in step.detail for step in trace_document(land["G22"].store, sent.id))
    land.exchange.set_limit("H49", None)
    land["H49"].dms.stumbles[sent.id] = 1
    land.wait(timedelta(minutes=10))
    land.settle(2)
    assert any("dms-away" in step.detail for step in trace_document(land["H49"].store, sent.id))
    assert list_rows(land["H49"].store, Box.IN, state=InboxState.WAITING)


def test_sealed_bytes_are_the_same_at_every_retry(land: Land) -> None:
    """What is published again is what was published before: sealing happens once."""
    land["G22"].dms.write(document())
    land.collect("G22")
    bodies = []
    for _ in range(2):
        with land["G22"].store.read() as tx:
            (entry,) = tx.outbox.due(now=land.now + timedelta(days=30), limit=1, max_bytes=10**9)
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
    assert row.state is OutboxState.DONE
    assert [line.mailbox for line in row.recipients] == ["G22"]
