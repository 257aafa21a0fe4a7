"""bus/rabbit/link/queue_probe.py: when a quiet queue is probed, and what no answer means."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from pika import BasicProperties, exceptions
from pika.spec import Basic

from bus.rabbit.link.queue_probe import QueueProbe
from tests.unit.bus.rabbit.offline import Clock


@dataclass
class Channel:
    """Answers only what a test has it answer."""

    asked: list[str] = field(default_factory=list)
    on_message: Any = None
    on_empty: Any = None
    closing: bool = False

    def add_callback(self, callback: Any, replies: list[Any], one_shot: bool) -> None:
        assert (replies, one_shot) == ([Basic.GetEmpty], False)
        self.on_empty = callback

    def basic_get(self, queue: str, callback: Any) -> None:
        if self.closing:
            raise exceptions.ChannelWrongStateError
        self.asked.append(queue)
        self.on_message = callback


class Ward:
    """A probe, and whom it tells."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.channel = Channel()
        self.idle = True
        self.arrived: list[bytes] = []
        self.lost: list[str] = []
        self.probe = QueueProbe(
            self.clock,  # type: ignore[arg-type] # what it needs of a loop
            queue="inbox.H49",
            after=15.0,
            timeout=10.0,
            is_idle=lambda: self.idle,
            arrived=lambda channel, method, properties, body: self.arrived.append(body),
            unanswered=self.lost.append,
        )
        self.probe.start(self.channel)  # type: ignore[arg-type] # what it needs of a channel


@pytest.fixture
def ward() -> Ward:
    return Ward()


def test_who_hears_enough_asks_nothing(ward: Ward) -> None:
    """Each arrival is a sign of life."""
    for _ in range(10):
        ward.clock.pass_(14.0)
        ward.probe.note_arrival()
    assert (ward.channel.asked, ward.lost) == ([], [])


def test_a_quiet_queue_is_asked_and_answers(ward: Ward) -> None:
    """That it is empty is an answer; it is asked again after as long a silence."""
    for turn in range(1, 4):
        ward.clock.pass_(15.0)
        assert len(ward.channel.asked) == turn
        ward.channel.on_empty("empty")
    assert ward.lost == []


def test_what_is_asked_for_arrives(ward: Ward) -> None:
    """A message that the broker had after all is an arrival like any other."""
    ward.clock.pass_(15.0)
    ward.channel.on_message(ward.channel, Basic.GetOk(delivery_tag=1), BasicProperties(), b"body")
    ward.clock.pass_(14.0)
    assert (ward.arrived, ward.lost, len(ward.channel.asked)) == ([b"body"], [], 1)


def test_no_answer_is_a_loss(ward: Ward) -> None:
    """Said once, and no more is asked on that channel."""
    ward.clock.pass_(24.9)
    assert ward.lost == []
    ward.clock.pass_(60.0)
    assert ward.lost == ["no answer about inbox.H49, for 10 s"]
    assert len(ward.channel.asked) == 1


def test_an_arrival_is_an_answer_too(ward: Ward) -> None:
    """A broker that delivers reaches the queue; the one that was asked for may still come."""
    ward.clock.pass_(16.0)
    ward.probe.note_arrival()
    ward.clock.pass_(9.0)
    assert (ward.lost, len(ward.channel.asked)) == ([], 1)
    ward.clock.pass_(2.0)
    assert len(ward.lost) == 1


def test_who_does_not_listen_does_not_ask(ward: Ward) -> None:
    """While arrivals wait to be taken, or the connection is not read, silence proves nothing."""
    ward.idle = False
    ward.clock.pass_(100.0)
    assert (ward.channel.asked, ward.lost) == ([], [])
    ward.idle = True
    ward.clock.pass_(15.0)
    assert len(ward.channel.asked) == 1


def test_a_channel_that_goes_is_not_missed(ward: Ward) -> None:
    """The session makes another, and the probe begins anew; what an old channel still says counts no more."""
    ward.channel.closing = True
    ward.clock.pass_(15.0)
    assert ward.channel.asked == []
    old, ward.channel = ward.channel, Channel()
    ward.probe.start(ward.channel)  # type: ignore[arg-type]
    ward.clock.pass_(15.0)
    old_answer = (old, Basic.GetOk(delivery_tag=1), BasicProperties(), b"late")
    ward.channel.on_message(*old_answer)
    ward.clock.pass_(10.0)
    assert len(ward.lost) == 1
    ward.probe.stop()
    ward.probe.stop()
    assert all(timer.cancelled for timer in ward.clock.timers)


def test_asyncio_counts_as_the_clock_does() -> None:
    """The names a probe uses are those of a real loop."""
    assert all(hasattr(asyncio.AbstractEventLoop, name) for name in ("time", "call_later"))
