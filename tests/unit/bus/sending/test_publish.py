"""bus/sending/publish.py: what the broker's answers make of an entry, row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bus.errors import BrokerAway
from bus.handling.transport import OutboxState
from bus.ports.broker import ARRIVAL_BYTES
from bus.ports.records import Arrival, Confirmation, Publication
from bus.ports.retry import PUBLISH, RECEIPTS
from bus.sending.publish import Published, publish
from bus.topology.names import DEAD
from tests.contract.store import NOW, row, sending
from tests.fakes.store import MemoryStore

YES, NO, LOST = Confirmation.CONFIRMED, Confirmation.NACKED, Confirmation.LOST
HOUR = timedelta(hours=1)
TWO = ("H49", "H53")


class Answering:
    """A broker that answers of each recipient as it is told to, of a message to several by the worst of them; and
    raises where it is told of none."""

    is_up = True
    others = 0
    revoked = None

    def __init__(self, **answers: Confirmation) -> None:
        self.answers = answers
        self.published: list[tuple[str, ...]] = []

    def publish(self, batch: Sequence[Publication]) -> Sequence[Confirmation]:
        if not self.answers:
            raise BrokerAway(why="no connection")
        self.published += [publication.routing for publication in batch]
        return [self._worst(publication) for publication in batch]

    def _worst(self, publication: Publication) -> Confirmation:
        said = [self.answers[key.partition(".")[2] or key] for key in publication.routing]
        return next((each for each in (LOST, NO) if each in said), YES)

    def receive(self, *, limit: int, wait: float, max_bytes: int = ARRIVAL_BYTES) -> Sequence[Arrival]:
        return ()

    def ack(self, arrivals: Sequence[Arrival]) -> None:
        """Nothing was received."""

    def state(self) -> Mapping[str, object]:
        return {}

    def try_now(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


def published(store: MemoryStore, broker: Answering) -> Published:
    return publish(store, broker, now=NOW, dice=lambda: 0.0)


@pytest.mark.parametrize(
    ("before", "attempts", "answer", "after", "tries", "waits"),
    [
        (OutboxState.WAITING, 0, YES, OutboxState.SENT, 0, RECEIPTS[0][0]),
        (OutboxState.WAITING, 7, YES, OutboxState.SENT, 0, RECEIPTS[0][0]),
        (OutboxState.WAITING, 0, NO, OutboxState.WAITING, 1, PUBLISH.first / 2),
        (OutboxState.WAITING, PUBLISH.tries, NO, OutboxState.PARKED, PUBLISH.tries + 1, None),
        (OutboxState.WAITING, 3, LOST, OutboxState.WAITING, 3, None),
        (OutboxState.SENT, 1, YES, OutboxState.SENT, 2, RECEIPTS[2][0]),
        (OutboxState.SENT, 2, YES, OutboxState.SENT, 3, RECEIPTS[3][0]),
        (OutboxState.SENT, 1, NO, OutboxState.SENT, 1, PUBLISH.ceiling / 2),
        (OutboxState.SENT, 1, LOST, OutboxState.SENT, 1, timedelta(0)),
        (OutboxState.SENT, 0, YES, OutboxState.SENT, 1, RECEIPTS[1][0]),
        (OutboxState.SENT, 3, YES, OutboxState.PARKED, 4, None),
    ],
)
def test_what_an_answer_does(
    before: OutboxState, attempts: int, answer: Confirmation, after: OutboxState, tries: int, waits: timedelta | None
) -> None:
    """To one that waits, and to one whose receipt is missed: said first, published again twice, then given up."""
    store = MemoryStore()
    with store.write() as tx:
        tx.outbox.put([replace(sending(state=before, next_at=NOW - HOUR), attempts=attempts)], at=NOW)
    published(store, Answering(H49=answer))
    found = row(store)
    assert (found.state, found.attempts) == (after, tries)
    assert found.next_at == (None if waits is None else NOW + waits)


def test_nothing_changes_without_a_broker() -> None:
    """And nothing due asks for none."""
    store = MemoryStore()
    assert published(store, Answering()) == Published()
    with store.write() as tx:
        tx.outbox.put([sending()], at=NOW)
    before = row(store)
    with pytest.raises(BrokerAway):
        published(store, Answering())
    assert row(store) == before


def test_one_full_inbox_holds_up_nobody_else() -> None:
    """What was nacked together is repeated one by one, and again so the next time."""
    store, broker = MemoryStore(), Answering(H49=YES, H53=NO)
    with store.write() as tx:
        tx.outbox.put([sending(to=TWO)], at=NOW)
    done = published(store, broker)
    assert (done.confirmed, done.nacked, done.more) == (1, 1, True)
    assert broker.published == [("document.H49", "document.H53"), ("document.H49",), ("document.H53",)]
    found = row(store)
    assert (found.state, found.tried) == (OutboxState.WAITING, True)
    assert "H53" in str(found.error)
    assert "H49" not in str(found.error)


def test_a_full_queue_of_the_dead_is_named_and_waited_for() -> None:
    """What was set aside stays here, waiting, and says what is full."""
    store = MemoryStore()
    with store.write() as tx:
        tx.outbox.put([replace(sending(), outstanding=(DEAD,), expects_receipts=False, key=None)], at=NOW)
    assert published(store, Answering(dead=NO)).nacked == 1
    found = row(store)
    assert (found.state, DEAD in str(found.error)) == (OutboxState.WAITING, True)


def test_what_nobody_receipts_is_done() -> None:
    """A receipt, once the broker has it."""
    store = MemoryStore()
    with store.write() as tx:
        tx.outbox.put([replace(sending(), expects_receipts=False, key=None)], at=NOW)
    assert published(store, Answering(H49=YES)).confirmed == 1
    assert row(store).state is OutboxState.DONE


@pytest.mark.parametrize(
    ("before", "attempts", "answer", "events"),
    [
        (OutboxState.WAITING, 0, YES, []),
        (OutboxState.WAITING, PUBLISH.tries, NO, ["outbox.parked"]),
        (OutboxState.SENT, 0, YES, ["receipt.missing"]),
        (OutboxState.SENT, 3, YES, ["receipt.missing"]),
    ],
)
def test_what_people_are_told(before: OutboxState, attempts: int, answer: Confirmation, events: list[str]) -> None:
    """Only what is out of the ordinary."""
    store = MemoryStore()
    with store.write() as tx:
        tx.outbox.put([replace(sending(state=before, next_at=NOW - HOUR), attempts=attempts)], at=NOW)
    assert published(store, Answering(H49=answer)).said == len(events)
    with store.read() as tx:
        assert [event.name for event in tx.dossiers.recent_events(limit=9)] == events
