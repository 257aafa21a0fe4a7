"""Consuming one inbox, and its lane where the broker has one: two buffers filled by the I/O thread, and the acks that
go back. What came by the lane is handed out first.

The buffers are bounded twice: by the prefetch, and in bytes, since 256 of the largest messages are 4 GiB. RabbitMQ's
prefetch counts messages only and cannot change under a consumer of a quorum queue; so above the bytes the connection
is not read, and the rest waits in the broker.
"""

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog
from pika import BasicProperties
from pika.channel import Channel
from pika.spec import Basic

from bus.rabbit import pulse
from bus.rabbit.company import Census
from bus.rabbit.deliveries import Deliveries
from bus.rabbit.io_thread import IoThread
from bus.rabbit.lane import Lane
from bus.rabbit.session import Session
from bus.records import Arrival


class Limits(pulse.Limits, Protocol):
    """The part of LinkSettings that concerns consuming."""

    @property
    def prefetch(self) -> int: ...
    @property
    def buffer_bytes(self) -> int: ...
    @property
    def lane_retry(self) -> float: ...


class Consumer:
    """The consuming half of a link. `receive` and `ack` are for worker threads; the rest runs on the I/O thread."""

    name = "consume"

    def __init__(
        self,
        io: IoThread,
        *,
        queue: str,
        limits: Limits,
        log: structlog.typing.FilteringBoundLogger,
        arguments: Mapping[str, str] | None = None,
        lane: str | None = None,
        census: Census | None = None,
    ) -> None:
        """`lane` is the queue of copies that overtake, read where the broker has lanes; `census` counts who else reads
        the inbox."""
        self.session: Session  # set by the link: each needs the other
        self._io = io
        self._queue = queue
        self._arguments = dict(arguments or {})
        self._limits = limits
        self._log = log
        self._census = census
        self._inbox: Deliveries | None = None
        self._lane: Lane | None = None
        if lane is not None:
            prefetch, again = limits.prefetch, limits.lane_retry
            self._lane = Lane(io, queue=lane, prefetch=prefetch, again=again, deliver=self._on_urgent, log=log)
        self._buffer: deque[Arrival] = deque()
        self._urgent: deque[Arrival] = deque()
        self._bytes = 0  # of the bodies in both buffers
        self._is_paused = False
        self._arrived = threading.Condition()
        self._closed = False
        self._pulse = pulse.Pulse(
            io.loop,
            queue=queue,
            limits=limits,
            is_idle=lambda: not (self._buffer or self._urgent or self._is_paused),
            arrived=self._on_message,
            lost=lambda why: self.session.lose(why),
        )

    def receive(self, *, limit: int, wait: float, max_bytes: int) -> Sequence[Arrival]:
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
        if arrivals:
            self._io.call(self._ack, [each.tag for each in arrivals])

    def close(self) -> None:
        """Whoever waits for arrivals waits no longer."""
        with self._arrived:
            self._closed = True
            self._arrived.notify_all()

    # -- on the I/O thread

    def opened(self, channel: Channel, number: int) -> None:
        def limited(_: object) -> None:
            channel.basic_consume(self._queue, self._on_message, callback=consuming, arguments=self._arguments)

        def consuming(_: object) -> None:
            self.session.ready()
            if not self._arguments:  # a stream, which is read from an offset on, gives nothing to who asks
                self._pulse.start(channel)
            if self._census is not None:
                self._census.begin(channel)

        self._inbox = Deliveries(channel, number)
        if self._lane is not None:
            self._lane.open_beside(channel)
        channel.add_on_cancel_callback(self._on_cancelled)
        channel.basic_qos(prefetch_count=self._limits.prefetch, callback=limited)

    def gone(self) -> None:
        """What was not handed out is forgotten: the broker delivers it again."""
        self._inbox = None
        self._pulse.stop()
        if self._census is not None:
            self._census.end()
        if self._lane is not None:
            self._lane.gone()
        with self._arrived:
            self._buffer.clear()
            self._urgent.clear()
            self._bytes = 0
            self._is_paused = False  # the next connection begins by reading

    def blocked(self) -> None:
        """A connection that never publishes is not blocked."""

    def _on_message(
        self, channel: Channel, method: Basic.Deliver | Basic.GetOk, properties: BasicProperties, body: bytes
    ) -> None:
        if self._inbox is not None and channel is self._inbox.channel:
            self._pulse.beat()
            self._hold(self._buffer, self._inbox.arrival(method, properties, body))

    def _on_urgent(self, arrival: Arrival) -> None:
        self._hold(self._urgent, arrival)

    def _hold(self, buffer: deque[Arrival], arrival: Arrival) -> None:
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
        self.session.lose(f"the broker cancelled the consumer of {self._queue}")

    def _ack(self, tags: Sequence[tuple[int, int]]) -> None:
        for deliveries in (self._inbox, self._lane.deliveries if self._lane else None):
            if deliveries is not None:
                deliveries.ack(tags)
