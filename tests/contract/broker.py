"""What every `bus.ports.Broker` does. A test file gives it a `ground` fixture and subclasses `BrokerContract`."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

import pytest

from bus.errors import BrokerAway
from bus.ports.broker import Broker
from bus.ports.records import Arrival, Confirmation, Publication
from bus.topology.names import DEAD, inbox_of
from bus.wire.message import lanes
from schemas.codes import Kind, Priority
from schemas.values import MailboxCode, MessageId

HOME, OTHER, SMALL = MailboxCode("H49"), MailboxCode("G22.98"), MailboxCode("A01")
MAILBOXES = (HOME, OTHER, SMALL)
LIMITS = {SMALL: 3}
"""Messages that the inbox of SMALL takes."""


class Ground(Protocol):
    """A broker with the inboxes of MAILBOXES, all empty, and a network to cut."""

    user: str
    """The user of every link."""

    def link(self, mailbox: MailboxCode, *, prefetch: int = 256) -> Broker:
        """Up already; closed by the ground."""

    def settle(self) -> None:
        """Returns when the acks given so far have reached the broker."""

    def cut(self) -> None:
        """Every link loses its connections and cannot make new ones; returns when the links know."""

    def mend(self) -> None:
        """Returns when the links are up again."""

    def depth(self, queue: str) -> int:
        """Messages ready in a queue."""


def publication(
    number: int, *routing: str, headers: dict[str, str] | None = None, priority: Priority = Priority.NORMAL
) -> Publication:
    routing = routing or (f"document.{OTHER}",)
    return Publication(
        message=MessageId(f"0190b6f4-7c3e-7abc-8def-{number:012x}"),
        kind=Kind.DOCUMENT,
        routing=routing,
        body=b"body %d" % number,
        priority=priority,
        lanes=lanes(routing, priority),
        created_at=datetime(2026, 11, 22, 7, 0, tzinfo=UTC),
        headers=headers or {},
    )


def receive(link: Broker, count: int, *, within: float = 15.0) -> Sequence[Arrival]:
    """Exactly so many, however they come."""
    deadline = time.monotonic() + within
    arrivals: list[Arrival] = []
    while len(arrivals) < count and (rest := deadline - time.monotonic()) > 0:
        arrivals += link.receive(limit=count - len(arrivals), wait=rest)
    assert len(arrivals) == count
    return arrivals


def nothing_more(link: Broker) -> bool:
    return not link.receive(limit=1, wait=0.3)


class BrokerContract:
    def test_order(self, ground: Ground) -> None:
        """What one link publishes arrives in that order, with its body and the user the broker vouches for."""
        sender, recipient = ground.link(HOME), ground.link(OTHER)
        assert list(sender.publish([publication(n) for n in range(1000)])) == [Confirmation.CONFIRMED] * 1000
        arrivals: list[Arrival] = []
        while len(arrivals) < 1000:
            some = receive(recipient, min(100, 1000 - len(arrivals)))
            recipient.ack(some)
            arrivals += some
        assert [each.body for each in arrivals] == [b"body %d" % n for n in range(1000)]
        assert {each.user for each in arrivals} == {ground.user}
        assert not any(each.redelivered for each in arrivals)

    def test_headers(self, ground: Ground) -> None:
        """Headers travel as they were given."""
        ground.link(HOME).publish([publication(1, headers={"x-lienthong-reason": "Đã hủy"})])
        (arrival,) = receive(ground.link(OTHER), 1)
        assert arrival.headers["x-lienthong-reason"] == "Đã hủy"

    def test_own_inbox(self, ground: Ground) -> None:
        """A mailbox may write to itself."""
        link = ground.link(HOME)
        link.publish([publication(1, f"status.{HOME}")])
        assert receive(link, 1)[0].body == b"body 1"

    def test_many_recipients(self, ground: Ground) -> None:
        """One publish reaches every inbox that it names, once."""
        everyone = tuple(f"document.{mailbox}" for mailbox in MAILBOXES)
        sender = ground.link(HOME)
        assert list(sender.publish([publication(1, *everyone)])) == [Confirmation.CONFIRMED]
        for link in (sender, ground.link(OTHER), ground.link(SMALL)):
            assert receive(link, 1)[0].body == b"body 1"
            assert nothing_more(link)

    @pytest.mark.parametrize(
        "routing",
        [
            pytest.param(("document.nobody",), id="none known"),
            pytest.param((f"document.{OTHER}", "document.nobody"), id="one unknown among others"),
        ],
    )
    def test_unknown_recipient(self, ground: Ground, routing: tuple[str, ...]) -> None:
        """A publish that no inbox takes, or only some, is confirmed all the same."""
        assert list(ground.link(HOME).publish([publication(1, *routing)])) == [Confirmation.CONFIRMED]

    def test_dead(self, ground: Ground) -> None:
        """What is published as dead waits in the queue of the dead."""
        assert list(ground.link(HOME).publish([publication(1, DEAD)])) == [Confirmation.CONFIRMED]
        assert ground.depth(DEAD) == 1

    def test_full_inbox(self, ground: Ground) -> None:
        """A full inbox refuses; the other recipients of the same publish have their copy."""
        sender = ground.link(HOME)
        answers = [sender.publish([publication(n, f"document.{SMALL}")])[0] for n in range(10)]
        assert answers[:3] == [Confirmation.CONFIRMED] * 3
        assert answers[-1] is Confirmation.NACKED
        both = publication(10, f"document.{SMALL}", f"document.{OTHER}")
        assert list(sender.publish([both, publication(11)])) == [Confirmation.NACKED, Confirmation.CONFIRMED]
        assert [each.body for each in receive(ground.link(OTHER), 2)] == [b"body 10", b"body 11"]

    def test_held_messages_fill_no_inbox(self, ground: Ground) -> None:
        """An inbox without a limit takes what comes while its reader has not acknowledged what it holds."""
        sender = ground.link(HOME)
        sender.publish([publication(1)])
        recipient = ground.link(OTHER)
        receive(recipient, 1)
        assert list(sender.publish([publication(2)])) == [Confirmation.CONFIRMED]
        assert receive(recipient, 1)[0].body == b"body 2"

    def test_empty_batch(self, ground: Ground) -> None:
        """Publishing nothing and acknowledging nothing is nothing, even without a connection."""
        link = ground.link(HOME)
        ground.cut()
        assert list(link.publish([])) == []
        link.ack([])

    def test_limit(self, ground: Ground) -> None:
        """`receive` hands out no more than it was asked for, and the rest next time."""
        ground.link(HOME).publish([publication(n) for n in range(5)])
        recipient = ground.link(OTHER)
        wait_for(lambda: ground.depth(inbox_of(OTHER)) in (0, 5))
        first = receive(recipient, 2)
        assert [each.body for each in [*first, *receive(recipient, 3)]] == [b"body %d" % n for n in range(5)]

    @pytest.mark.parametrize(("max_bytes", "counts"), [(0, [1, 1, 1]), (11, [1, 1, 1]), (12, [2, 1]), (18, [3])])
    def test_max_bytes(self, ground: Ground, max_bytes: int, counts: list[int]) -> None:
        """Nor more bytes than it was asked for, but always one; the rest next time, in order."""
        sender, recipient, arrivals = ground.link(HOME), ground.link(OTHER), list[Arrival]()
        sender.publish([publication(n) for n in range(3)])
        time.sleep(0.5)  # so that all are there
        for count in counts:
            some = recipient.receive(limit=10, wait=5, max_bytes=max_bytes)
            assert len(some) == count
            arrivals += some
        assert [each.body for each in arrivals] == [b"body %d" % n for n in range(3)]
        assert nothing_more(recipient)

    def test_urgent_first(self, ground: Ground) -> None:
        """What is urgent is handed out before what has waited longer, and behind no more than the prefetch of what was
        on its way; it may come twice, the rest comes once and in order."""
        everything = [publication(n) for n in range(20)] + [publication(20, priority=Priority.IMMEDIATE)]
        assert set(ground.link(HOME).publish(everything)) == {Confirmation.CONFIRMED}
        recipient = ground.link(OTHER, prefetch=4)
        arrivals = list(receive(recipient, 4))
        # By a lane it comes beside the prefetch of the others, which are not acknowledged yet.
        arrivals += recipient.receive(limit=1, wait=5.0)
        assert b"body 20" in [each.body for each in arrivals]
        recipient.ack(arrivals)
        while len({each.body for each in arrivals}) < len(everything):
            some = receive(recipient, 1)
            recipient.ack(some)
            arrivals += some
        arrivals += recipient.receive(limit=10, wait=0.3)
        bodies = [each.body for each in arrivals]
        assert [body for body in bodies if body != b"body 20"] == [b"body %d" % n for n in range(20)]
        assert bodies.count(b"body 20") in {1, 2}

    def test_nothing_there(self, ground: Ground) -> None:
        """`receive` waits as long as it was told, and comes back with nothing."""
        link = ground.link(OTHER)
        started = time.monotonic()
        assert list(link.receive(limit=10, wait=0.2)) == []
        assert time.monotonic() - started > 0.15
        assert list(link.receive(limit=10, wait=0.0)) == []

    def test_prefetch(self, ground: Ground) -> None:
        """No more is handed out than the prefetch, until some of it is acknowledged."""
        ground.link(HOME).publish([publication(n) for n in range(6)])
        recipient = ground.link(OTHER, prefetch=4)
        held = receive(recipient, 4)
        assert nothing_more(recipient)
        recipient.ack(held[:2])
        assert [each.body for each in receive(recipient, 2)] == [b"body 4", b"body 5"]

    @pytest.mark.parametrize(
        ("acked", "returned"),
        [
            pytest.param([], [0, 1, 2, 3, 4], id="none"),
            pytest.param([0, 1, 2], [3, 4], id="the first three"),
            pytest.param([4, 2], [0, 1, 3], id="not in order"),
            pytest.param([1, 3, 0, 2, 4], [], id="all, shuffled"),
            pytest.param([1, 1, 0, 1], [2, 3, 4], id="some twice"),
        ],
    )
    def test_redelivery(self, ground: Ground, acked: list[int], returned: list[int]) -> None:
        """What was not acknowledged when the connection went comes again, marked so; what was, does not."""
        ground.link(HOME).publish([publication(n) for n in range(5)])
        recipient = ground.link(OTHER)
        arrivals = receive(recipient, 5)
        for index in acked:
            recipient.ack([arrivals[index]])
        ground.settle()
        ground.cut()
        ground.mend()
        again = receive(recipient, len(returned))
        assert sorted(each.body for each in again) == [b"body %d" % n for n in returned]
        assert all(each.redelivered for each in again)
        assert nothing_more(recipient)

    def test_late_ack(self, ground: Ground) -> None:
        """An ack for a connection that is gone is passed over: it neither acknowledges nor harms the new one."""
        ground.link(HOME).publish([publication(1)])
        recipient = ground.link(OTHER)
        old = receive(recipient, 1)
        ground.cut()
        ground.mend()
        recipient.ack(old)
        (new,) = receive(recipient, 1)
        assert new.tag != old[0].tag
        recipient.ack([new])
        ground.settle()
        ground.cut()
        ground.mend()
        assert nothing_more(recipient)

    def test_away(self, ground: Ground) -> None:
        """Without a connection `publish` raises BrokerAway at once, `receive` brings nothing; later both work again."""
        link = ground.link(HOME)
        assert link.is_up
        ground.cut()
        assert not link.is_up
        with pytest.raises(BrokerAway):  # had it waited for an answer, it would say LOST
            link.publish([publication(1)])
        assert list(link.receive(limit=1, wait=0.1)) == []
        ground.mend()
        assert link.is_up
        assert list(link.publish([publication(2, f"document.{HOME}")])) == [Confirmation.CONFIRMED]
        assert receive(link, 1)[0].body == b"body 2"

    def test_close(self, ground: Ground) -> None:
        """What a closed link held goes to the next one; it publishes and receives no more, and does not wait."""
        ground.link(HOME).publish([publication(1)])
        link = ground.link(OTHER)
        receive(link, 1)
        link.close()
        assert not link.is_up
        with pytest.raises(BrokerAway):
            link.publish([publication(2)])
        assert list(link.receive(limit=1, wait=100_000.0)) == []
        assert receive(ground.link(OTHER), 1)[0].redelivered
        link.close()

    def test_state(self, ground: Ground) -> None:
        """The state says whether it publishes and consumes, and why not."""
        link = ground.link(HOME)
        up = link.state()
        assert (up["publishing"], up["consuming"], up["last_error"]) == (True, True, None)
        ground.cut()
        down = link.state()
        assert (down["publishing"], down["consuming"]) == (False, False)
        assert down["last_error"]


def wait_for(true: object, *, within: float = 60.0) -> None:
    """Until `true()` holds; `within` ends what hangs."""
    assert callable(true)
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
