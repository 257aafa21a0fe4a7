"""Download of segments from any mailbox's stream: one cursor at a time, which stays open from call to call while the
caller asks for what follows. Nothing here is durable; the caller judges whose bytes they are.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

import structlog
from pika import BasicProperties, exceptions
from pika.channel import Channel
from pika.spec import Basic

from bus.errors import BlobsAway, said
from bus.ports.records import Segment
from bus.rabbit.connection import connection_of
from bus.rabbit.content_header import OFFSET, stream_offset
from bus.rabbit.io_thread import IoThread
from bus.rabbit.pika_errors import reason_of
from bus.rabbit.session import Session
from bus.rabbit.streams.blob_cursor import BlobCursor, StreamEnd, segment_of
from bus.rabbit.streams.on_demand_connection import KIND, STALLED
from bus.topology.versions import filters
from schemas.values import BlobId

FILTER: Final = "x-stream-filter"
PREFETCH: Final = 2
"""Unacknowledged segments at a time, beyond those handed out: the next come while some are committed."""
LONGEST_READ: Final = 5.0
"""Seconds after which `read` returns what it has, where the line is slow."""
PAUSE: Final = 0.2
"""Seconds without a byte after which it does."""
TICK: Final = 0.1


class BlobDownload:
    """The downloading half of `StreamBlobs`. `read` and `last_offset` are for one worker thread at a time, `close` for
    any; the rest runs on the I/O thread."""

    name = "blobs get"

    def __init__(self, io: IoThread, *, quiet: float, log: structlog.typing.FilteringBoundLogger) -> None:
        """`quiet`: seconds without a byte after which a stream may have come to its end."""
        self.session: Session  # set by the session
        self._io = io
        self._quiet = quiet
        self._log = log
        self._channel: Channel | None = None
        self._can_filter = True
        self._changes = threading.Condition()
        self._cursor: BlobCursor | None = None
        self._end: StreamEnd | None = None
        self._closed = False

    def read(self, stream: str, blob: BlobId, *, first: int, mark: str | None, limit: int) -> Sequence[Segment]:
        """As `bus.ports.Blobs.get`."""
        cursor, began = self._cursor, time.monotonic()
        if cursor is None or not cursor.continues(stream, blob, mark, first):
            cursor = self._new_cursor(BlobCursor(stream, blob, mark))
        cursor.first, cursor.end, cursor.last_byte_at = first, None, began
        taken: list[Segment] = []
        with self._changes:
            while len(taken) < limit:
                some = self._take(cursor, limit - len(taken))
                taken += some
                if some:
                    continue
                if self._is_enough(cursor, began=began) if taken else self._is_over(cursor):
                    break
                self._changes.wait(TICK)
        if taken:
            cursor.mark = taken[-1].mark
        return taken

    def last_offset(self, stream: str) -> int | None:
        """An offset in the last chunk of a stream; None where the stream is empty."""
        end, began = self._ask_end(stream), time.monotonic()
        with self._changes:
            while end.offset is None:
                now = time.monotonic()
                self._check(end.failed)
                if end.answered_at is not None and now - end.answered_at >= self._quiet:
                    break
                if now - began >= STALLED:
                    self._give_up(stream)
                self._changes.wait(TICK)
        return end.offset

    def close(self) -> None:
        """Ends the call that waits, with BlobsAway."""
        with self._changes:
            self._closed = True
            self._changes.notify_all()

    def _new_cursor(self, cursor: BlobCursor) -> BlobCursor:
        old, self._cursor = self._cursor, cursor
        self._io.call(self._open_cursor, cursor, old)
        return cursor

    def _ask_end(self, stream: str) -> StreamEnd:
        old, self._end = self._end, StreamEnd(stream)
        self._io.call(self._open_end, self._end, old)
        return self._end

    def _take(self, cursor: BlobCursor, room: int) -> list[Segment]:
        """The segments that have arrived. Their acks let the broker send as many more."""
        taken, tags = list[Segment](), list[int]()
        while cursor.buffer and len(taken) < room:
            segment, tag = cursor.buffer.popleft()
            tags.append(tag)
            if segment.number >= cursor.first:
                taken.append(segment)
        if tags and cursor.channel is not None:
            self._io.call(_ack, cursor.channel, tags)
        return taken

    def _note_bytes(self, cursor: BlobCursor, now: float) -> None:
        if cursor.channel is not None:
            cursor.note_bytes(connection_of(cursor.channel).bytes_received, now=now)

    def _is_enough(self, cursor: BlobCursor, *, began: float) -> bool:
        """Whether what was taken is returned without waiting for more."""
        now = time.monotonic()
        self._note_bytes(cursor, now)
        return now - cursor.last_byte_at >= PAUSE or now - began >= LONGEST_READ or cursor.failed is not None

    def _is_over(self, cursor: BlobCursor) -> bool:
        """Whether the stream has come to its end. Raises BlobsAway where it stands still before."""
        now = time.monotonic()
        self._note_bytes(cursor, now)
        self._check(cursor.failed)
        silent = now - cursor.last_byte_at
        if silent >= STALLED:
            self._give_up(cursor.stream)
        if silent < self._quiet / 2 or cursor.channel is None:
            return False
        if cursor.end is None:
            cursor.end = self._ask_end(cursor.stream)
        self._check(cursor.end.failed)
        return cursor.is_at_end(now=now, quiet=self._quiet)

    def _check(self, failed: str | None) -> None:
        if why := said("đã đóng", "closed") if self._closed else failed:
            raise BlobsAway(kind=KIND, why=why)

    def _give_up(self, stream: str) -> None:
        why = said("luồng {stream} đứng yên", "the stream {stream} stands still", stream=stream)
        self._io.call(self.session.give_up, why)
        raise BlobsAway(kind=KIND, why=why)

    # -- on the I/O thread

    def opened(self, channel: Channel, number: int) -> None:
        """This channel only keeps the connection open: each cursor has a channel of its own, which the broker closes
        over that cursor's errors alone."""
        self._channel, self._can_filter = channel, True
        self.session.mark_ready()

    def lost(self) -> None:
        self._channel = None
        for each in (self._cursor, self._end):
            if each is not None:
                self._fail(each, self.session.state.last_error or "connection lost")

    def blocked(self) -> None:
        """A connection that never publishes is not blocked."""

    def _open_cursor(self, cursor: BlobCursor, old: BlobCursor | None) -> None:
        if old is not None:
            _close(old.channel)

        def opened(channel: Channel) -> None:
            channel.add_on_close_callback(partial(self._on_closed, cursor))
            channel.add_on_cancel_callback(lambda _: self._fail(cursor, f"the broker cancelled {cursor.stream}"))
            channel.basic_qos(prefetch_count=PREFETCH, callback=lambda _: limited(channel))

        def limited(channel: Channel) -> None:
            version = connection_of(channel).broker_version
            cursor.is_filtered = self._can_filter and version is not None and filters(version)
            arguments: dict[str, Any] = {OFFSET: cursor.begin}
            if cursor.is_filtered:
                arguments[FILTER] = cursor.blob
            arrived = partial(self._on_segment, cursor)
            channel.basic_consume(cursor.stream, arrived, arguments=arguments, callback=lambda _: consuming(channel))

        def consuming(channel: Channel) -> None:
            with self._changes:
                cursor.channel = channel
                cursor.bytes_heard, cursor.last_byte_at = connection_of(channel).bytes_received, time.monotonic()
            if cursor is not self._cursor:
                _close(channel)

        self._open_channel(cursor, opened)

    def _open_end(self, end: StreamEnd, old: StreamEnd | None) -> None:
        if old is not None:
            _close(old.channel)

        def opened(channel: Channel) -> None:
            channel.add_on_close_callback(partial(self._on_closed, end))
            channel.basic_qos(prefetch_count=1, callback=lambda _: limited(channel))

        def limited(channel: Channel) -> None:
            arrived = partial(self._on_end, end)
            last = {OFFSET: "last"}
            channel.basic_consume(end.stream, arrived, arguments=last, callback=lambda _: consuming(channel))

        def consuming(channel: Channel) -> None:
            with self._changes:
                end.channel, end.answered_at = channel, time.monotonic()
            if end is not self._end:
                _close(channel)

        self._open_channel(end, opened)

    def _open_channel(self, owner: BlobCursor | StreamEnd, opened: Callable[[Channel], None]) -> None:
        if self._channel is None:
            self._fail(owner, "connection lost")
            return
        try:
            self._channel.connection.channel(on_open_callback=opened)
        except exceptions.AMQPError as error:
            self._fail(owner, reason_of(error))

    def _on_segment(
        self, cursor: BlobCursor, channel: Channel, method: Basic.Deliver, properties: BasicProperties, body: bytes
    ) -> None:
        said, tag = stream_offset(properties), method.delivery_tag
        assert isinstance(tag, int)
        offset = cursor.last_offset + 1 if said is None else said
        segment = segment_of(properties.headers or {}, body, blob=cursor.blob, offset=offset)
        if segment is None or offset < cursor.begin:
            _ack(channel, [tag])
        with self._changes:
            cursor.last_offset, cursor.last_byte_at = max(cursor.last_offset, offset), time.monotonic()
            if segment is not None and offset >= cursor.begin:
                cursor.buffer.append((segment, tag))
                self._changes.notify_all()

    def _on_end(
        self, end: StreamEnd, channel: Channel, method: Basic.Deliver, properties: BasicProperties, body: bytes
    ) -> None:
        assert isinstance(method.delivery_tag, int)
        _ack(channel, [method.delivery_tag])
        offset = stream_offset(properties)
        if offset is None:
            return
        with self._changes:
            if end.offset is None:
                end.offset = offset
                self._changes.notify_all()
        _close(channel)

    def _on_closed(self, owner: BlobCursor | StreamEnd, _: Channel, error: Exception) -> None:
        if not isinstance(error, exceptions.ChannelClosedByBroker):
            return  # by us; or with the connection, and `lost` follows
        why = reason_of(error)
        expected = error.reply_code in {403, 404}
        if isinstance(owner, BlobCursor) and owner.is_filtered and owner.channel is None and not expected:
            # Perhaps a broker that was upgraded from before 3.13, where the feature flag is not enabled.
            self._can_filter = False
            self._log.warning("blobs.unfiltered", why=why)
            self._io.loop.call_soon(self._open_cursor, owner, None)
            return
        match error.reply_code:
            case 404:
                why = said(
                    "không có luồng {stream}: lienthong topology apply",
                    "there is no stream {stream}: lienthong topology apply",
                    stream=owner.stream,
                )
            case 403:
                why = said(
                    "không được đọc {stream}: lienthong topology apply",
                    "may not read {stream}: lienthong topology apply",
                    stream=owner.stream,
                )
            case _:
                self.session.give_up(why, refused=True)  # another node may have a copy that can be read
        self._fail(owner, why)

    def _fail(self, owner: BlobCursor | StreamEnd, why: str) -> None:
        with self._changes:
            owner.failed = owner.failed or why
            self._changes.notify_all()


def _ack(channel: Channel, tags: Iterable[int]) -> None:
    """An ack in a stream removes nothing: it lets the broker send as many more."""
    try:
        for tag in tags:
            channel.basic_ack(tag)
    except exceptions.AMQPError:
        return  # it is being closed


def _close(channel: Channel | None) -> None:
    if channel is not None and channel.is_open:
        channel.close()
