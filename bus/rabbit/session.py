"""One AMQP connection with one channel on it, made again whenever it is lost. What the channel is for is its role's:
publisher, consumer, blob upload, blob download.

Everything here runs on the I/O thread, except `start`, `try_now`, `stop`, `closed` and reading `state`. A session is
lost in one way, whatever broke (socket, channel, consumer): the connection is closed, the role is told, a new one is
made.
"""

import asyncio
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import pika.frame
import structlog
from pika.channel import Channel
from pika.spec import Connection as ConnectionMethods

from bus.errors import BrokerAway, BrokerDenied, BusError, said
from bus.rabbit.address import Address, NodeRotation
from bus.rabbit.connection import Connection
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.pika_errors import is_denied, is_of_a_revoked_broker, is_refusal, reason_of

# pika tells us of every failure; its own log would repeat each with a stack trace.
logging.getLogger("pika").setLevel(logging.CRITICAL)

SETUP_TIMEOUT = 30.0
"""Seconds for connecting and everything that follows until the channel can be used."""
CLOSE_TIMEOUT = 1.0
"""Seconds a broker has to answer our close."""
STEADY_AFTER = 10.0
"""Seconds after which a session counts as having worked: after the next loss it is tried again quickly."""
READ_WHILE_PAUSED = 5.0
"""Seconds between two small reads of a paused connection. pika looks for signs of life every `heartbeat` + 5."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """The state of a session. Replaced as a whole, so any thread may read it."""

    since: datetime
    connected: bool = False
    ready: bool = False
    blocked: str | None = None
    reconnects: int = 0
    last_error: str | None = None
    denied: str | None = None
    """The user that it was last refused as: name, password, vhost or right."""
    is_revoked: bool = False
    """Whether it was last refused because the other side's certificate was revoked."""
    node: str | None = None
    """The node it is connected to, without credentials."""


def away(state: SessionState, why: str) -> BusError:
    """What is said where a session cannot be used."""
    return BrokerAway(why=why) if state.denied is None else BrokerDenied(user=state.denied, why=why)


class Role(Protocol):
    """The use of a session's channel. All calls come on the I/O thread."""

    name: str
    session: "Session"
    """Set by the session."""

    def opened(self, channel: Channel, number: int) -> None:
        """A new channel. The role calls `Session.mark_ready` once it can be used. A `number` is never used twice."""

    def lost(self) -> None:
        """The channel is closed, or about to be."""

    def blocked(self) -> None:
        """The broker has stopped reading from this connection."""


class Session:
    def __init__(
        self,
        io: IoThread,
        role: Role,
        *,
        settings: LinkSettings,
        purpose: str,
        rotation: NodeRotation,
        dice: Callable[[], float],
        changed: Callable[[], None],
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        """`purpose` is in the connection's name on the broker; `changed` is called after each change of `state`."""
        self._io = io
        self._role = role
        self._settings = settings
        self._purpose = purpose
        self._rotation = rotation
        self._dice = dice
        self._changed = changed
        self._log = log
        self._connection: Connection | None = None
        self._node: Address | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._attempts = 0
        self._ready_at: float | None = None
        self._was_refused_in_use = False
        self._is_stopping = False
        self.closed = threading.Event()
        self.state = SessionState(since=datetime.now(UTC))
        role.session = self  # last: an earlier session's thread may look at it at once

    def start(self) -> None:
        self._io.call(self._connect)

    def try_now(self) -> None:
        """Ends the wait before the next attempt to connect."""
        self._io.call(self._try_now)

    def stop(self) -> None:
        """For good; `closed` is set when it is done."""
        if not self._io.call(self._stop):
            self.closed.set()

    def mark_ready(self, *, proven: bool = True) -> None:
        """The channel can be used. Not `proven`: what it was last refused for in use may be refused again, so that
        error stays in `state`."""
        self._cancel_timer()
        self._ready_at = self._io.loop.time()
        before = self.state if self._was_refused_in_use and not proven else None
        last_error, denied = (before.last_error, before.denied) if before is not None else (None, None)
        self._set_state(ready=True, connected=True, last_error=last_error, denied=denied)
        self._log.info("broker.connected", broker=self.state.node, reconnects=self.state.reconnects)

    def mark_proven(self) -> None:
        """The channel was used and nothing was refused."""
        self._was_refused_in_use = False
        self._set_state(last_error=None, denied=None)

    def give_up(self, why: str, *, refused: bool = False, is_denied: bool = False) -> None:
        """Closes the connection and makes another, to another node where there is one."""
        if (connection := self._connection) is None:
            return
        self._connection = None
        self._close(connection)
        self._on_loss(why, refused=refused, is_denied=is_denied)

    def pause(self) -> None:
        """Stops reading: what the broker sends waits there. Until the next read, a lost connection may not show."""
        if (connection := self._connection) is not None:
            connection.pause()
            self._io.loop.call_later(READ_WHILE_PAUSED, self._read_while_paused, connection)

    def resume(self) -> None:
        if self._connection is not None:
            self._connection.resume()

    def _read_while_paused(self, connection: Connection) -> None:
        if connection is self._connection and connection.read_once():
            self._io.loop.call_later(READ_WHILE_PAUSED, self._read_while_paused, connection)

    # -- connecting

    def _connect(self) -> None:
        if self._is_stopping:
            return
        self._node = self._rotation.next()
        try:
            parameters = self._settings.parameters(self._node, purpose=self._purpose)
        except BusError as error:
            self._on_loss(error.in_both(), refused=True)
            return
        self._timer = self._io.loop.call_later(
            SETUP_TIMEOUT, self.give_up, said("không trả lời trong lúc kết nối", "no answer while connecting")
        )
        self._connection = Connection(
            parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_closed,
            on_close_callback=self._on_closed,
            custom_ioloop=self._io.loop,
        )

    def _try_now(self) -> None:
        if self._connection is None and self._timer is not None:
            self._cancel_timer()
            self._attempts = 0
            self._connect()

    def _on_open(self, connection: Connection) -> None:
        if connection is not self._connection:
            self._close(connection)
            return
        self._set_state(connected=True, node=str(self._node), is_revoked=False)
        connection.enlarge_reads()
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
            learned = self._settings.own_user.learn(error)
            self.give_up(reason_of(error), refused=is_refusal(error) and not learned, is_denied=is_denied(error))

    def _on_closed(self, connection: Connection, error: BaseException) -> None:
        if connection is self._connection:
            self._connection = None
            self._on_loss(
                reason_of(error),
                refused=is_refusal(error),
                is_denied=is_denied(error),
                is_revoked=is_of_a_revoked_broker(error),
            )
        if self._is_stopping:
            self.closed.set()

    def _on_loss(self, why: str, *, refused: bool, is_denied: bool = False, is_revoked: bool = False) -> None:
        self._cancel_timer()
        loop = self._io.loop
        if self._ready_at is not None and loop.time() - self._ready_at > STEADY_AFTER:
            self._attempts = 0
        was_ready, self._ready_at = self._ready_at is not None, None
        self._was_refused_in_use = refused and (was_ready or self._was_refused_in_use)
        reconnects = self.state.reconnects + was_ready
        self._set_state(
            connected=False,
            ready=False,
            blocked=None,
            reconnects=reconnects,
            last_error=why,
            node=None,
            denied=self._settings.own_user.name if is_denied else None,
            is_revoked=is_revoked,
        )
        self._role.lost()
        if self._is_stopping:
            return
        delay = self._delay(refused=refused)
        self._attempts += 1
        self._timer = loop.call_later(delay, self._connect)
        event = "broker.lost" if was_ready else "broker.refused" if refused else "broker.unreachable"
        event = "broker.revoked" if is_revoked else event
        self._log.warning(event, broker=str(self._node), why=why, retry_in=round(delay, 2))

    def _delay(self, *, refused: bool) -> float:
        """Seconds to the next attempt: at another node almost at once, and longer only after each round of them all."""
        limits = self._settings.limits
        rounds, place = divmod(self._attempts, len(self._rotation))
        if place + 1 < len(self._rotation):
            return limits.retry.delay(0, self._dice)
        return (limits.refused_retry if refused else limits.retry).delay(rounds, self._dice)

    def _stop(self) -> None:
        self._is_stopping = True
        self._cancel_timer()
        connection, self._connection = self._connection, None
        self._set_state(connected=False, ready=False, blocked=None, last_error="closed", node=None)
        self._role.lost()
        if connection is None:
            self.closed.set()
        else:
            self._close(connection)

    def _close(self, connection: Connection) -> None:
        """With the broker's answer, or abruptly where none comes."""
        if connection.is_open:
            connection.resume()  # or the broker's answer would not be read
            connection.close()
            self._io.loop.call_later(CLOSE_TIMEOUT, _abort, connection)
        else:
            _abort(connection)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- blocked by the broker

    def _on_blocked(self, connection: Connection, frame: "pika.frame.Method[ConnectionMethods.Blocked]") -> None:
        if connection is self._connection:
            reason = str(frame.method.reason)
            self._set_state(blocked=reason)
            self._log.warning("broker.blocked", reason=reason)
            self._role.blocked()

    def _on_unblocked(self, connection: Connection, _: object) -> None:
        if connection is self._connection:
            self._set_state(blocked=None)
            self._log.info("broker.unblocked")

    def _set_state(self, **changes: object) -> None:
        self.state = replace(self.state, since=datetime.now(UTC), **changes)  # type: ignore[arg-type]
        self._changed()


def _abort(connection: Connection) -> None:
    if not connection.is_closed:
        connection.abort("given up")
