"""One AMQP connection with one channel on it, that comes back by itself. What the channel is used for lives with the
two roles (publisher, consumer).

Everything here runs on the I/O thread, except `start`, `stop`, `closed` and reading `standing`. There is one way to
lose a session, whatever broke (socket, channel, consumer): the connection goes, the role is told, a new one is made.
"""

import asyncio
import itertools
import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import pika.frame
import structlog
from pika import exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectionWorkflowFailed, AMQPConnectorPhaseErrorBase
from pika.channel import Channel
from pika.spec import Connection as ConnectionMethods

from bus.errors import BusError
from bus.rabbit.address import Address, Turn
from bus.rabbit.connection import Connection
from bus.rabbit.io_thread import IoThread

# pika tells us of every failure; its own log would repeat each with a stack trace.
logging.getLogger("pika").setLevel(logging.CRITICAL)

GOODBYE = 1.0
"""Seconds a broker has to answer our closing."""
STEADY = 10.0
"""Seconds after which a session counts as having worked: the next loss is tried again quickly."""
REFUSALS = frozenset({403, 404, 405, 406, 530})
"""AMQP reply codes by which the broker says no; somebody must change something before it says yes."""

SIP = 5.0
"""Seconds between two small reads of a paused connection. pika looks for signs of life every `heartbeat` + 5."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait: anywhere below `first`, doubled at each attempt, never above `most` (full jitter)."""

    first: float
    most: float

    def delay(self, attempt: int, dice: Callable[[], float]) -> float:
        return dice() * min(self.most, self.first * 2.0 ** min(attempt, 32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a session stands. Replaced as a whole, so any thread may read it."""

    since: datetime
    connected: bool = False
    ready: bool = False
    blocked: str | None = None
    reconnects: int = 0
    last_error: str | None = None
    node: str | None = None
    """Which one it is connected to, without credentials."""


class Role(Protocol):
    """What a channel is for."""

    name: str

    def opened(self, channel: Channel, number: int) -> None:
        """A fresh channel; `Session.ready` is to be called once it can be used. `number` is never used twice."""

    def gone(self) -> None:
        """The channel is of no use any more."""

    def blocked(self) -> None:
        """The broker has stopped reading what we send."""


class Session:
    def __init__(
        self,
        io: IoThread,
        role: Role,
        *,
        turn: Turn,
        parameters: Callable[[Address], pika.ConnectionParameters],
        retry: Backoff,
        refused_retry: Backoff,
        setup_timeout: float,
        dice: Callable[[], float],
        changed: Callable[[], None],
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        """`parameters` is called at each attempt, so that a renewed certificate is read, with the node whose `turn` it
        is; `changed` whenever `standing` has changed."""
        self._io = io
        self._role = role
        self._turn = turn
        self._parameters = parameters
        self._retry = retry
        self._refused_retry = refused_retry
        self._setup_timeout = setup_timeout
        self._dice = dice
        self._changed = changed
        self._log = log
        self._connection: Connection | None = None
        self._node: Address | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._attempts = 0
        self._ready_at: float | None = None
        self._refused_in_use = False
        self._stopping = False
        self.closed = threading.Event()
        self.standing = Standing(since=datetime.now(UTC))

    def start(self) -> None:
        self._io.call(self._connect)

    def stop(self) -> None:
        """For good; `closed` is set when it is done."""
        if not self._io.call(self._stop):
            self.closed.set()

    def ready(self, *, proven: bool = True) -> None:
        """The channel can be used. Not `proven`: what it was refused for when last in use may still be so."""
        self._cancel_timer()
        self._ready_at = self._io.loop.time()
        kept = self.standing.last_error if self._refused_in_use and not proven else None
        self._stand(ready=True, connected=True, last_error=kept)
        self._log.info("broker.connected", broker=self.standing.node, reconnects=self.standing.reconnects)

    def proven(self) -> None:
        self._refused_in_use = False
        self._stand(last_error=None)

    def lose(self, why: str, *, refused: bool = False) -> None:
        """Gives the connection up and makes another, to another node where there is one."""
        if (connection := self._connection) is None:
            return
        self._connection = None
        self._close(connection)
        self._gone(why, refused=refused)

    def pause(self) -> None:
        """Stops reading from the broker, for a while: what it sends stays with it. The connection lives on; that it
        is gone may show only once it is read again."""
        if (connection := self._connection) is not None:
            connection.pause()
            self._io.loop.call_later(SIP, self._sip, connection)

    def resume(self) -> None:
        if self._connection is not None:
            self._connection.resume()

    def _sip(self, connection: Connection) -> None:
        if connection is self._connection and connection.sip():
            self._io.loop.call_later(SIP, self._sip, connection)

    # -- making one

    def _connect(self) -> None:
        if self._stopping:
            return
        self._node = self._turn.next()
        try:
            parameters = self._parameters(self._node)
        except BusError as error:
            self._gone(str(error), refused=True)
            return
        self._timer = self._io.loop.call_later(self._setup_timeout, self.lose, "no answer while connecting")
        self._connection = Connection(
            parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_lost,
            on_close_callback=self._on_lost,
            custom_ioloop=self._io.loop,
        )

    def _on_open(self, connection: Connection) -> None:
        if connection is not self._connection:
            self._close(connection)
            return
        self._stand(connected=True, node=str(self._node))
        connection.read_in_large_pieces()
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Channel) -> None:
        if channel.connection is self._connection:
            channel.add_on_close_callback(self._on_channel_closed)
            self._role.opened(channel, next(_numbers))

    # -- losing it

    def _on_channel_closed(self, channel: Channel, error: Exception) -> None:
        if channel.connection is self._connection:
            self.lose(words(error), refused=refused(error))

    def _on_lost(self, connection: Connection, error: BaseException) -> None:
        if connection is self._connection:
            self._connection = None
            self._gone(words(error), refused=refused(error))
        if self._stopping:
            self.closed.set()

    def _gone(self, why: str, *, refused: bool) -> None:
        self._cancel_timer()
        loop = self._io.loop
        if self._ready_at is not None and loop.time() - self._ready_at > STEADY:
            self._attempts = 0
        was_ready, self._ready_at = self._ready_at is not None, None
        self._refused_in_use = refused and (was_ready or self._refused_in_use)
        reconnects = self.standing.reconnects + was_ready
        self._stand(connected=False, ready=False, blocked=None, reconnects=reconnects, last_error=why, node=None)
        self._role.gone()
        if self._stopping:
            return
        delay = self._wait(refused=refused)
        self._attempts += 1
        self._timer = loop.call_later(delay, self._connect)
        event = "broker.lost" if was_ready else "broker.refused" if refused else "broker.unreachable"
        self._log.warning(event, broker=str(self._node), why=why, retry_in=round(delay, 2))

    def _wait(self, *, refused: bool) -> float:
        """Seconds to the next attempt: at another node almost at once, and longer only after each round of them all."""
        rounds, place = divmod(self._attempts, len(self._turn))
        if place + 1 < len(self._turn):
            return self._retry.delay(0, self._dice)
        return (self._refused_retry if refused else self._retry).delay(rounds, self._dice)

    def _stop(self) -> None:
        self._stopping = True
        self._cancel_timer()
        connection, self._connection = self._connection, None
        self._stand(connected=False, ready=False, blocked=None, last_error="closed", node=None)
        self._role.gone()
        if connection is None:
            self.closed.set()
        else:
            self._close(connection)

    def _close(self, connection: Connection) -> None:
        """In peace where the broker answers, by force where it does not."""
        if connection.is_open:
            connection.resume()  # or the broker's answer would not be read
            connection.close()
            self._io.loop.call_later(GOODBYE, _cut, connection)
        else:
            _cut(connection)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- being blocked

    def _on_blocked(self, connection: Connection, frame: "pika.frame.Method[ConnectionMethods.Blocked]") -> None:
        if connection is self._connection:
            reason = str(frame.method.reason)
            self._stand(blocked=reason)
            self._log.warning("broker.blocked", reason=reason)
            self._role.blocked()

    def _on_unblocked(self, connection: Connection, _: object) -> None:
        if connection is self._connection:
            self._stand(blocked=None)
            self._log.info("broker.unblocked")

    def _stand(self, **changes: object) -> None:
        self.standing = replace(self.standing, since=datetime.now(UTC), **changes)  # type: ignore[arg-type]
        self._changed()


def _cut(connection: Connection) -> None:
    if not connection.is_closed:
        connection.cut("given up")


def words(error: BaseException) -> str:
    """What the innermost cause says; pika wraps it up to four times."""
    match error:
        case exceptions.ConnectionClosed() | exceptions.ChannelClosed():
            return f"{error.reply_code} {error.reply_text}"
        case _ if inner := _inner(error):
            return words(inner)
        case _:
            return str(error) or type(error).__name__


def refused(error: BaseException) -> bool:
    """Whether the broker answered, and one side said no: somebody must act before trying again helps."""
    match error:
        case exceptions.ConnectionClosed() | exceptions.ChannelClosed():
            return error.reply_code in REFUSALS
        case (
            exceptions.ProbableAuthenticationError()
            | exceptions.ProbableAccessDeniedError()
            | ssl.SSLCertVerificationError()
        ):
            return True
        case _ if inner := _inner(error):
            return refused(inner)
        case _:
            return False


def _inner(error: BaseException) -> BaseException | None:
    if isinstance(error, AMQPConnectionWorkflowFailed):
        return error.exceptions[-1]
    if isinstance(error, AMQPConnectorPhaseErrorBase):
        return error.exception
    return next((argument for argument in error.args if isinstance(argument, BaseException)), None)
