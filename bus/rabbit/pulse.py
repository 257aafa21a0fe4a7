"""Whether the node that we consume from still reaches the queue.

A node cut off from its cluster says nothing of it: the connection stands, heartbeats go on, and no message ever comes.
So where none came for a while one is asked for. Any answer is a sign of life, also that there is none; the broker must
reach most of the queue's members to give it.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from pika import BasicProperties, exceptions
from pika.channel import Channel
from pika.spec import Basic

Arrived = Callable[[Channel, Basic.GetOk, BasicProperties, bytes], None]


class Limits(Protocol):
    """The part of LinkSettings that concerns signs of life."""

    @property
    def quiet(self) -> float: ...
    @property
    def answer_timeout(self) -> float: ...


class Pulse:
    """Of one queue. Everything here runs on the I/O thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        queue: str,
        limits: Limits,
        is_idle: Callable[[], bool],
        arrived: Arrived,
        lost: Callable[[str], None],
    ) -> None:
        """`is_idle`: whether an arrival would be noticed. `arrived` gets a message that was asked for, to be
        acknowledged like any other; `lost` is called once where no answer came."""
        self._loop = loop
        self._queue = queue
        self._limits = limits
        self._is_idle = is_idle
        self._arrived = arrived
        self._lost = lost
        self._channel: Channel | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._asked = False
        self._heard_at = 0.0

    def start(self, channel: Channel) -> None:
        self.stop()
        self._channel, self._asked = channel, False
        channel.add_callback(self._on_empty, [Basic.GetEmpty], False)
        self.beat()
        self._look_in(self._limits.quiet)

    def beat(self) -> None:
        """Something came."""
        self._heard_at = self._loop.time()

    def stop(self) -> None:
        self._channel = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        if not self._is_idle():
            self.beat()
        silent = self._loop.time() - self._heard_at
        most = self._limits.answer_timeout if self._asked else self._limits.quiet
        if silent < most:
            self._look_in(most - silent)
        elif self._asked:
            self.stop()
            self._lost(f"no answer about {self._queue}, for {self._limits.answer_timeout:g} s")
        else:
            self._ask()
            self._look_in(self._limits.answer_timeout)

    def _ask(self) -> None:
        assert self._channel is not None, "stopped with its timer"
        try:
            self._channel.basic_get(self._queue, self._on_message)
        except exceptions.AMQPError:
            return  # it is being closed: the session makes another
        self._asked = True
        self.beat()  # from here on it has `answer_timeout`

    def _on_message(self, channel: Channel, method: Basic.GetOk, properties: BasicProperties, body: bytes) -> None:
        self._answered(channel)
        self._arrived(channel, method, properties, body)

    def _on_empty(self, frame: object) -> None:
        self._answered(self._channel)

    def _answered(self, channel: Channel | None) -> None:
        if channel is self._channel:
            self._asked = False
            self.beat()

    def _look_in(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._look)
