"""bus/rabbit/link/consumer.py: the buffers between the I/O thread and `receive`."""

import pytest
import structlog
from pika import spec

from bus.ports.records import Arrival
from bus.rabbit.link.consumer import Consumer
from bus.rabbit.link_settings import LinkLimits, LinkSettings
from tests.unit.bus.rabbit.offline import OfflineBroker, OfflineIo, OfflineSession

INBOX, LANE = 1, 2
"""Numbers of channels."""


class Desk:
    """A consumer whose broker is a script."""

    def __init__(self, *, version: str = "4.3.6", stream: bool = False, **limits: int) -> None:
        self.broker = OfflineBroker(version=version)
        self.consumer = Consumer(
            OfflineIo(self.broker),  # type: ignore[arg-type] # what it needs of a thread
            queue="inbox.H49",
            lane="urgent.H49",
            settings=LinkSettings(mailbox="H49", url="amqp://H49:p@nowhere", limits=LinkLimits(**limits)),  # type: ignore[arg-type]
            log=structlog.get_logger(),
            arguments={"x-stream-offset": "last"} if stream else None,
        )
        self.session = OfflineSession(self.consumer)
        self.open(1)

    def open(self, number: int) -> None:
        self.consumer.opened(self.broker.channel(), number)
        self.broker.settle()

    def receive(self, *, limit: int = 100, max_bytes: int = 1000) -> list[Arrival]:
        return list(self.consumer.receive(limit=limit, wait=0, max_bytes=max_bytes))


@pytest.mark.parametrize(
    ("sizes", "limit", "max_bytes", "taken"),
    [
        ([], 10, 1000, []),
        ([10, 20, 30], 10, 1000, [10, 20, 30]),
        ([10, 20, 30], 2, 1000, [10, 20]),
        ([10, 20, 30], 10, 30, [10, 20]),
        ([10, 20, 30], 10, 29, [10]),
        ([2000, 20], 10, 1000, [2000]),
        ([20, 2000], 10, 1000, [20]),
        ([0, 0], 10, 0, [0, 0]),
    ],
    ids=["nothing", "all", "the limit", "the bytes", "bytes short", "one too large goes alone", "or waits", "empty"],
)
def test_receive_is_bounded(sizes: list[int], limit: int, max_bytes: int, taken: list[int]) -> None:
    """In messages and in bytes; the first is always handed out, however large."""
    desk = Desk()
    for size in sizes:
        desk.broker.deliver(bytes(size))
    assert [len(each.body) for each in desk.receive(limit=limit, max_bytes=max_bytes)] == taken


def test_copies_of_a_lane_come_first() -> None:
    """On a broker without strict priorities; they are marked as copies."""
    desk = Desk(version="3.10.8")
    desk.broker.deliver(b"old", channel=INBOX, user_id="G22")
    desk.broker.deliver(b"urgent", channel=LANE)
    assert [(each.body, each.is_copy, each.user) for each in desk.receive()] == [
        (b"urgent", True, None),
        (b"old", False, "G22"),
    ]


def test_a_full_buffer_stops_reading_until_half_of_it_is_gone() -> None:
    """Said once each time."""
    desk = Desk(buffer_bytes=100)
    for _ in range(4):
        desk.broker.deliver(bytes(50))
    assert desk.session.calls == ["ready", "pause"]
    desk.receive(limit=2)
    assert desk.session.calls == ["ready", "pause"]
    desk.receive(limit=1)
    assert desk.session.calls == ["ready", "pause", "resume"]
    desk.receive()
    assert desk.session.calls == ["ready", "pause", "resume"]


def test_acks_go_to_the_channel_they_came_by() -> None:
    """Those of a lost channel are passed over: the broker delivers their messages again."""
    desk = Desk()
    for body in (b"one", b"two"):
        desk.broker.deliver(body)
    old = desk.receive()
    desk.broker.deliver(b"never handed out")
    desk.consumer.lost()
    assert desk.receive() == []
    desk.consumer.ack(old)
    assert desk.broker.said(spec.Basic.Ack) == []
    desk.open(2)
    number = max(desk.broker.connection._channels)
    for body in (b"one", b"two", b"three"):
        desk.broker.deliver(body, channel=number)
    desk.consumer.ack(desk.receive())
    (ack,) = desk.broker.said(spec.Basic.Ack)
    assert (ack.delivery_tag, ack.multiple) == (3, True)


def test_a_cancelled_consumer_is_given_up() -> None:
    """The queue was deleted: a new session says what is wrong."""
    desk = Desk()
    (consume,) = desk.broker.said(spec.Basic.Consume)
    desk.broker.say(INBOX, spec.Basic.Cancel(consume.consumer_tag))
    assert desk.session.calls == ["ready", "given up: the broker cancelled the consumer of inbox.H49"]


@pytest.mark.parametrize(
    ("code", "lacking"), [(404, ("inbox.H49",)), (406, ())], ids=["the queue is gone", "something else"]
)
def test_a_queue_that_is_gone_is_named(code: int, lacking: tuple[str, ...]) -> None:
    """Until the next loss: that one may have another cause."""
    desk = Desk()
    desk.broker.say(INBOX, spec.Channel.Close(code, "NOT_FOUND - no queue 'inbox.H49'", 60, 20))
    assert desk.consumer.lacking == lacking
    desk.consumer.lost()
    assert desk.consumer.lacking == ()


@pytest.mark.parametrize(("stream", "probes"), [(False, 1), (True, 0)], ids=["an inbox", "a stream"])
def test_a_quiet_queue_is_probed(stream: bool, probes: int) -> None:
    """A stream is not: it answers no basic.get."""
    desk = Desk(stream=stream)
    desk.broker.clock.pass_(10.0)
    assert len(desk.broker.said(spec.Basic.Get)) == probes


def test_close_ends_a_wait() -> None:
    """Without an arrival, and for good."""
    desk = Desk()
    desk.consumer.close()
    assert list(desk.consumer.receive(limit=1, wait=600.0, max_bytes=1)) == []
