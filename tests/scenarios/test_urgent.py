"""Urgent first, wherever ordinary documents wait: in the outbox, on the broker, in the inbox. What waits in a document
system is in tests/contract/adapter.py; how long it takes, tests/bench/bench_urgent.py says."""

from datetime import timedelta

import pytest

from bus.errors import BrokerAway, DmsAway
from bus.topology.names import DEAD, UNROUTABLE, inbox_of, lane_of
from bus.topology.versions import OLDEST, TARGET, Version
from schemas.codes import Kind, Priority, StatusCode
from tests.fakes.broker import FakeExchange
from tests.scenarios.country import Land, document, status
from tests.scenarios.guarded import GuardedLand

MANY = 30
URGENT = document(number=0, priority=Priority.IMMEDIATE)
MAILBOXES = ("G22", "H49", "H53", "H08")


def land_on(version: Version = TARGET, *, lanes: bool = True) -> Land:
    return Land(exchange=FakeExchange(*MAILBOXES, version=version, lanes=lanes))


@pytest.fixture(params=[TARGET, OLDEST], ids=["strict", "lanes"])
def land(request: pytest.FixtureRequest) -> Land:
    return land_on(request.param)


def write(land: Land, count: int = MANY) -> None:
    """Ordinary documents, and the urgent one behind them."""
    for number in range(1, count + 1):
        land["G22"].dms.write(document(number=number))
    land["G22"].dms.write(URGENT)


def test_it_leaves_the_outbox_first(land: Land) -> None:
    """The broker was away: of all that was accepted meanwhile the urgent one is published first."""
    land["G22"].broker.cut()
    write(land)
    land.collect("G22")
    with pytest.raises(BrokerAway):
        land.publish("G22")
    land["G22"].broker.mend()
    with land["G22"].store.read() as tx:
        (first, *_) = tx.outbox.due(now=land.now, limit=5, max_bytes=1 << 30)
    assert first.docket.document
    assert first.docket.document.id == URGENT.id


def test_it_leaves_the_broker_first(land: Land) -> None:
    """The recipient was away: of all in its queues the urgent one is taken in first, and filed once."""
    write(land)
    land.collect("G22")
    land.publish("G22")
    office = land["H49"]
    (first, *_) = office.broker.receive(limit=1, wait=0)
    office.broker.cut()
    office.broker.mend()
    assert URGENT.id.encode() in first.body
    land.settle()
    assert office.dms.documents[0] == URGENT.id
    assert sorted(office.dms.documents) == sorted({URGENT.id, *(document(number=n).id for n in range(1, MANY + 1))})


def test_it_leaves_the_inbox_first(land: Land) -> None:
    """The document system was away: of all taken in the urgent one is filed first."""
    land["H49"].dms.away = DmsAway(why="bảo trì")
    write(land)
    land.settle(3)
    assert land["H49"].dms.filings == 0
    land["H49"].dms.away = None
    land.wait(timedelta(minutes=20))
    land.settle()
    assert land["H49"].dms.documents[0] == URGENT.id
    assert land["H49"].dms.filings == MANY + 1


def test_the_answers_to_it_are_as_urgent(land: Land) -> None:
    """Its receipt, the 01 of its filing, and what a clerk says of it later, overtake as it did."""
    land["G22"].dms.write(URGENT)
    land["G22"].dms.write(document(number=1))
    land.settle()
    land["H49"].dms.write(status(StatusCode.ACCEPTED, URGENT, "H49", "G22"))
    land["H49"].dms.write(status(StatusCode.ACCEPTED, document(number=1), "H49", "G22"))
    land["G22"].dms.write(status(StatusCode.TAKE_BACK, URGENT, "G22", "H49"))
    land.settle()
    with land["H49"].store.read() as tx:
        sent = [row.docket for row in tx.outbox.rows()]
    urgency = {
        (docket.status, docket.document.id if docket.document else None): docket.priority
        for docket in sent
        if docket.kind is Kind.STATUS
    }
    for code in (StatusCode.ARRIVED, StatusCode.ACCEPTED):
        assert urgency[code, URGENT.id] is Priority.IMMEDIATE
        assert urgency[code, document(number=1).id] is Priority.NORMAL
    receipts = {docket.priority for docket in sent if docket.kind is Kind.RECEIPT}
    assert Priority.IMMEDIATE in receipts
    assert ("03", "H49") in land["G22"].dms.heard
    with land["G22"].store.read() as tx:
        (asked,) = [row.docket for row in tx.outbox.rows() if row.docket.status is StatusCode.TAKE_BACK]
    assert asked.priority is Priority.IMMEDIATE


def test_a_copy_by_the_lane_is_the_same_message() -> None:
    """It lies in the lane and in the inbox, is filed once, and both copies are receipted."""
    land = land_on(OLDEST)
    land["G22"].dms.write(URGENT)
    land.collect("G22")
    land.publish("G22")
    assert (land.exchange.depth(lane_of("H49")), land.exchange.depth(inbox_of("H49"))) == (1, 1)
    taken = land.take_in("H49")
    assert (taken.held, taken.duplicates) == (1, 1)
    land.settle()
    assert land["H49"].dms.documents == [URGENT.id]
    assert land["G22"].dms.heard == [("01", "H49")]


def test_a_copy_that_cannot_be_taken_is_let_go() -> None:
    """What is to be said is said of the message itself: one dead letter, one event, one word to its sender's people."""
    land = GuardedLand(exchange=FakeExchange(*MAILBOXES, version=OLDEST))
    land["G22"].dms.write(URGENT)
    land.agencies = land.agencies.replace('code = "H49"\n[[mail', 'code = "H49"\ntakes = [1]\n[[mail')
    land.publish_keys("H49")
    land.settle()
    assert land.exchange.depth(lane_of("H49")) == 0
    assert land.exchange.depth(DEAD) == 1
    with land["H49"].store.read() as tx:
        assert [event.name for event in tx.dossiers.recent_events(limit=9)] == ["inbox.set-aside"]
    assert [bounce.error.code for bounce in land["G22"].dms.bounces] == ["not-understood"]


def test_a_broker_without_lanes_loses_nothing_urgent() -> None:
    """An old broker whose topology has not been applied again: it arrives in its turn, and nothing is unroutable."""
    land = land_on(OLDEST, lanes=False)
    write(land)
    land.settle()
    assert land["H49"].dms.filings == MANY + 1
    assert land.exchange.depth(UNROUTABLE) == 0


def test_a_full_inbox_does_not_stop_the_lane() -> None:
    """The inbox is full of ordinary documents and the sender must wait: what is urgent is filed meanwhile, and done."""
    land = land_on(OLDEST)
    land.exchange.set_limit("H49", 0)
    land["G22"].dms.write(URGENT)
    land.settle()
    assert land["H49"].dms.documents == [URGENT.id]
    with land["G22"].store.read() as tx:
        (row,) = [row for row in tx.outbox.rows() if row.docket.kind is Kind.DOCUMENT]
    assert row.state == "done"
