"""Consuming the lane of one inbox: a second queue, of copies of urgent messages, on brokers without strict priorities.

Read on a channel of its own beside the inbox's: where there is no such queue, the broker closes that channel alone.
"""

import asyncio
import itertools
from collections.abc import Callable

import structlog
from pika import BasicProperties
from pika.channel import Channel
from pika.spec import Basic

from bus.ports.records import Arrival
from bus.rabbit.connection import Connection, connection_of
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.deliveries import Deliveries
from bus.topology.versions import has_lanes

_numbers = itertools.count(-1, -1)
"""Below zero: channels of inboxes count up from 1 (bus/rabbit/session.py)."""


class LaneConsumer:
    """Runs on the I/O thread. `deliver` gets each arrival; an absent lane is looked for again every `retry` seconds."""

    def __init__(
        self,
        io: IoThread,
        *,
        queue: str,
        prefetch: int,
        retry: float,
        deliver: Callable[[Arrival], None],
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._io = io
        self._queue = queue
        self._prefetch = prefetch
        self._retry = retry
        self._deliver = deliver
        self._log = log
        self._connection: Connection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.deliveries: Deliveries | None = None

    def open_beside(self, channel: Channel) -> None:
        """On the connection of the inbox's channel, where its broker has lanes."""
        self._connection = connection_of(channel)
        version = self._connection.broker_version
        if version is not None and has_lanes(version):
            self._open(self._connection)

    def lost(self) -> None:
        """The connection is closed, or about to be."""
        self._connection = self.deliveries = None
        if self._timer is not None:
            self._timer.cancel()

    def _open(self, connection: Connection) -> None:
        if connection is self._connection and connection.is_open:
            connection.channel(on_open_callback=self._on_open)

    def _on_open(self, channel: Channel) -> None:
        def limited(_: object) -> None:
            channel.basic_consume(self._queue, self._on_message)

        channel.add_on_close_callback(self._on_closed)
        channel.add_on_cancel_callback(lambda _: channel.close())  # the queue was deleted
        if channel.connection is self._connection:
            self.deliveries = Deliveries(channel, next(_numbers), are_copies=True)
            channel.basic_qos(prefetch_count=self._prefetch, callback=limited)

    def _on_message(self, channel: Channel, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
        if self.deliveries is not None and channel is self.deliveries.channel:
            self._deliver(self.deliveries.arrival(method, properties, body))

    def _on_closed(self, channel: Channel, error: Exception) -> None:
        if self.deliveries is None or channel is not self.deliveries.channel:
            return
        self.deliveries = None
        self._log.info("lane.absent", queue=self._queue, why=str(error), again_in=self._retry)
        self._timer = self._io.loop.call_later(self._retry, self._open, connection_of(channel))
