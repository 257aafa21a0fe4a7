"""What alerts ask of a ledger's database and keep in it, whichever it is: the rules are told in tests/unit."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Select

from bus.ledger.alerts import figures
from bus.ledger.alerts.causes import Source
from bus.ledger.alerts.find import in_record
from bus.ledger.alerts.keep import (
    KEPT,
    end_silence,
    forget,
    keep,
    latest_alerts,
    one_alert,
    open_alerts,
    silence,
    silences,
)
from bus.ledger.alerts.notices import due, failed, note, sendings, sent, waiting
from bus.store.sql.times import to_micros
from tests.unit.bus.ledger.alerts.alerts_world import NOW, overdue
from tests.unit.bus.ledger.alerts.figures_world import DAY, put_day, put_delivery, put_event, put_obligation
from tests.unit.bus.ledger.alerts.test_figures import docket
from tests.unit.bus.ledger.alerts.test_notices import Listener

EVERY: Final = frozenset(Source)
_AT: Final = to_micros(NOW)
STATEMENTS: Final[Mapping[str, Select[Any]]] = {
    "unproven": figures.UNPROVEN.params(since=_AT),
    "unreceipted": figures.UNRECEIPTED.params(before=_AT, after=_AT, now=_AT, limit=figures.MOST),
    "unreceipted at": figures.UNRECEIPTED_AT.params(before=_AT, after=_AT, now=_AT),
    "overdue": figures.OVERDUE.params(now=_AT),
    "by day": figures.BY_DAY.params(measure="sent", days=["2026-11-30", "2026-11-23"]),
    "owing": figures.OPEN.params(now=_AT),
}
"""What a look asks once a minute, with values."""


def explained(statement: Select[Any], dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


class Within:
    """Writes within a transaction that a test takes back."""

    def __init__(self, connection: Connection) -> None:
        self.writing: Callable[[], AbstractContextManager[Connection]] = lambda: nullcontext(connection)


class AlertsContract:
    def test_a_look_finds_what_is_wrong(self, connection: Connection) -> None:
        """Every figure, over rows of each sort."""
        world = Within(connection)
        put_event(world, standing="bad-signature")
        put_delivery(world, docket("m1"), at=NOW - 2 * DAY)
        put_delivery(world, docket("m2", blobs=True), at=NOW - 3 * DAY)
        put_delivery(world, docket("m3"), at=NOW - 3 * DAY, outcome="held")
        put_obligation(world, "H29", NOW - DAY, provisional=True)
        put_obligation(world, "H29", NOW + DAY)
        for days, amount in ((0, 1), *((7 * weeks, 40) for weeks in range(1, 9))):
            put_day(world, "H31", (NOW - 3 * DAY - days * DAY).date(), "sent", amount)
        put_day(world, "H32", NOW.date(), "received", 10)
        put_day(world, "H32", NOW.date(), "refused", 5, "02")
        found = in_record(connection, now=NOW, is_working=lambda day: day.weekday() < 5, unconfirmed=[2027])
        assert sorted(f"{each.cause} {each.subject}" for each in found) == [
            "blobs-not-fetched H29",
            "calendar-unconfirmed 2027",
            "no-receipt H29",
            "overdue H29",
            "refuses-much H32",
            "silent H31",
            "unproven H29",
        ]
        assert figures.owing(connection, now=NOW) == figures.Owing(2, 1, 1)
        assert figures.oldest_unreceipted(connection, now=NOW) == NOW - 3 * DAY

    def test_an_alert_is_kept_told_and_forgotten(self, connection: Connection) -> None:
        """From its beginning to the day when nobody remembers it."""
        later = NOW + timedelta(minutes=10)
        (number,) = keep(connection, [overdue()], asked=EVERY, now=NOW).begun
        assert note(connection, [Listener("mail")], now=NOW) == 1
        failed(connection, [(each, later) for each in due(connection, now=NOW)], why="a\0b")
        assert waiting(connection) == 1
        sent(connection, due(connection, now=later), now=later)
        assert keep(connection, [], asked=EVERY, now=later).ended == (number,)
        assert note(connection, [Listener("mail")], now=later) == 1
        sent(connection, due(connection, now=later), now=later)
        assert [each.what for each in sendings(connection, number)] == ["raised", "ended"]
        assert open_alerts(connection) == []
        assert latest_alerts(connection, limit=1) == [one_alert(connection, number)]
        assert forget(connection, now=later + KEPT + DAY) == 1
        assert sendings(connection, number) == []

    def test_a_silence_lasts_and_ends(self, connection: Connection) -> None:
        """With whatever reason people write."""
        number = silence(connection, reason="chuyển\0trụ sở", by="ân", begins_at=NOW, ends_at=NOW + DAY)
        (found,) = silences(connection, now=NOW)
        assert (found.number, found.reason, found.by) == (number, "chuyển\0trụ sở", "ân")
        assert end_silence(connection, number, now=NOW)
        assert silences(connection, now=NOW) == []
