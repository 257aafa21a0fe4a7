"""Publishing to one mailbox's exchange, with confirms in a window. Nothing here is durable: the outbox is."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import Any

import pika.frame
import structlog
from pika import BasicProperties, DeliveryMode, exceptions
from pika.channel import Channel
from pika.spec import Basic

from bus.crashpoints import reached
from bus.errors import BrokerAway, RoadGone, Words
from bus.ports.records import Confirmation, Publication
from bus.rabbit.connection import connection_of
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.road_look import RoadLook
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.own_user import NOBODY
from bus.rabbit.session import Session, SessionState, away
from bus.wire.message import properties

BLOCKED_GRACE = 2.0
"""Seconds for confirms of what was sent before the broker blocked us; then it counts as lost."""


class _Batch:
    """One call of `publish`: its messages, and the answers as they come."""

    def __init__(self, ready: list[tuple[str, BasicProperties, bytes]]) -> None:
        self.messages = ready
        self.answers = [Confirmation.LOST] * len(ready)
        self.next = 0
        self.left = len(ready)
        self.refused: str | None = None
        self.done = threading.Event()


class Publisher:
    """The publishing half of a link. `publish` may be called from any thread but the I/O thread, on which the rest
    runs."""

    name = "publish"

    def __init__(
        self,
        io: IoThread,
        *,
        exchange: str,
        settings: LinkSettings,
        log: structlog.typing.FilteringBoundLogger,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """`changed` is called when `lacking` changes."""
        self.session: Session  # set by the session
        self._io = io
        self._exchange = exchange
        self._user = settings.own_user
        self._is_asking = False
        self._window = settings.window
        self._limits = settings.limits
        self._log = log
        self._channel: Channel | None = None
        self._waiting: deque[_Batch] = deque()
        self._tag = 0
        self._unconfirmed: dict[int, tuple[_Batch, int, int]] = {}
        self._bytes = 0
        self._answered_at = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._road = RoadLook(io, changed=changed, log=log)

    @property
    def lacking(self) -> tuple[str, ...]:
        """What is gone at the broker, so that what is published would not get everywhere."""
        return self._road.missing

    def publish(self, batch: Sequence[Publication]) -> Sequence[Confirmation]:
        """As `bus.ports.Broker.publish`. What was confirmed while `lacking` was not empty is lost: published again, it
        gets everywhere, and who has it takes it once."""
        if batch and (gone := self.lacking):
            raise RoadGone(what=", ".join(gone))
        if batch and (why := _why_away(self.session.state)):
            raise away(self.session.state, why)
        # One that is too large would close the channel under all the others.
        fits = [len(each.body) <= self._limits.max_body for each in batch]
        for each, fit in zip(batch, fits, strict=True):
            if not fit:
                self._log.error("message.too_large", message=each.message, size=len(each.body))
        answers = iter(self._publish([each for each, fit in zip(batch, fits, strict=True) if fit]))
        return [next(answers) if fit else Confirmation.NACKED for fit in fits]

    def _publish(self, messages: Sequence[Publication]) -> Sequence[Confirmation]:
        if not messages:
            return []
        batch = _Batch([self._prepared(each) for each in messages])
        if not self._io.call(self._enqueue, batch):
            raise BrokerAway(why=Words("đã đóng", "closed"))
        if not self._io.wait(batch.done):
            raise BrokerAway(why=Words("luồng của các kết nối đã dừng", "the thread of its connections has ended"))
        if batch.refused is not None:
            raise away(self.session.state, batch.refused)
        return batch.answers

    def _prepared(self, each: Publication) -> tuple[str, BasicProperties, bytes]:
        told = properties(each, user=self._user.name)
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
            self._road.start(channel)
            if self._user.is_known:
                self.session.mark_ready(proven=False)
            else:
                self._ask_who_we_are(channel)

        channel.confirm_delivery(self._on_answer, callback=confirms_on)

    def _ask_who_we_are(self, channel: Channel) -> None:
        """A message that leads nowhere, in the likelier of our names: confirmed, or refused with the right one."""
        channel.basic_publish(self._exchange, NOBODY, b"", BasicProperties(user_id=self._user.name))
        self._tag, self._is_asking = 1, True

    def lost(self) -> None:
        self._channel, self._is_asking = None, False
        self._road.stop()
        self._lose_all()

    def blocked(self) -> None:
        """What was not sent yet is lost; what was sent may still be confirmed."""
        for batch in list(self._waiting):
            self._settle(batch, len(batch.messages) - batch.next)
        self._waiting.clear()
        self._io.loop.call_later(BLOCKED_GRACE, self._lose_all_if_blocked)

    def _enqueue(self, batch: _Batch) -> None:
        if why := _why_away(self.session.state):
            batch.refused = why
            batch.done.set()
            return
        self._waiting.append(batch)
        if self._watch is None:
            self._answered_at = self._io.loop.time()
            self._watch = self._io.loop.call_later(self._limits.publish_timeout, self._check)
        self._pump()

    def _pump(self) -> None:
        if self._waiting and self._channel is not None and len(self._unconfirmed) < self._window:
            before = self._tag
            with connection_of(self._channel).batched_writes():
                self._send(self._channel)
            for _ in range(before, self._tag):
                reached("publish.sent")

    def _send(self, channel: Channel) -> None:
        waiting, unconfirmed = self._waiting, self._unconfirmed
        window, window_bytes = self._window, self._limits.window_bytes
        while waiting and len(unconfirmed) < window:
            if unconfirmed and self._bytes >= window_bytes:
                return
            batch = waiting[0]
            index = batch.next
            key, told, body = batch.messages[index]
            try:
                channel.basic_publish(self._exchange, key, body, told)
            except exceptions.AMQPError:
                return  # it is being closed: `lost` follows, and settles everything
            self._tag += 1
            unconfirmed[self._tag] = (batch, index, len(body))
            self._bytes += len(body)
            batch.next = index + 1
            if batch.next == len(batch.messages):
                waiting.popleft()

    def _on_answer(self, frame: "pika.frame.Method[Basic.Ack | Basic.Nack]") -> None:
        if self._is_asking:
            self._is_asking = False
            self._user.confirm()
            self.session.mark_ready()
            return
        method = frame.method
        reached("publish.answered")
        answer = Confirmation.CONFIRMED if isinstance(method, Basic.Ack) else Confirmation.NACKED
        tag = method.delivery_tag
        assert isinstance(tag, int)
        # In the order of their tags.
        tags = list(takewhile(tag.__ge__, self._unconfirmed)) if method.multiple else [tag]
        for each in tags:
            # None: answered before, or lost by now.
            if (found := self._unconfirmed.pop(each, None)) is not None:
                batch, index, size = found
                self._bytes -= size
                batch.answers[index] = answer
                self._settle(batch, 1)
        self._answered_at = self._io.loop.time()
        if self.session.state.last_error is not None:
            self.session.mark_proven()
        self._pump()

    def _check(self) -> None:
        """Gives the connection up where nothing was confirmed for a whole `publish_timeout`."""
        self._watch = None
        # A broker that blocks publishers reads nothing more of this connection: a look waits until it is over.
        is_looking = self._road.is_looking and self.session.state.blocked is None
        if not self._unconfirmed and not self._waiting and not is_looking:
            return
        since = self._answered_at if self._unconfirmed or self._waiting else self._road.began
        rest = since + self._limits.publish_timeout - self._io.loop.time()
        if rest <= 0:
            # A node without its cluster takes everything and confirms nothing: another may do better.
            unanswered = len(self._unconfirmed)
            self.session.give_up(f"no answer to what was published, for {self._limits.publish_timeout:g} s")
            self._lose_all()
            self._log.warning("publish.unanswered", messages=unanswered)  # last: whoever waits has the answer
        else:
            self._watch = self._io.loop.call_later(rest, self._check)

    def _lose_all_if_blocked(self) -> None:
        if self.session.state.blocked is not None:
            self._lose_all()

    def _lose_all(self) -> None:
        """Everything without an answer is lost."""
        unconfirmed, self._unconfirmed = self._unconfirmed, {}
        waiting, self._waiting = self._waiting, deque()
        self._bytes = 0
        for batch, _, _ in unconfirmed.values():
            self._settle(batch, 1)
        for batch in waiting:
            self._settle(batch, len(batch.messages) - batch.next)
        self._road.flush()

    def _settle(self, batch: _Batch, count: int) -> None:
        batch.left -= count
        if batch.left:
            return
        if Confirmation.CONFIRMED in batch.answers:
            self._road.look(partial(self._end, batch))
        else:
            batch.done.set()

    def _end(self, batch: _Batch) -> None:
        """After a look that began when all was confirmed: whatever is gone then may have been gone before."""
        if self.lacking:
            batch.answers = [
                Confirmation.LOST if answer is Confirmation.CONFIRMED else answer for answer in batch.answers
            ]
        batch.done.set()


def _why_away(state: SessionState) -> str | None:
    """Why nothing can be published now."""
    if state.blocked is not None:
        return f"it blocks publishers ({state.blocked})"
    if not state.ready:
        return state.last_error or "connecting"
    return None
