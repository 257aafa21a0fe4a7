"""Getting segments out of another mailbox's stream: one reading at a time, which goes on from call to call for as long
as they ask for what comes next. Nothing durable here; whose bytes they are is for the caller to judge.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

import structlog
from pika import BasicProperties, exceptions
from pika.channel import Channel
from pika.spec import Basic

from bus.errors import BlobsAway
from bus.rabbit.io_thread import IoThread
from bus.rabbit.line import KIND
from bus.rabbit.peer import heard, version_of
from bus.rabbit.reading import OFFSET, Probe, Reading, segment_of
from bus.rabbit.session import Session, words
from bus.records import Segment
from bus.topology import filters
from schemas.values import BlobId

FILTER: Final = "x-stream-filter"
PREFETCH: Final = 12
"""Segments that are on their way or wait here, beyond those handed out."""
PATIENCE: Final = 5.0
"""Seconds after which a call brings what it has, where the line is slow."""
PAUSE: Final = 0.2
"""Seconds without a byte after which it does."""
TICK: Final = 0.1


class Download:
    """The getting half of `StreamBlobs`. `read`, `last` and `close` are for worker threads; the rest runs on the I/O
    thread."""

    name = "blobs get"

    def __init__(
        self, io: IoThread, *, quiet: float, stalled: float, log: structlog.typing.FilteringBoundLogger
    ) -> None:
        """`quiet`: seconds without a byte after which a stream may have come to its end; `stalled`: after which the
        connection is given up where there should be some."""
        self.session: Session  # set by the line: each needs the other
        self._io = io
        self._quiet = quiet
        self._stalled = stalled
        self._log = log
        self._channel: Channel | None = None
        self._can_filter = True
        self._changes = threading.Condition()
        self._reading: Reading | None = None
        self._probe: Probe | None = None
        self._closed = False

    def read(self, stream: str, blob: BlobId, *, first: int, mark: str | None, limit: int) -> Sequence[Segment]:
        """As `bus.ports.Blobs.get`."""
        reading, began = self._reading, time.monotonic()
        if reading is None or not reading.goes_on(stream, blob, mark, first):
            reading = self._change_to(Reading(stream, blob, mark))
        reading.first, reading.probe, reading.heard_at = first, None, began
        taken: list[Segment] = []
        with self._changes:
            while len(taken) < limit:
                some = self._take(reading, first, limit - len(taken))
                taken += some
                if some:
                    continue
                now = time.monotonic()
                if reading.channel is not None:
                    reading.listen(heard(reading.channel), now=now)
                if taken and (now - reading.heard_at >= PAUSE or now - began >= PATIENCE or reading.failed is not None):
                    break
                if not taken and self._is_over(reading, now):
                    break
                self._changes.wait(TICK)
        if taken:
            reading.mark = taken[-1].mark
        return taken

    def last(self, stream: str) -> int | None:
        """An offset in the last chunk of a stream, so one that is there; None where there is nothing in it."""
        probe, began = self._probing(stream), time.monotonic()
        with self._changes:
            while probe.offset is None:
                now = time.monotonic()
                self._check(probe.failed)
                if probe.answered_at is not None and now - probe.answered_at >= self._quiet:
                    break
                if now - began >= self._stalled:
                    self._give_up(stream)
                self._changes.wait(TICK)
        return probe.offset

    def close(self) -> None:
        """Whoever waits for segments waits no longer."""
        with self._changes:
            self._closed = True
            self._changes.notify_all()

    def _change_to(self, reading: Reading) -> Reading:
        old, self._reading = self._reading, reading
        self._io.call(self._begin, reading, old)
        return reading

    def _probing(self, stream: str) -> Probe:
        old, self._probe = self._probe, Probe(stream)
        self._io.call(self._ask, self._probe, old)
        return self._probe

    def _take(self, reading: Reading, first: int, room: int) -> list[Segment]:
        """What has come; the broker sends as many more."""
        taken, tags = list[Segment](), list[int]()
        while reading.buffer and len(taken) < room:
            segment, tag = reading.buffer.popleft()
            tags.append(tag)
            if segment.number >= first:
                taken.append(segment)
        if tags and reading.channel is not None:
            self._io.call(_ack, reading.channel, tags)
        return taken

    def _is_over(self, reading: Reading, now: float) -> bool:
        """Whether nothing comes any more."""
        self._check(reading.failed)
        silent = now - reading.heard_at
        if silent >= self._stalled:
            self._give_up(reading.stream)
        if silent < self._quiet / 2 or reading.channel is None:
            return False
        if reading.probe is None:
            reading.probe = self._probing(reading.stream)
        self._check(reading.probe.failed)
        return reading.is_at_end(now=now, quiet=self._quiet)

    def _check(self, failed: str | None) -> None:
        if why := "closed" if self._closed else failed:
            raise BlobsAway(kind=KIND, why=why)

    def _give_up(self, stream: str) -> None:
        why = f"luồng {stream} đứng yên / the stream {stream} stands still"
        self._io.call(self.session.lose, why)
        raise BlobsAway(kind=KIND, why=why)

    # -- on the I/O thread

    def opened(self, channel: Channel, number: int) -> None:
        """Kept for nothing but to hold the connection: each reading has a channel of its own, which the broker closes
        over what is wrong with it alone."""
        self._channel, self._can_filter = channel, True
        self.session.ready()

    def gone(self) -> None:
        self._channel = None
        for each in (self._reading, self._probe):
            if each is not None:
                self._fail(each, self.session.standing.last_error or "connection lost")

    def blocked(self) -> None:
        """A connection that never publishes is not blocked."""

    def _begin(self, reading: Reading, old: Reading | None) -> None:
        if old is not None:
            _close(old.channel)

        def opened(channel: Channel) -> None:
            channel.add_on_close_callback(partial(self._on_closed, reading))
            channel.add_on_cancel_callback(lambda _: self._fail(reading, f"the broker cancelled {reading.stream}"))
            channel.basic_qos(prefetch_count=PREFETCH, callback=lambda _: limited(channel))

        def limited(channel: Channel) -> None:
            version = version_of(channel.connection)
            reading.is_filtered = self._can_filter and version is not None and filters(version)
            arguments: dict[str, Any] = {OFFSET: reading.begin}
            if reading.is_filtered:
                arguments[FILTER] = reading.blob
            arrived = partial(self._on_segment, reading)
            channel.basic_consume(reading.stream, arrived, arguments=arguments, callback=lambda _: consuming(channel))

        def consuming(channel: Channel) -> None:
            with self._changes:
                reading.channel, reading.heard, reading.heard_at = channel, heard(channel), time.monotonic()
            if reading is not self._reading:
                _close(channel)

        self._open(reading, opened)

    def _ask(self, probe: Probe, old: Probe | None) -> None:
        if old is not None:
            _close(old.channel)

        def opened(channel: Channel) -> None:
            channel.add_on_close_callback(partial(self._on_closed, probe))
            channel.basic_qos(prefetch_count=1, callback=lambda _: limited(channel))

        def limited(channel: Channel) -> None:
            arrived = partial(self._on_last, probe)
            last = {OFFSET: "last"}
            channel.basic_consume(probe.stream, arrived, arguments=last, callback=lambda _: consuming(channel))

        def consuming(channel: Channel) -> None:
            with self._changes:
                probe.channel, probe.answered_at = channel, time.monotonic()
            if probe is not self._probe:
                _close(channel)

        self._open(probe, opened)

    def _open(self, whose: Reading | Probe, opened: Any) -> None:
        if self._channel is None:
            self._fail(whose, "connection lost")
            return
        try:
            self._channel.connection.channel(on_open_callback=opened)
        except exceptions.AMQPError as error:
            self._fail(whose, words(error))

    def _on_segment(
        self, reading: Reading, channel: Channel, method: Basic.Deliver, properties: BasicProperties, body: bytes
    ) -> None:
        offset, tag = _offset(properties), method.delivery_tag
        assert isinstance(tag, int)
        segment = segment_of(properties.headers or {}, body, blob=reading.blob, offset=offset)
        if segment is None or offset < reading.begin:
            _ack(channel, [tag])
        with self._changes:
            reading.seen, reading.heard_at = max(reading.seen, offset), time.monotonic()
            if segment is not None and offset >= reading.begin:
                reading.buffer.append((segment, tag))
                self._changes.notify_all()

    def _on_last(
        self, probe: Probe, channel: Channel, method: Basic.Deliver, properties: BasicProperties, body: bytes
    ) -> None:
        assert isinstance(method.delivery_tag, int)
        _ack(channel, [method.delivery_tag])
        with self._changes:
            if probe.offset is None:
                probe.offset = _offset(properties)
                self._changes.notify_all()
        _close(channel)

    def _on_closed(self, whose: Reading | Probe, _: Channel, error: Exception) -> None:
        if not isinstance(error, exceptions.ChannelClosedByBroker):
            return  # by us; or with the connection, of which `gone` is told
        said = words(error)
        expected = error.reply_code in {403, 404}
        if isinstance(whose, Reading) and whose.is_filtered and whose.channel is None and not expected:
            # A broker that came up from before 3.13, perhaps, where the feature flag is not enabled.
            self._can_filter = False
            self._log.warning("blobs.unfiltered", why=said)
            self._io.loop.call_soon(self._begin, whose, None)
            return
        match error.reply_code:
            case 404:
                said = f"không có luồng {whose.stream} / there is no stream {whose.stream}: lienthong topology apply"
            case 403:
                said = f"không được đọc {whose.stream} / may not read {whose.stream}: lienthong topology apply"
            case _:
                self.session.lose(said, refused=True)  # another node may have a copy that can be read
        self._fail(whose, said)

    def _fail(self, whose: Reading | Probe, why: str) -> None:
        with self._changes:
            whose.failed = whose.failed or why
            self._changes.notify_all()


def _offset(properties: BasicProperties) -> int:
    offset = (properties.headers or {})[OFFSET]
    assert isinstance(offset, int)
    return offset


def _ack(channel: Channel, tags: Iterable[int]) -> None:
    """Which keeps nothing: the broker sends as many more."""
    try:
        for tag in tags:
            channel.basic_ack(tag)
    except exceptions.AMQPError:
        return  # it is being closed


def _close(channel: Channel | None) -> None:
    if channel is not None and channel.is_open:
        channel.close()
