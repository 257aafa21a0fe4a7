"""What is sent of alerts: one message for all of one cause, in both languages, and the same as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bus.errors import WHO_VI
from bus.ledger.alerts.keep import Alert
from bus.ledger.alerts.statements import RAISED
from schemas.clock import local

SHOWN: Final = 50
"""Subjects that a message names; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    title: str
    text: str
    facts: Mapping[str, Any]


def message(what: str, alerts: Sequence[Alert]) -> Message:
    """Of alerts of one cause that began (`what` is RAISED) or ended."""
    cause = alerts[0].cause
    mark = "CẢNH BÁO · ALERT" if what == RAISED else "ĐÃ HẾT · ENDED"
    count = f" ({len(alerts)})" if len(alerts) > 1 else ""
    lines = [
        f"{mark}: {cause.title.vi} · {cause.title.en}{count}",
        "",
        *(line for alert in alerts[:SHOWN] for line in _of(alert)),
    ]
    if len(alerts) > SHOWN:
        lines += [f"… +{len(alerts) - SHOWN}", ""]
    if what == RAISED:
        lines += [
            f"Ai xử lý · who must act: {WHO_VI[cause.who]} · {cause.who}",
            f"Việc cần làm: {cause.do.vi}",
            f"Next step: {cause.do.en}",
            "",
        ]
    lines.append(f"lienthong alerts show {alerts[0].number}")
    return Message(title=f"[Liên thông] {lines[0]}", text="\n".join(lines), facts=_facts(what, alerts))


def _of(alert: Alert) -> Sequence[str]:
    times = f"từ {local(alert.since)}", f"since {local(alert.since)}"
    if alert.ended_at is not None:
        times = f"{times[0]} đến {local(alert.ended_at)}", f"{times[1]}, until {local(alert.ended_at)}"
    return (f"- {alert.text.vi} ({times[0]})", f"  {alert.text.en} ({times[1]})", "")


def _facts(what: str, alerts: Sequence[Alert]) -> Mapping[str, Any]:
    cause = alerts[0].cause
    return {
        "what": what,
        "cause": cause.code,
        "who": str(cause.who),
        "grave": cause.grave,
        "title": cause.title._asdict(),
        "do": cause.do._asdict(),
        "alerts": [
            {
                "number": alert.number,
                "subject": alert.subject,
                "since": alert.since.isoformat(),
                "ended": alert.ended_at.isoformat() if alert.ended_at else None,
                "text": alert.text._asdict(),
                "facts": dict(alert.facts),
            }
            for alert in alerts
        ],
    }
