"""Consuming one inbox, and its lane where the broker has one: two buffers that the I/O thread fills, and the acks.
Arrivals of the lane are handed out first.

The buffers are bounded in messages by the prefetch, and in bytes, since 256 of the largest messages are 4 GiB.
RabbitMQ's prefetch counts messages only and cannot change under a consumer of a quorum queue; so above the bytes the
connection is not read, and the rest waits in the broker.
"""

import threading
from collections import deque
from collections.abc import Mapping, Sequence

import structlog
from pika import BasicProperties
from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker
from pika.spec import Basic

from bus.ports.records import Arrival
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.deliveries import Deliveries
from bus.rabbit.link.lane_consumer import LaneConsumer
from bus.rabbit.link.other_consumers import ConsumerCounter
from bus.rabbit.link.queue_probe import QueueProbe
from bus.rabbit.link.road_look import NOT_FOUND
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.session import Session


class Consumer:
    """The consuming half of a link. `receive`, `ack` and `close` may be called from any thread; the rest runs on the
    I/O thread."""

    name = "consume"

    def __init__(
        self,
        io: IoThread,
        *,
        queue: str,
        settings: LinkSettings,
        log: structlog.typing.FilteringBoundLogger,
        arguments: Mapping[str, str] | None = None,
        lane: str | None = None,
        counter: ConsumerCounter | None = None,
    ) -> None:
        """`arguments` are those of a stream's consumer; `lane` is the queue of copies, consumed where the broker has
        lanes."""
        self.session: Session  # set by the session
        self._io = io
        self._queue = queue
        self._arguments = dict(arguments or {})
        self._prefetch = settings.prefetch
        self._limits = limits = settings.limits
        self._log = log
        self._counter = counter
        self._inbox: Deliveries | None = None
        self._lane: LaneConsumer | None = None
        if lane is not None:
            self._lane = LaneConsumer(
                io, queue=lane, prefetch=settings.prefetch, retry=limits.lane_retry, deliver=self._on_urgent, log=log
            )
        self._buffer: deque[Arrival] = deque()
        self._urgent: deque[Arrival] = deque()
        self._bytes = 0  # of the bodies in both buffers
        self._is_paused = False
        self._arrived = threading.Condition()
        self._closed = False
        self.lacking: tuple[str, ...] = ()
        """The queue, where RabbitMQ said last that it is not there. Any thread may read it."""
        self._probe = QueueProbe(
            io.loop,
            queue=queue,
            after=limits.probe_after,
            timeout=limits.probe_timeout,
            is_idle=lambda: not (self._buffer or self._urgent or self._is_paused),
            arrived=self._on_message,
            unanswered=lambda why: self.session.give_up(why),
        )

    def receive(self, *, limit: int, wait: float, max_bytes: int) -> Sequence[Arrival]:
        """As `bus.ports.Broker.receive`."""
        with self._arrived:
            if wait > 0:
                self._arrived.wait_for(lambda: self._urgent or self._buffer or self._closed, timeout=wait)
            taken = self._take(limit, max_bytes)
            drained = self._is_paused and self._bytes <= self._limits.buffer_bytes // 2
        if drained:
            self._io.call(self._resume)
        return taken

    def _take(self, limit: int, max_bytes: int) -> list[Arrival]:
        taken, total = list[Arrival](), 0
        while (buffer := self._urgent or self._buffer) and len(taken) < limit:
            total += len(buffer[0].body)
            if taken and total > max_bytes:
                break
            self._bytes -= len(buffer[0].body)
            taken.append(buffer.popleft())
        return taken

    def ack(self, arrivals: Sequence[Arrival]) -> None:
        """As `bus.ports.Broker.ack`."""
        if arrivals:
            self._io.call(self._ack, [each.tag for each in arrivals])

    def close(self) -> None:
        """Ends every `receive` that waits. The session is stopped by whoever started it."""
        with self._arrived:
            self._closed = True
            self._arrived.notify_all()

    # -- on the I/O thread

    def opened(self, channel: Channel, number: int) -> None:
        def limited(_: object) -> None:
            channel.basic_consume(self._queue, self._on_message, callback=consuming, arguments=self._arguments)

        def consuming(_: object) -> None:
            self.session.mark_ready()
            if not self._arguments:  # a stream, which is read from an offset on, gives nothing to who asks
                self._probe.start(channel)
            if self._counter is not None:
                self._counter.start(channel)

        self._inbox = Deliveries(channel, number)
        if self._lane is not None:
            self._lane.open_beside(channel)
        channel.add_on_cancel_callback(self._on_cancelled)
        channel.add_on_close_callback(self._on_channel_closed)
        channel.basic_qos(prefetch_count=self._prefetch, callback=limited)

    def lost(self) -> None:
        """Drops what was not handed out: the broker delivers it again."""
        self._inbox = None
        self.lacking = ()
        self._probe.stop()
        if self._counter is not None:
            self._counter.stop()
        if self._lane is not None:
            self._lane.lost()
        with self._arrived:
            self._buffer.clear()
            self._urgent.clear()
            self._bytes = 0
            self._is_paused = False  # the next connection begins by reading

    def blocked(self) -> None:
        """A connection that never publishes is not blocked."""

    def _on_channel_closed(self, _: Channel, error: Exception) -> None:
        """Comes behind `lost`: the session was told first."""
        if isinstance(error, ChannelClosedByBroker) and error.reply_code == NOT_FOUND:
            self.lacking = (self._queue,)

    def _on_message(
        self, channel: Channel, method: Basic.Deliver | Basic.GetOk, properties: BasicProperties, body: bytes
    ) -> None:
        if self._inbox is not None and channel is self._inbox.channel:
            self._probe.note_arrival()
            self._add(self._buffer, self._inbox.arrival(method, properties, body))

    def _on_urgent(self, arrival: Arrival) -> None:
        self._add(self._urgent, arrival)

    def _add(self, buffer: deque[Arrival], arrival: Arrival) -> None:
        with self._arrived:
            buffer.append(arrival)
            self._bytes += len(arrival.body)
            self._arrived.notify()
            if self._is_paused or self._bytes <= self._limits.buffer_bytes:
                return
            self._is_paused = True
        self.session.pause()

    def _resume(self) -> None:
        with self._arrived:
            if not self._is_paused or self._bytes > self._limits.buffer_bytes // 2:
                return
            self._is_paused = False
        self.session.resume()

    def _on_cancelled(self, _: object) -> None:
        self._log.warning("consumer.cancelled", queue=self._queue)
        self.session.give_up(f"the broker cancelled the consumer of {self._queue}")

    def _ack(self, tags: Sequence[tuple[int, int]]) -> None:
        for deliveries in (self._inbox, self._lane.deliveries if self._lane else None):
            if deliveries is not None:
                deliveries.ack(tags)
