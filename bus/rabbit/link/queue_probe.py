"""A probe of a quiet queue: whether the node that we consume from still reaches it.

A node cut off from its cluster does not say so: the connection stays open, heartbeats go on, and no message comes. So
after a silence one message is asked for. Any answer is a sign of life, "empty" too: to give it the broker must reach
most of the queue's members.
"""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from pika import BasicProperties, exceptions
from pika.channel import Channel
from pika.spec import Basic

Arrived: TypeAlias = Callable[[Channel, Basic.GetOk, BasicProperties, bytes], None]


class QueueProbe:
    """Of one queue. Runs on the I/O thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        queue: str,
        after: float,
        timeout: float,
        is_idle: Callable[[], bool],
        arrived: Arrived,
        unanswered: Callable[[str], None],
    ) -> None:
        """Probes `after` seconds without an arrival; `timeout`: seconds for the answer.

        `is_idle`: whether an arrival would be noticed. `arrived` gets a message that answers a probe, to be
        acknowledged like any other; `unanswered` is called once where no answer came.
        """
        self._loop = loop
        self._queue = queue
        self._after = after
        self._timeout = timeout
        self._is_idle = is_idle
        self._arrived = arrived
        self._unanswered = unanswered
        self._channel: Channel | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_waiting = False
        self._heard_at = 0.0

    def start(self, channel: Channel) -> None:
        self.stop()
        self._channel, self._is_waiting = channel, False
        channel.add_callback(self._on_empty, [Basic.GetEmpty], False)
        self.note_arrival()
        self._schedule(self._after)

    def note_arrival(self) -> None:
        """Something came: a sign of life."""
        self._heard_at = self._loop.time()

    def stop(self) -> None:
        self._channel = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        if not self._is_idle():
            self.note_arrival()
        silent = self._loop.time() - self._heard_at
        most = self._timeout if self._is_waiting else self._after
        if silent < most:
            self._schedule(most - silent)
        elif self._is_waiting:
            self.stop()
            self._unanswered(f"no answer about {self._queue}, for {self._timeout:g} s")
        else:
            self._probe()
            self._schedule(self._timeout)

    def _probe(self) -> None:
        assert self._channel is not None, "stopped with its timer"
        try:
            self._channel.basic_get(self._queue, self._on_message)
        except exceptions.AMQPError:
            return  # it is being closed: the session makes another
        self._is_waiting = True
        self.note_arrival()  # from here on it has `timeout`

    def _on_message(self, channel: Channel, method: Basic.GetOk, properties: BasicProperties, body: bytes) -> None:
        self._answered(channel)
        self._arrived(channel, method, properties, body)

    def _on_empty(self, frame: object) -> None:
        self._answered(self._channel)

    def _answered(self, channel: Channel | None) -> None:
        if channel is self._channel:
            self._is_waiting = False
            self.note_arrival()

    def _schedule(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._check)
