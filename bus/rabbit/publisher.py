"""Publishing with confirms in a window. The queue of one mailbox's batches on their way out, and nothing durable."""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, Protocol

import pika.frame
import structlog
from pika import BasicProperties, DeliveryMode, exceptions
from pika.channel import Channel
from pika.spec import Basic

from bus.crashpoints import reached
from bus.errors import BrokerAway
from bus.message import properties
from bus.rabbit.connection import Connection
from bus.rabbit.io_thread import IoThread
from bus.rabbit.session import Session, Standing
from bus.records import Confirmation, Publication

BLOCKED_GRACE = 2.0
"""Seconds for answers to what was sent before the broker blocked; then they count as lost."""


class _Batch:
    """One call of `publish`: what is to go, and the answers as they come."""

    def __init__(self, ready: list[tuple[str, BasicProperties, bytes]]) -> None:
        self.messages = ready
        self.answers = [Confirmation.LOST] * len(ready)
        self.next = 0
        self.left = len(ready)
        self.refused: str | None = None
        self.done = threading.Event()


class Limits(Protocol):
    """The part of LinkSettings that concerns publishing."""

    @property
    def window(self) -> int: ...
    @property
    def window_bytes(self) -> int: ...
    @property
    def publish_timeout(self) -> float: ...
    @property
    def max_body(self) -> int: ...


class Publisher:
    """The publishing half of a link. `publish` is for worker threads; the rest runs on the I/O thread."""

    name = "publish"

    def __init__(
        self, io: IoThread, *, exchange: str, user: str, limits: Limits, log: structlog.typing.FilteringBoundLogger
    ) -> None:
        self.session: Session  # set by the link: each needs the other
        self._io = io
        self._exchange = exchange
        self._user = user
        self._limits = limits
        self._log = log
        self._channel: Channel | None = None
        self._waiting: deque[_Batch] = deque()
        self._tag = 0
        self._under_way: dict[int, tuple[_Batch, int, int]] = {}
        self._bytes = 0
        self._answered_at = 0.0
        self._watch: asyncio.TimerHandle | None = None

    def publish(self, batch: Sequence[Publication]) -> Sequence[Confirmation]:
        if batch and (why := _why_not(self.session.standing)):
            raise BrokerAway(why=why)
        # One that is too large would close the channel under all the others.
        fits = [len(each.body) <= self._limits.max_body for each in batch]
        sent = _Batch([self._prepared(each) for each, fit in zip(batch, fits, strict=True) if fit])
        for each, fit in zip(batch, fits, strict=True):
            if not fit:
                self._log.error("message.too_large", message=each.message, size=len(each.body))
        if sent.messages:
            if not self._io.call(self._take, sent):
                raise BrokerAway(why="closed")
            sent.done.wait()
            if sent.refused is not None:
                raise BrokerAway(why=sent.refused)
        answers = iter(sent.answers)
        return [next(answers) if fit else Confirmation.NACKED for fit in fits]

    def _prepared(self, each: Publication) -> tuple[str, BasicProperties, bytes]:
        told = properties(each, user=self._user)
        return (
            each.routing[0],
            BasicProperties(
                content_type=told.content_type,
                headers=dict[str, Any](told.headers),
                delivery_mode=DeliveryMode(told.delivery_mode),
                priority=told.priority,
                message_id=told.message_id,
                timestamp=told.timestamp,
                type=told.type,
                user_id=told.user_id,
                app_id=told.app_id,
            ),
            each.body,
        )

    # -- on the I/O thread

    def opened(self, channel: Channel, number: int) -> None:
        def confirms_on(_: object) -> None:
            # Whether the exchange is there shows only by publishing: to look at it, RabbitMQ 4.3 wants
            # the right to configure it (3.10 does not), and a mailbox has no such right.
            self._channel, self._tag = channel, 0
            self.session.ready(proven=False)

        channel.confirm_delivery(self._on_answer, callback=confirms_on)

    def gone(self) -> None:
        self._channel = None
        self._give_up()

    def blocked(self) -> None:
        """What has not left yet will not leave; what has left may still be answered."""
        for batch in list(self._waiting):
            self._settle(batch, len(batch.messages) - batch.next)
        self._waiting.clear()
        self._io.loop.call_later(BLOCKED_GRACE, self._give_up_if_blocked)

    def _take(self, batch: _Batch) -> None:
        if why := _why_not(self.session.standing):
            batch.refused = why
            batch.done.set()
            return
        self._waiting.append(batch)
        if self._watch is None:
            self._answered_at = self._io.loop.time()
            self._watch = self._io.loop.call_later(self._limits.publish_timeout, self._look)
        self._pump()

    def _pump(self) -> None:
        if self._waiting and self._channel is not None and len(self._under_way) < self._limits.window:
            connection = self._channel.connection
            assert isinstance(connection, Connection)
            before = self._tag
            with connection.together():
                self._send(self._channel)
            for _ in range(before, self._tag):
                reached("publish.sent")

    def _send(self, channel: Channel) -> None:
        waiting, under_way = self._waiting, self._under_way
        window, window_bytes = self._limits.window, self._limits.window_bytes
        while waiting and len(under_way) < window:
            if under_way and self._bytes >= window_bytes:
                return
            batch = waiting[0]
            index = batch.next
            key, told, body = batch.messages[index]
            try:
                channel.basic_publish(self._exchange, key, body, told)
            except exceptions.AMQPError:
                return  # it is being closed: `gone` comes, and settles everything
            self._tag += 1
            under_way[self._tag] = (batch, index, len(body))
            self._bytes += len(body)
            batch.next = index + 1
            if batch.next == len(batch.messages):
                waiting.popleft()

    def _on_answer(self, frame: "pika.frame.Method[Basic.Ack | Basic.Nack]") -> None:
        method = frame.method
        reached("publish.answered")
        answer = Confirmation.CONFIRMED if isinstance(method, Basic.Ack) else Confirmation.NACKED
        tag = method.delivery_tag
        assert isinstance(tag, int)
        # Tags go up, so those below stand first.
        tags = list(takewhile(tag.__ge__, self._under_way)) if method.multiple else [tag]
        for each in tags:
            # None: answered before, or given up by now.
            if (found := self._under_way.pop(each, None)) is not None:
                batch, index, size = found
                self._bytes -= size
                batch.answers[index] = answer
                self._settle(batch, 1)
        self._answered_at = self._io.loop.time()
        if self.session.standing.last_error is not None:
            self.session.proven()
        self._pump()

    def _look(self) -> None:
        """Gives up when nothing at all was answered for a whole `publish_timeout`."""
        self._watch = None
        if not self._under_way and not self._waiting:
            return
        rest = self._answered_at + self._limits.publish_timeout - self._io.loop.time()
        if rest <= 0:
            # A node without its cluster takes everything and confirms nothing: another may do better.
            self._log.warning("publish.unanswered", messages=len(self._under_way))
            self.session.lose(f"no answer to what was published, for {self._limits.publish_timeout:g} s")
            self._give_up()
        else:
            self._watch = self._io.loop.call_later(rest, self._look)

    def _give_up_if_blocked(self) -> None:
        if self.session.standing.blocked is not None:
            self._give_up()

    def _give_up(self) -> None:
        """Everything without an answer is lost."""
        under_way, self._under_way = self._under_way, {}
        waiting, self._waiting = self._waiting, deque()
        self._bytes = 0
        for batch, _, _ in under_way.values():
            self._settle(batch, 1)
        for batch in waiting:
            self._settle(batch, len(batch.messages) - batch.next)

    @staticmethod
    def _settle(batch: _Batch, count: int) -> None:
        batch.left -= count
        if batch.left == 0:
            batch.done.set()


def _why_not(standing: Standing) -> str | None:
    if standing.blocked is not None:
        return f"it blocks publishers ({standing.blocked})"
    if not standing.ready:
        return standing.last_error or "connecting"
    return None
