"""The outbox of alerts: which channel is to be told of which alert, and what became of it. Every verb takes a
connection within a transaction."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection

from bus.ledger.alerts import statements
from bus.ledger.alerts.causes import CAUSES, Cause
from bus.ledger.alerts.keep import Alert, AlertNumber, alert_of, open_alerts, silence_of, silences
from bus.ledger.alerts.statements import ENDED, RAISED
from bus.store.sql.times import maybe_micros, maybe_moment, to_micros

AT_ONCE: Final = 1000
"""Notices of one step."""


class Listener(Protocol):
    """A channel, as far as it is asked what it wants to hear."""

    @property
    def name(self) -> str: ...

    def wants(self, cause: Cause) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    number: int
    what: str
    """`statements.RAISED` or `ENDED`."""
    channel: str
    attempts: int
    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What became of one notice, as people are shown it."""

    what: str
    channel: str
    attempts: int
    next_at: datetime | None
    sent_at: datetime | None
    error: str | None


def note(connection: Connection, listeners: Iterable[Listener], *, now: datetime) -> int:
    """Puts a notice into the outbox for each open alert that is raised and not silenced, once a channel; and for each
    end, where the beginning was told. An alert that a silence held back is told when that ends, if it is still open.
    How many were put."""
    listeners = tuple(listeners)
    noted = {(row.alert, row.channel) for row in connection.execute(statements.NOTED)}
    hushed = silences(connection, now=now)
    heard = [
        alert for alert in open_alerts(connection) if alert.is_raised and silence_of(alert, hushed, now=now) is None
    ]
    rows = [
        _row(alert.number, RAISED, each.name, now)
        for alert in heard
        for each in listeners
        if each.wants(alert.cause) and (alert.number, each.name) not in noted
    ]
    names = {each.name for each in listeners}
    over = connection.execute(statements.UNENDED).all()
    rows += [_row(row.alert, ENDED, row.channel, now) for row in over if row.channel in names]
    if rows:
        connection.execute(statements.NOTE, rows)
    return len(rows)


def _row(alert: AlertNumber, what: str, channel: str, now: datetime) -> dict[str, Any]:
    return {"alert": alert, "what": what, "channel": channel, "attempts": 0, "next_at": to_micros(now)}


def due(connection: Connection, *, now: datetime) -> list[Notice]:
    """What is to be sent by now: beginnings before ends, of one channel together."""
    rows = connection.execute(statements.DUE, {"now": to_micros(now), "limit": AT_ONCE})
    return [
        Notice(
            number=row.number,
            what=row.what,
            channel=row.channel,
            attempts=row.attempts,
            alert=alert_of(row, AlertNumber(row.alert)),
        )
        for row in rows
        if row.cause in CAUSES
    ]


def sent(connection: Connection, notices: Collection[Notice], *, now: datetime) -> None:
    connection.execute(statements.SENT, [{"which": each.number, "at": to_micros(now)} for each in notices])


def failed(connection: Connection, notices: Iterable[tuple[Notice, datetime | None]], *, why: str) -> None:
    """Not taken by its channel; with each when it is tried again, None where it is given up."""
    rows = [{"which": each.number, "later": maybe_micros(later), "why": why} for each, later in notices]
    connection.execute(statements.FAILED, rows)


def waiting(connection: Connection) -> int:
    """How many wait to be sent."""
    return int(connection.execute(statements.WAITING).scalar_one())


def sendings(connection: Connection, alert: AlertNumber) -> Sequence[Sending]:
    """The notices of one alert, oldest first."""
    return [
        Sending(
            what=row.what,
            channel=row.channel,
            attempts=row.attempts,
            next_at=maybe_moment(row.next_at),
            sent_at=maybe_moment(row.sent_at),
            error=row.error,
        )
        for row in connection.execute(statements.OF_ALERT, {"which": alert})
    ]
