"""Alerts as they are kept: one begins when its cause is first found, is told once it has lasted, and ends by itself.

Every verb takes a connection within a transaction, and the time as an argument."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NewType

from sqlalchemy import Connection, Row

from bus.ledger.alerts import statements
from bus.ledger.alerts.causes import CAUSES, Cause, Facts, Found, Source, sentence
from bus.ledger.alerts.statements import ANY
from bus.store.sql.times import from_micros, maybe_moment, to_micros
from schemas.codes import Label
from schemas.printable import json_text

AlertNumber = NewType("AlertNumber", int)
SilenceNumber = NewType("SilenceNumber", int)

ENDS_AFTER: Final = timedelta(minutes=10)
"""What has not been found for so long has ended: a fault that comes and goes is one alert, not twenty."""
KEPT: Final = timedelta(days=400)
"""How long one that ended is remembered: a year, and the quarter that is being reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    number: AlertNumber
    cause: Cause
    subject: str
    since: datetime
    """When it was first found."""
    last_at: datetime
    """When it was last found."""
    ended_at: datetime | None
    facts: Facts

    @property
    def is_raised(self) -> bool:
        """Whether it has lasted as long as its cause's patience: what ends earlier is a blink, and nobody is told."""
        return self.last_at - self.since >= self.cause.patience

    @property
    def text(self) -> Label:
        return sentence(self.cause, subject=self.subject, facts=self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Alerts of a cause (`*`: any) at a subject (`*`: any) are shown and not told, until its end."""

    number: SilenceNumber
    cause: str
    subject: str
    reason: str
    by: str
    begins_at: datetime
    ends_at: datetime

    def covers(self, alert: Alert, now: datetime) -> bool:
        return (
            self.begins_at <= now < self.ends_at
            and self.cause in {ANY, alert.cause.code}
            and self.subject in {ANY, alert.subject}
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What one look changed."""

    begun: tuple[AlertNumber, ...] = ()
    ended: tuple[AlertNumber, ...] = ()


def keep(connection: Connection, found: Iterable[Found], *, asked: Collection[Source], now: datetime) -> Kept:
    """Takes what one look found. `asked`: the sources that answered; alerts of others stay as they are."""
    known = {(alert.cause.code, alert.subject): alert for alert in open_alerts(connection)}
    wanted = {(each.cause, each.subject): each for each in found}
    at = to_micros(now)
    begun = [
        AlertNumber(connection.execute(statements.BEGIN, _row(each, at)).scalar_one())
        for key, each in wanted.items()
        if key not in known
    ]
    again = [
        {"which": known[key].number, "at": at, "told": json_text(each.facts)}
        for key, each in wanted.items()
        if key in known
    ]
    over = [
        alert
        for key, alert in known.items()
        if key not in wanted and alert.cause.source in asked and now - alert.last_at >= ENDS_AFTER
    ]
    ended = [alert.number for alert in over]
    if again:
        connection.execute(statements.AGAIN, again)
    if ended:
        connection.execute(statements.END, [{"which": number, "at": at} for number in ended])
        connection.execute(statements.CALL_OFF, [{"which": number} for number in ended])
    return Kept(tuple(begun), tuple(ended))


def _row(found: Found, at: int) -> dict[str, Any]:
    return {
        "cause": found.cause,
        "subject": found.subject,
        "since": at,
        "last_at": at,
        "facts": json_text(found.facts),
    }


def open_alerts(connection: Connection) -> list[Alert]:
    """All that have not ended, oldest first. One of a cause that this version does not know is left alone."""
    return _alerts(connection.execute(statements.OPEN))


def latest_alerts(connection: Connection, *, limit: int, before: AlertNumber | None = None) -> list[Alert]:
    """Open and ended, newest first, with numbers below `before`."""
    below = before if before is not None else 2**62
    return _alerts(connection.execute(statements.LATEST, {"before": below, "limit": limit}))


def one_alert(connection: Connection, number: AlertNumber) -> Alert | None:
    return next(iter(_alerts(connection.execute(statements.ONE, {"number": number}))), None)


def forget(connection: Connection, *, now: datetime) -> int:
    """Drops what ended long ago, with its notices. How many alerts that were."""
    done = connection.execute(statements.FORGET_ALERTS, {"before": to_micros(now - KEPT)})
    connection.execute(statements.FORGET_NOTICES)
    return done.rowcount


def _alerts(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[Alert]:
    return [alert_of(row, AlertNumber(row.number)) for row in rows if row.cause in CAUSES]


def alert_of(row: Row[*tuple[Any, ...]], number: AlertNumber) -> Alert:
    """Of a row with an alert's columns, whose own number may be another one. Its cause is one that we know."""
    return Alert(
        number=number,
        cause=CAUSES[row.cause],
        subject=row.subject,
        since=from_micros(row.since),
        last_at=from_micros(row.last_at),
        ended_at=maybe_moment(row.ended_at),
        facts=json.loads(row.facts),
    )


# -- silences ----------------------------------------------------------------------------------------------------------


def silence(
    connection: Connection,
    *,
    cause: str = ANY,
    subject: str = ANY,
    reason: str,
    by: str,
    begins_at: datetime,
    ends_at: datetime,
) -> SilenceNumber:
    """Silences a cause at a subject. Raises ValueError unless it has a reason and ends after it begins."""
    if not reason.strip() or ends_at <= begins_at:
        raise ValueError("a silence has a reason, and an end behind its beginning")
    row = {"cause": cause, "subject": subject, "reason": reason, "by": by}
    times = {"begins_at": to_micros(begins_at), "ends_at": to_micros(ends_at)}
    return SilenceNumber(connection.execute(statements.SILENCE, {**row, **times}).scalar_one())


def end_silence(connection: Connection, number: SilenceNumber, *, now: datetime) -> bool:
    """Ends one before its time; whether there was one that had not ended."""
    return connection.execute(statements.END_SILENCE, {"which": number, "at": to_micros(now)}).rowcount > 0


def silences(connection: Connection, *, now: datetime) -> list[Silence]:
    """In force or to come, the soonest to end first."""
    return [
        Silence(
            number=SilenceNumber(row.number),
            cause=row.cause,
            subject=row.subject,
            reason=row.reason,
            by=row.by,
            begins_at=from_micros(row.begins_at),
            ends_at=from_micros(row.ends_at),
        )
        for row in connection.execute(statements.SILENCES, {"after": to_micros(now)})
    ]


def silence_of(alert: Alert, silences: Iterable[Silence], *, now: datetime) -> Silence | None:
    """The one that lasts longest, of those that cover it."""
    covering = [each for each in silences if each.covers(alert, now)]
    return max(covering, key=lambda each: each.ends_at, default=None)


def by_cause(alerts: Iterable[Alert]) -> Mapping[Cause, Sequence[Alert]]:
    """Alerts in groups, in the order of the table of causes: what is grave first."""
    order = {code: number for number, code in enumerate(CAUSES)}
    groups: dict[str, list[Alert]] = {}
    for alert in alerts:
        groups.setdefault(alert.cause.code, []).append(alert)
    codes = sorted(groups, key=lambda code: (not CAUSES[code].grave, order[code]))
    return {CAUSES[code]: sorted(groups[code], key=lambda alert: (alert.subject, alert.number)) for code in codes}
