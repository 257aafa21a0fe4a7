"""Putting segments into a mailbox's own stream: publishes with confirms, one call at a time. Nothing durable here."""

import asyncio
import threading
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

import pika.frame
from pika import BasicProperties, DeliveryMode, exceptions
from pika.channel import Channel
from pika.spec import Basic

from bus.errors import BlobsAway
from bus.message import APP_ID
from bus.rabbit.io_thread import IoThread
from bus.rabbit.line import KIND
from bus.rabbit.peer import unsent
from bus.rabbit.session import Session
from bus.records import Segment
from bus.topology import blob_key, blobs_of, exchange_of
from schemas.values import MailboxCode

BLOB_HEADER: Final = "x-lienthong-blob"
SEGMENT_HEADER: Final = "x-lienthong-segment"
FILTER_HEADER: Final = "x-stream-filter-value"
"""RabbitMQ's own name, from 3.13 on; before, a header like any other."""
CONTENT_TYPE: Final = "application/vnd.lienthong.segment"
TYPE: Final = "blob"

WINDOW = 16
"""Segments under way before the first confirm is waited for."""
LOOK = 1.0
"""Seconds between two looks at whether anything moves."""


class _Put:
    """One call of `put`."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self.next = 0
        self.under_way: dict[int, None] = {}
        self.refused: str | None = None
        self.why: str | None = None
        self.done = threading.Event()

    def end(self, why: str | None = None) -> None:
        self.why = why
        self.done.set()


class Upload:
    """The putting half of `StreamBlobs`. `put` is for a worker thread; the rest runs on the I/O thread."""

    name = "blobs put"

    def __init__(self, io: IoThread, *, mailbox: MailboxCode, user: str, patience: float) -> None:
        """`patience`: seconds in which nothing moves, neither out nor back, after which the connection is given up."""
        self.session: Session  # set by the line: each needs the other
        self._io = io
        self._exchange, self._key, self._stream = exchange_of(mailbox), blob_key(mailbox), blobs_of(mailbox)
        self._user = user
        self._patience = patience
        self._channel: Channel | None = None
        self._tag = 0
        self._put: _Put | None = None
        self._moved_at = 0.0
        self._left: tuple[int, int] = (0, 0)
        self._watch: asyncio.TimerHandle | None = None

    def put(self, segments: Sequence[Segment]) -> None:
        """Raises BlobsAway; what was confirmed before stays confirmed, and who does not know which puts all again."""
        job = _Put(segments)
        if not self._io.call(self._begin, job):
            raise BlobsAway(kind=KIND, why="closed")
        job.done.wait()
        if job.why is not None:
            raise BlobsAway(kind=KIND, why=job.why)

    # -- on the I/O thread

    def opened(self, channel: Channel, number: int) -> None:
        def confirms_on(_: object) -> None:
            self._channel, self._tag = channel, 0
            self.session.ready()

        def there(_: object) -> None:
            channel.confirm_delivery(self._on_answer, callback=confirms_on)

        channel.add_on_return_callback(self._on_return)
        # A topology of before there were blobs has no stream, and takes them for mail that nobody gets.
        channel.queue_declare(self._stream, passive=True, callback=there)

    def gone(self) -> None:
        self._channel = None
        self._end(self.session.standing.last_error or "connection lost")

    def blocked(self) -> None:
        self._end(self._why_blocked())

    def _why_blocked(self) -> str | None:
        blocked = self.session.standing.blocked
        return f"it blocks publishers ({blocked})" if blocked is not None else None

    def _begin(self, job: _Put) -> None:
        if self._channel is None or (why := self._why_blocked()) is not None:
            job.end("connection lost" if self._channel is None else why)
            return
        self._put = job
        self._moved_at = self._io.loop.time()
        self._watch = self._io.loop.call_later(LOOK, self._look)
        self._pump()

    def _pump(self) -> None:
        job, channel = self._put, self._channel
        while job is not None and channel is not None and len(job.under_way) < WINDOW and job.next < len(job.segments):
            segment = job.segments[job.next]
            try:
                channel.basic_publish(
                    self._exchange, self._key, segment.data, self._properties(segment), mandatory=True
                )
            except exceptions.AMQPError:
                return  # it is being closed: `gone` comes, and ends it
            self._tag += 1
            job.next += 1
            job.under_way[self._tag] = None

    def _properties(self, segment: Segment) -> BasicProperties:
        return BasicProperties(
            content_type=CONTENT_TYPE,
            headers={BLOB_HEADER: segment.blob, SEGMENT_HEADER: segment.number, FILTER_HEADER: segment.blob},
            delivery_mode=DeliveryMode.Persistent,
            type=TYPE,
            user_id=self._user,
            app_id=APP_ID,
        )

    def _on_answer(self, frame: "pika.frame.Method[Basic.Ack | Basic.Nack]") -> None:
        method, job = frame.method, self._put
        if job is None:
            return  # given up by now
        tag = method.delivery_tag
        assert isinstance(tag, int)
        for each in list(takewhile(tag.__ge__, job.under_way)) if method.multiple else [tag]:
            job.under_way.pop(each, None)
        if isinstance(method, Basic.Nack):
            job.refused = f"luồng {self._stream} không nhận / the stream {self._stream} takes nothing more"
        if job.refused is None:
            self._pump()
        # Whatever is under way is waited for, so that no answer to this is taken for one to the next.
        if not job.under_way:
            self._end(job.refused)

    def _on_return(self, _: Channel, method: Basic.Return, properties: BasicProperties, body: bytes) -> None:
        """Its confirm follows."""
        if self._put is not None:
            self._put.refused = (
                f"{self._exchange} không dẫn tới {self._stream} / {self._exchange} does not lead to {self._stream}: "
                "lienthong topology apply"
            )

    def _look(self) -> None:
        """A node without its cluster takes everything and confirms nothing; a slow line is no such."""
        self._watch = None
        job, channel = self._put, self._channel
        if job is None or channel is None:
            return
        left = (len(job.segments) - job.next + len(job.under_way), unsent(channel))
        now = self._io.loop.time()
        if left != self._left:
            self._left, self._moved_at = left, now
        if now - self._moved_at > self._patience:
            self.session.lose(f"no answer to segments of {self._stream}, for {self._patience:g} s")
        else:
            self._watch = self._io.loop.call_later(LOOK, self._look)

    def _end(self, why: str | None) -> None:
        job, self._put = self._put, None
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if job is not None:
            job.end(why)
