"""Upload of segments to a mailbox's own stream: publishes with confirms, one call at a time."""

import asyncio
import threading
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

import pika.frame
from pika import BasicProperties, DeliveryMode, exceptions
from pika.channel import Channel
from pika.spec import Basic

from bus.errors import BlobsAway, Words
from bus.ports.records import Segment
from bus.rabbit.connection import connection_of
from bus.rabbit.io_thread import IoThread
from bus.rabbit.own_user import OwnUser
from bus.rabbit.session import Session
from bus.rabbit.streams.on_demand_connection import KIND, STALLED
from bus.topology.names import blob_key, blobs_of, exchange_of
from bus.wire.message import APP_ID
from schemas.values import MailboxCode

BLOB_HEADER: Final = "x-lienthong-blob"
SEGMENT_HEADER: Final = "x-lienthong-segment"
FILTER_HEADER: Final = "x-stream-filter-value"
"""RabbitMQ's own name, from 3.13 on; before, a header like any other."""
CONTENT_TYPE: Final = "application/vnd.lienthong.segment"
TYPE: Final = "blob"

WINDOW = 2
"""Unconfirmed segments at a time. Until the socket has taken it, each is a second copy in memory."""
CHECK_EVERY = 1.0
"""Seconds between two checks whether anything moves."""


class _Put:
    """One call of `put`."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self.next = 0
        self.unconfirmed: dict[int, None] = {}
        self.refused: str | None = None
        self.why: str | None = None
        self.done = threading.Event()

    def end(self, why: str | None = None) -> None:
        self.why = why
        self.done.set()


class BlobUpload:
    """The uploading half of `StreamBlobs`. `put` is for one worker thread at a time; the rest runs on the I/O
    thread."""

    name = "blobs put"

    def __init__(self, io: IoThread, *, mailbox: MailboxCode, user: OwnUser) -> None:
        self.session: Session  # set by the session
        self._io = io
        self._exchange, self._key, self._stream = exchange_of(mailbox), blob_key(mailbox), blobs_of(mailbox)
        self._user = user
        self._channel: Channel | None = None
        self._tag = 0
        self._put: _Put | None = None
        self._moved_at = 0.0
        self._remaining: tuple[int, int] = (0, 0)
        self._watch: asyncio.TimerHandle | None = None

    def put(self, segments: Sequence[Segment]) -> None:
        """Raises BlobsAway: some may have been confirmed by then, and putting all again does no harm."""
        job = _Put(segments)
        if not self._io.call(self._begin, job):
            raise BlobsAway(kind=KIND, why=Words("đã đóng", "closed"))
        if not self._io.wait(job.done):
            raise BlobsAway(
                kind=KIND, why=Words("luồng của các kết nối đã dừng", "the thread of its connections has ended")
            )
        if job.why is not None:
            raise BlobsAway(kind=KIND, why=job.why)

    # -- on the I/O thread

    def opened(self, channel: Channel, number: int) -> None:
        def confirms_on(_: object) -> None:
            self._channel, self._tag = channel, 0
            self.session.mark_ready()

        def there(_: object) -> None:
            channel.confirm_delivery(self._on_answer, callback=confirms_on)

        channel.add_on_return_callback(self._on_return)
        # Without the stream, as in a topology of older versions, segments would go to the queue `unroutable`.
        channel.queue_declare(self._stream, passive=True, callback=there)

    def lost(self) -> None:
        self._channel = None
        self._end(self.session.state.last_error or "connection lost")

    def blocked(self) -> None:
        self._end(self._why_blocked())

    def _why_blocked(self) -> str | None:
        blocked = self.session.state.blocked
        return f"it blocks publishers ({blocked})" if blocked is not None else None

    def _begin(self, job: _Put) -> None:
        if self._channel is None or (why := self._why_blocked()) is not None:
            job.end("connection lost" if self._channel is None else why)
            return
        self._put = job
        self._moved_at = self._io.loop.time()
        self._watch = self._io.loop.call_later(CHECK_EVERY, self._check)
        self._pump()

    def _pump(self) -> None:
        job, channel = self._put, self._channel
        if job is None or channel is None:
            return
        while len(job.unconfirmed) < WINDOW and job.next < len(job.segments):
            segment = job.segments[job.next]
            try:
                channel.basic_publish(
                    self._exchange, self._key, segment.data, self._properties(segment), mandatory=True
                )
            except exceptions.AMQPError:
                return  # it is being closed: `lost` follows, and ends it
            self._tag += 1
            job.next += 1
            job.unconfirmed[self._tag] = None

    def _properties(self, segment: Segment) -> BasicProperties:
        return BasicProperties(
            content_type=CONTENT_TYPE,
            headers={BLOB_HEADER: segment.blob, SEGMENT_HEADER: segment.number, FILTER_HEADER: segment.blob},
            delivery_mode=DeliveryMode.Persistent,
            type=TYPE,
            user_id=self._user.name,
            app_id=APP_ID,
        )

    def _on_answer(self, frame: "pika.frame.Method[Basic.Ack | Basic.Nack]") -> None:
        method, job = frame.method, self._put
        if job is None:
            return  # ended by now
        tag = method.delivery_tag
        assert isinstance(tag, int)
        for each in list(takewhile(tag.__ge__, job.unconfirmed)) if method.multiple else [tag]:
            job.unconfirmed.pop(each, None)
        if isinstance(method, Basic.Nack):
            job.refused = f"luồng {self._stream} không nhận / the stream {self._stream} takes nothing more"
        if job.refused is None:
            self._pump()
        # All confirms are waited for, so that none of this call is taken for one of the next.
        if not job.unconfirmed:
            self._end(job.refused)

    def _on_return(self, _: Channel, method: Basic.Return, properties: BasicProperties, body: bytes) -> None:
        """A segment that no queue took; its confirm follows."""
        if self._put is not None:
            self._put.refused = (
                f"{self._exchange} không dẫn tới {self._stream} / {self._exchange} does not lead to {self._stream}: "
                "lienthong topology apply"
            )

    def _check(self) -> None:
        """Gives the connection up where neither the socket takes bytes nor the broker confirms: a node without its
        cluster takes everything and confirms nothing."""
        self._watch = None
        job, channel = self._put, self._channel
        if job is None or channel is None:
            return
        remaining = (len(job.segments) - job.next + len(job.unconfirmed), connection_of(channel).bytes_unsent)
        now = self._io.loop.time()
        if remaining != self._remaining:
            self._remaining, self._moved_at = remaining, now
        if now - self._moved_at > STALLED:
            self.session.give_up(f"no answer to segments of {self._stream}, for {STALLED:g} s")
        else:
            self._watch = self._io.loop.call_later(CHECK_EVERY, self._check)

    def _end(self, why: str | None) -> None:
        job, self._put = self._put, None
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if job is not None:
            job.end(why)
