"""Other consumers of an inbox, of which there should be none: counted on the broker once a heartbeat.

RabbitMQ enforces no exclusive consumer on a quorum queue (tried on 3.10.8 and 4.3.6), and single active consumer is an
argument of the queue, which never changes; so other consumers are counted and reported.
"""

import pika.frame
from pika.channel import Channel
from pika.spec import Queue

from bus.rabbit.io_thread import IoThread


class OtherConsumers:
    """How many there are. A dead connection counts at the broker for two heartbeats or so; only a consumer that is
    there for `patience` seconds is another."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: float | None = None
        self.count = 0

    def counted(self, consumers: int, *, at: float) -> None:
        """`consumers` with ourselves; `at` in seconds."""
        if consumers < 2:
            self._since, self.count = None, 0
            return
        self._since = at if self._since is None else self._since
        if at - self._since >= self._patience:
            self.count = consumers - 1

    def unknown(self) -> None:
        """No count is possible just now; the last one stays until the next."""
        self._since = None


class ConsumerCounter:
    """Counts the consumers of one queue while a channel is open. Runs on the I/O thread."""

    def __init__(self, io: IoThread, *, queue: str, every: float, others: OtherConsumers) -> None:
        self._io = io
        self._queue = queue
        self._every = every
        self._others = others
        self._channel: Channel | None = None

    def start(self, channel: Channel) -> None:
        self._channel = channel
        self._count(channel)

    def stop(self) -> None:
        self._channel = None
        self._others.unknown()

    def _count(self, channel: Channel) -> None:
        """A passive declare, which a mailbox may ask of its own inbox."""
        loop = self._io.loop

        def counted(answer: "pika.frame.Method[Queue.DeclareOk]") -> None:
            self._others.counted(int(answer.method.consumer_count), at=loop.time())
            loop.call_later(self._every, self._count, channel)

        if channel is self._channel and channel.is_open:
            channel.queue_declare(self._queue, passive=True, callback=counted)
