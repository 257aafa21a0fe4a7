"""A look at what stands behind a mailbox's own exchange: the exchange `route`, which leads to every inbox, and the
stream `audit`. RabbitMQ confirms what is published although one of them is gone, since the other takes a copy, and
`mandatory` returns nothing for the same reason. So they are asked for, by passive declares on channels of their own:
RabbitMQ closes the channel that asks for what is not there.

A broker from 4.3 on shows a thing only to whom has some right to it. What we may not see counts as there.
"""

from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import Final

import structlog
from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker

from bus.rabbit.connection import Connection, connection_of
from bus.rabbit.io_thread import IoThread
from bus.topology.names import AUDIT, ROUTE

EVERY: Final = 20.0
"""Seconds between two looks while nothing is published."""
RETRY: Final = 5.0
"""Seconds after which what is gone is looked for again."""
NOT_FOUND: Final = 404


class _State(Enum):
    OPENING = auto()
    OPEN = auto()
    GONE = auto()
    UNSEEN = auto()


class _Thing:
    """One thing that is looked at, and the channel for it."""

    __slots__ = ("ask", "channel", "is_gone", "name", "state")

    def __init__(self, name: str, ask: Callable[[Channel], object]) -> None:
        self.name = name
        self.ask = ask
        """Says nothing if it is there."""
        self.channel: Channel | None = None
        self.state = _State.UNSEEN
        self.is_gone = False


class RoadLook:
    """Runs on the I/O thread; `missing` may be read from any. `changed` is called when that changes."""

    def __init__(
        self, io: IoThread, *, changed: Callable[[], None], log: structlog.typing.FilteringBoundLogger
    ) -> None:
        self._io = io
        self._changed = changed
        self._log = log
        self._things = (
            _Thing(ROUTE, lambda channel: channel.exchange_declare(ROUTE, passive=True)),
            _Thing(AUDIT, lambda channel: channel.queue_declare(AUDIT, passive=True)),
        )
        self._connection: Connection | None = None
        self._asked: dict[str, int] = {}
        self._number = 0
        self._now: list[Callable[[], object]] = []
        self._next: list[Callable[[], object]] = []
        self.missing: tuple[str, ...] = ()
        self.began = 0.0
        """When the look under way began, on the loop's clock."""

    @property
    def is_looking(self) -> bool:
        return bool(self._now)

    def start(self, channel: Channel) -> None:
        """On the connection of the publishing channel."""
        self._connection = connection_of(channel)
        for thing in self._things:
            self._open(thing, self._connection)
        self._look_regularly(self._connection)

    def stop(self) -> None:
        """The connection is closed, or about to be. What was gone counts as gone until the next one has looked."""
        self._connection = None
        for thing in self._things:
            thing.channel, thing.state = None, _State.UNSEEN
        self.flush()

    def look(self, done: Callable[[], object]) -> None:
        """Calls `done` after a look that begins now or later: `missing` is then of no earlier moment."""
        self._next.append(done)
        if not self._now:
            self._begin()

    def flush(self) -> None:
        """Nobody waits for an answer any more: all are told what is known."""
        waiting = [*self._now, *self._next]
        self._now, self._next, self._asked = [], [], {}
        for done in waiting:
            done()

    def _begin(self) -> None:
        self._number += 1
        self.began = self._io.loop.time()
        self._now, self._next = self._next, []
        here = [thing for thing in self._things if thing.state in {_State.OPENING, _State.OPEN}]
        self._asked = {thing.name: self._number for thing in here}
        for thing in here:
            if thing.channel is not None and thing.channel.is_open:  # else it is told that the channel was closed
                self._ask(thing, thing.channel)
        self._end_if_answered()

    def _ask(self, thing: _Thing, channel: Channel) -> None:
        """Two methods, one answer: to the first nothing is said if the thing is there, to the second always."""
        thing.ask(channel)
        channel.basic_qos(prefetch_count=1, callback=partial(self._there, thing, channel, self._number))

    def _there(self, thing: _Thing, channel: Channel, number: int, _: object) -> None:
        if channel is thing.channel:
            self._answered(thing, number, is_gone=False)

    def _answered(self, thing: _Thing, number: int, *, is_gone: bool) -> None:
        if is_gone != thing.is_gone:
            thing.is_gone = is_gone
            self.missing = tuple(each.name for each in self._things if each.is_gone)
            (self._log.error if is_gone else self._log.info)("road.gone" if is_gone else "road.back", what=thing.name)
            self._changed()
        if self._asked.get(thing.name) == number:
            del self._asked[thing.name]
            self._end_if_answered()

    def _end_if_answered(self) -> None:
        if self._asked or not self._now:
            return
        told, self._now = self._now, []
        for done in told:
            done()
        if self._next and not self._now:
            self._begin()

    def _open(self, thing: _Thing, connection: Connection) -> None:
        if connection is self._connection and connection.is_open:
            thing.state = _State.OPENING
            connection.channel(on_open_callback=partial(self._opened, thing))

    def _opened(self, thing: _Thing, channel: Channel) -> None:
        if channel.connection is not self._connection:
            return
        thing.channel, thing.state = channel, _State.OPEN
        channel.add_on_close_callback(partial(self._on_closed, thing))
        self._ask(thing, channel)  # for whoever waits already, and to know it if it is back

    def _on_closed(self, thing: _Thing, channel: Channel, error: Exception) -> None:
        if channel is not thing.channel:
            return
        thing.channel = None
        if isinstance(error, ChannelClosedByBroker) and error.reply_code == NOT_FOUND:
            thing.state = _State.GONE
            self._io.loop.call_later(RETRY, self._open, thing, connection_of(channel))
            self._answered(thing, self._number, is_gone=True)
        else:
            thing.state = _State.UNSEEN
            self._log.info("road.unseen", what=thing.name, why=str(error))
            self._answered(thing, self._number, is_gone=False)

    def _look_regularly(self, connection: Connection) -> None:
        if connection is self._connection:
            self.look(lambda: None)
            self._io.loop.call_later(EVERY, self._look_regularly, connection)
