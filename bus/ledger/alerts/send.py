"""Sends what waits in the outbox of alerts: one step. A channel that takes nothing is asked ever more rarely."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, Protocol

from sqlalchemy import Connection

from bus.errors import Words, said, side_by_side
from bus.ledger.alerts.causes import Cause
from bus.ledger.alerts.message import Message, message
from bus.ledger.alerts.notices import Notice, due, failed, sent
from bus.ledger.alerts.statements import RAISED
from bus.ports.retry import Schedule

AGAIN: Final = Schedule(first=timedelta(seconds=30), factor=2, ceiling=timedelta(minutes=15), tries=300)
"""A mail server that is away: some three days."""


class Channel(Protocol):
    @property
    def name(self) -> str: ...

    def wants(self, cause: Cause) -> bool: ...

    def send(self, message: Message) -> Words | None:
        """None once it is taken; else why not. Never raises for a place that is away."""


class Store(Protocol):
    """As far as it is needed of the ledger's store."""

    def reading(self) -> AbstractContextManager[Connection]: ...

    def writing(self) -> AbstractContextManager[Connection]: ...


def send_due(store: Store, channels: Sequence[Channel], *, now: datetime, dice: Callable[[], float]) -> tuple[int, int]:
    """Sends all that is due, one message for each channel and cause. How many notices were taken, and how many not.

    No transaction is open while a channel is spoken to. Whoever dies between the channel's answer and the commit sends
    that message again: a word twice is better than none.
    """
    named = {each.name: each for each in channels}
    with store.reading() as connection:
        waiting = due(connection, now=now)
    taken = untaken = 0
    for (name, _, _), group in groupby(sorted(waiting, key=_group), key=_group):
        notices = list(group)
        why = _said_by(named.get(name), notices)
        with store.writing() as connection:
            if why is None:
                sent(connection, notices, now=now)
                taken += len(notices)
            else:
                again = [(each, _later(each, now, dice) if name in named else None) for each in notices]
                failed(connection, again, why=side_by_side(why))
                untaken += len(notices)
    return taken, untaken


def _said_by(channel: Channel | None, notices: Sequence[Notice]) -> Words | None:
    if channel is None:
        return said("không còn kênh này trong tệp cấu hình", "the configuration has no such channel any more")
    return channel.send(message(notices[0].what, [each.alert for each in notices]))


def _later(notice: Notice, now: datetime, dice: Callable[[], float]) -> datetime | None:
    return AGAIN.next_try(notice.attempts + 1, now=now, dice=dice())


def _group(notice: Notice) -> tuple[str, bool, str]:
    """What one message tells; beginnings before ends."""
    return notice.channel, notice.what != RAISED, notice.alert.cause.code
