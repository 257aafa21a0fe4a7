"""Consuming one inbox: a buffer filled by the I/O thread, and the acks that go back.

The buffer is bounded twice: by the prefetch, and in bytes, since 256 of the largest messages are 4 GiB. RabbitMQ's
prefetch counts messages only and cannot change under a consumer of a quorum queue; so above the bytes the connection
is not read, and the rest waits in the broker.
"""

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog
from pika import BasicProperties, exceptions
from pika.channel import Channel
from pika.spec import Basic

from bus.rabbit import pulse
from bus.rabbit.io_thread import IoThread
from bus.rabbit.session import Session
from bus.records import Arrival


class Tags:
    """Which deliveries of one channel are done, and how to say so in few acks. Delivery tags count from 1."""

    def __init__(self) -> None:
        self._all_below = 0
        self._done: set[int] = set()

    def done(self, tags: Sequence[int]) -> tuple[int | None, list[int]]:
        """The tag to ack with everything below it, and those to ack one by one since something below is not done.

        A tag told before is passed over; the broker would close the channel over it.
        """
        new = sorted({tag for tag in tags if tag > self._all_below and tag not in self._done})
        self._done.update(new)
        below = self._all_below
        while below + 1 in self._done:
            below += 1
            self._done.discard(below)
        self._all_below = below
        together = [tag for tag in new if tag <= below]
        return (together[-1] if together else None), new[len(together) :]


class Limits(pulse.Limits, Protocol):
    """The part of LinkSettings that concerns consuming."""

    @property
    def prefetch(self) -> int: ...
    @property
    def buffer_bytes(self) -> int: ...


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
    ) -> None:
        self.session: Session  # set by the link: each needs the other
        self._io = io
        self._queue = queue
        self._arguments = dict(arguments or {})
        self._limits = limits
        self._log = log
        self._channel: Channel | None = None
        self._number = 0
        self._tags = Tags()
        self._buffer: deque[Arrival] = deque()
        self._bytes = 0  # of the bodies in the buffer
        self._is_paused = False
        self._arrived = threading.Condition()
        self._closed = False
        self._pulse = pulse.Pulse(
            io.loop,
            queue=queue,
            limits=limits,
            is_idle=lambda: not self._buffer and not self._is_paused,
            arrived=self._on_message,
            lost=lambda why: self.session.lose(why),
        )

    def receive(self, *, limit: int, wait: float, max_bytes: int) -> Sequence[Arrival]:
        with self._arrived:
            if not self._buffer and wait > 0:
                self._arrived.wait_for(lambda: self._buffer or self._closed, timeout=wait)
            taken = self._take(limit, max_bytes)
            drained = self._is_paused and self._bytes <= self._limits.buffer_bytes // 2
        if drained:
            self._io.call(self._resume)
        return taken

    def _take(self, limit: int, max_bytes: int) -> list[Arrival]:
        buffer, taken, total = self._buffer, list[Arrival](), 0
        while buffer and len(taken) < limit:
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

        self._channel, self._number, self._tags = channel, number, Tags()
        channel.add_on_cancel_callback(self._on_cancelled)
        channel.basic_qos(prefetch_count=self._limits.prefetch, callback=limited)

    def gone(self) -> None:
        """What was not handed out is forgotten: the broker delivers it again."""
        self._channel = None
        self._pulse.stop()
        with self._arrived:
            self._buffer.clear()
            self._bytes = 0
            self._is_paused = False  # the next connection begins by reading

    def blocked(self) -> None:
        """A connection that never publishes is not blocked."""

    def _on_message(
        self, channel: Channel, method: Basic.Deliver | Basic.GetOk, properties: BasicProperties, body: bytes
    ) -> None:
        if channel is not self._channel:
            return
        self._pulse.beat()
        tag = method.delivery_tag
        assert isinstance(tag, int)
        arrival = Arrival(
            tag=(self._number, tag),
            body=body,
            user=properties.user_id,
            headers=properties.headers or {},
            redelivered=bool(method.redelivered),
        )
        with self._arrived:
            self._buffer.append(arrival)
            self._bytes += len(body)
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
        if self._channel is None:
            return
        together, apart = self._tags.done([tag for number, tag in tags if number == self._number])
        try:
            if together is not None:
                self._channel.basic_ack(together, multiple=True)
            for tag in apart:
                self._channel.basic_ack(tag)
        except exceptions.AMQPError:
            return  # it is being closed: the broker delivers them again
