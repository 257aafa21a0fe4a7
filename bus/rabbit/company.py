"""Who else consumes an inbox: nobody should. Asked of the broker once a heartbeat, on the I/O thread.

RabbitMQ enforces no exclusive consumer on a quorum queue (tried on 3.10.8 and 4.3.6), and to be the single active one
is an argument of the queue, which never changes; so company is counted, and said.
"""

import pika.frame
from pika.channel import Channel
from pika.spec import Queue

from bus.rabbit.io_thread import IoThread


class Company:
    """A connection that died lingers at the broker for two heartbeats or so: only what stays longer is somebody."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: float | None = None
        self.others = 0

    def counted(self, consumers: int, *, at: float) -> None:
        """`consumers` with ourselves; `at` in seconds."""
        if consumers < 2:
            self._since, self.others = None, 0
            return
        self._since = at if self._since is None else self._since
        if at - self._since >= self._patience:
            self.others = consumers - 1

    def unknown(self) -> None:
        """Nobody can be counted just now. Somebody who was there still is, until a count says otherwise."""
        self._since = None


class Census:
    """Counts the consumers of one queue for as long as a channel is open."""

    def __init__(self, io: IoThread, *, queue: str, every: float, company: Company) -> None:
        self._io = io
        self._queue = queue
        self._every = every
        self.company = company
        self._channel: Channel | None = None

    def begin(self, channel: Channel) -> None:
        self._channel = channel
        self._count(channel)

    def end(self) -> None:
        self._channel = None
        self.company.unknown()

    def _count(self, channel: Channel) -> None:
        """A mailbox may ask that of its own inbox."""
        loop = self._io.loop

        def counted(answer: "pika.frame.Method[Queue.DeclareOk]") -> None:
            self.company.counted(int(answer.method.consumer_count), at=loop.time())
            loop.call_later(self._every, self._count, channel)

        if channel is self._channel and channel.is_open:
            channel.queue_declare(self._queue, passive=True, callback=counted)
