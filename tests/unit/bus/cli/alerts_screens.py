"""Answers of `lienthong alerts`, as they are at one moment."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from bus.cli.alerts import show_one, show_open, show_silences
from bus.ledger.alerts.causes import CAUSES
from bus.ledger.alerts.keep import Alert, AlertNumber, Silence, SilenceNumber
from bus.ledger.alerts.notices import Sending
from tests.unit.bus.ledger.alerts.alerts_world import NOW, overdue, unread

_HOUR = timedelta(hours=1)


def alerts_screens() -> Mapping[str, Callable[[], None]]:
    """Name -> what prints it."""
    found = [
        Alert(
            number=AlertNumber(number),
            cause=CAUSES[each.cause],
            subject=each.subject,
            since=NOW - number * _HOUR,
            last_at=NOW,
            ended_at=None,
            facts=each.facts,
        )
        for number, each in enumerate((overdue("G22"), overdue("H49", 1), unread("H53")), 11)
    ]
    silence = Silence(
        number=SilenceNumber(3),
        cause="overdue",
        subject="H49",
        reason="chuyển trụ sở, hẹn xong trong ngày",
        by="an",
        begins_at=NOW,
        ends_at=NOW + 8 * _HOUR,
    )
    told = [
        Sending(what="raised", channel="truc-ban", attempts=1, next_at=None, sent_at=NOW, error=None),
        Sending(
            what="raised",
            channel="bo-noi-vu",
            attempts=2,
            next_at=NOW + _HOUR,
            sent_at=None,
            error="không trả lời / no answer",
        ),
    ]
    return {
        "alerts-list.answer": partial(show_open, found, [silence], now=NOW),
        "alerts-show.answer": partial(show_one, found[2], told, None),
        "alerts-silences.answer": partial(show_silences, [silence]),
    }
