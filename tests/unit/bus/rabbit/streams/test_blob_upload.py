"""bus/rabbit/streams/blob_upload.py: segments are put when the broker has confirmed all of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from pika import BasicProperties, spec

from bus.errors import BlobsAway
from bus.ports.records import Segment
from bus.rabbit.own_user import OwnUser
from bus.rabbit.streams.blob_upload import WINDOW, BlobUpload
from bus.rabbit.streams.on_demand_connection import STALLED
from tests.unit.bus.rabbit.offline import OfflineBroker, OfflineIo, OfflineSession

BLOB = "0" * 32


def segments(count: int) -> list[Segment]:
    return [Segment(blob=BLOB, number=n, data=b"%d" % n, mark="") for n in range(1, count + 1)]


class Desk:
    """An upload whose broker is a script."""

    def __init__(self) -> None:
        self.broker = OfflineBroker()
        self.io = OfflineIo(self.broker)
        self.upload = BlobUpload(self.io, mailbox="H49", user=OwnUser("H49"))  # type: ignore[arg-type] # what it needs
        self.session = OfflineSession(self.upload)
        self.upload.opened(self.broker.channel(), 1)
        self.broker.settle()


def test_all_are_confirmed_in_a_window() -> None:
    """Each with the blob and its number, by the mailbox's own exchange; the stream is looked for before."""
    desk = Desk()
    seen: list[int] = []

    def answer(_: int, tag: int) -> Sequence[Any]:
        seen.append(tag)
        assert not desk.broker.to_say, "sent before the confirm of what fills the window"
        return [spec.Basic.Ack(tag, multiple=True)] if tag % WINDOW == 0 or tag == 50 else []

    desk.broker.answers[spec.Basic.Publish] = answer
    desk.upload.put(segments(50))
    assert seen == list(range(1, 51))
    assert [each.queue for each in desk.broker.said(spec.Queue.Declare)] == ["blobs.H49"]
    first = desk.broker.published[0]
    assert (first.exchange, first.key, first.properties.headers) == (
        "agency.H49",
        "blob.H49",
        {"x-lienthong-blob": BLOB, "x-lienthong-segment": 1, "x-stream-filter-value": BLOB},
    )


def test_a_segment_that_is_refused_ends_it() -> None:
    """The next call begins anew."""
    desk = Desk()
    desk.broker.answers[spec.Basic.Publish] = lambda _, tag: [spec.Basic.Nack(tag) if tag == 2 else spec.Basic.Ack(tag)]
    with pytest.raises(BlobsAway, match=r"the stream blobs\.H49 takes nothing more"):
        desk.upload.put(segments(3))
    desk.upload.put(segments(1))


def test_a_refusal_waits_for_the_confirms_of_all_that_were_sent() -> None:
    """None of them is taken for one of the next call: here one never comes, and only the silence ends it."""
    desk = Desk()
    desk.broker.answers[spec.Basic.Publish] = lambda _, tag: [spec.Basic.Nack(tag)] if tag == 1 else []
    desk.io.after_call = lambda: desk.broker.clock.pass_(STALLED + 2)
    with pytest.raises(BlobsAway, match="no answer to segments"):
        desk.upload.put(segments(2))


def test_a_segment_that_no_queue_takes_ends_it() -> None:
    """Although the broker confirms it."""
    desk = Desk()

    def answer(number: int, tag: int) -> Sequence[Any]:
        desk.broker.say(number, spec.Basic.Return(312, "NO_ROUTE", "agency.H49", "blob.H49"))
        desk.broker.content(number, b"1", BasicProperties())
        return [spec.Basic.Ack(tag)]

    desk.broker.answers[spec.Basic.Publish] = answer
    with pytest.raises(BlobsAway, match=r"agency\.H49 does not lead to blobs\.H49"):
        desk.upload.put(segments(1))


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("stands still", r"no answer to segments of blobs\.H49, for 60 s"),
        ("lost", "connection lost"),
        ("blocked", r"it blocks publishers \(low on disk\)"),
    ],
)
def test_what_ends_a_put_in_the_middle(event: str, why: str) -> None:
    """It never waits for ever, and the next one is refused while it is so."""
    desk = Desk()
    desk.broker.answers[spec.Basic.Publish] = lambda _, tag: []

    def happens() -> None:
        match event:
            case "lost":
                desk.upload.lost()
            case "blocked":
                desk.session.state = replace(desk.session.state, blocked="low on disk")
                desk.upload.blocked()
            case _:
                desk.broker.clock.pass_(STALLED + 2)

    desk.io.after_call = happens
    with pytest.raises(BlobsAway, match=why):
        desk.upload.put(segments(3))
    desk.io.after_call = lambda: None
    with pytest.raises(BlobsAway):
        desk.upload.put(segments(1))


def test_a_slow_broker_is_waited_for() -> None:
    """As long as something is confirmed now and then."""
    desk = Desk()
    tags = iter(range(1, 4))
    desk.broker.answers[spec.Basic.Publish] = lambda _, tag: []

    def happens() -> None:
        for tag in tags:
            desk.broker.clock.pass_(STALLED - 2)
            desk.broker.say(1, spec.Basic.Ack(tag))

    desk.io.after_call = happens
    desk.upload.put(segments(3))
    assert desk.session.calls == ["ready"]


def test_a_thread_that_has_ended_is_away() -> None:
    """It is said, and does not hang."""
    desk = Desk()
    desk.io.is_ended = True
    with pytest.raises(BlobsAway, match="closed"):
        desk.upload.put(segments(1))
