"""`/api/v1/alerts`: what is wrong, since when, who must act, what to do; what is silenced, why, until when."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from bus.console.api.views import View
from bus.console.desk import Asker, asking
from bus.console.paging import Page, Paged, pack, unpack
from bus.console.questions import Flag
from bus.console.roles import Right
from bus.errors import Who
from bus.ledger.alerts.keep import Alert, AlertNumber, Silence, latest_alerts, open_alerts, silence_of, silences

router = APIRouter(prefix="/alerts", tags=["alerts"])


class AlertView(View):
    number: int
    cause: str
    subject: str = Field(description="A mailbox, an agency, a queue, a node; empty: the ledger itself.")
    who: Who = Field(description="Who must act.")
    grave: bool
    title: str
    title_vi: str
    text: str
    text_vi: str
    do: str = Field(description="The next step.")
    do_vi: str
    since: datetime
    last_at: datetime = Field(description="Last found so.")
    ended_at: datetime | None
    raised: bool = Field(description="It has lasted long enough for somebody to be told.")
    facts: dict[str, Any]
    silenced_until: datetime | None


class SilenceView(View):
    number: int
    cause: str = Field(description="`*`: any")
    subject: str = Field(description="`*`: any")
    reason: str
    by: str
    begins_at: datetime
    ends_at: datetime


class SilencesView(View):
    rows: list[SilenceView]


class AlertQuestion(Paged):
    past: Annotated[Flag, Field(default=False, description="Those that ended, too: newest first, page by page.")]


@router.get("")
def list_alerts(
    question: Annotated[AlertQuestion, Query()], asker: Annotated[Asker, asking(Right.ALERTS, "alerts.list")]
) -> Page[AlertView]:
    """What is wrong now, on one page, oldest first; with `past` what was, too."""
    place = unpack(question.after, int)
    with asker.reading() as connection:
        quiet = silences(connection, now=asker.now)
        if question.past:
            before = None if place is None else AlertNumber(int(place[0] or 0))
            found = latest_alerts(connection, limit=question.limit + 1, before=before)
        else:
            found = open_alerts(connection)
    shown = found[: question.limit] if question.past else found
    more = len(found) > len(shown)
    asker.shows({"past": question.past}, found=len(shown))
    return Page(
        rows=[_told(each, silence_of(each, quiet, now=asker.now)) for each in shown],
        next=pack([shown[-1].number]) if more else None,
    )


@router.get("/silences")
def list_silences(asker: Annotated[Asker, asking(Right.ALERTS, "alerts.silences")]) -> SilencesView:
    """In force or to come, the soonest to end first."""
    with asker.reading() as connection:
        found = silences(connection, now=asker.now)
    asker.shows({}, found=len(found))
    return SilencesView(
        rows=[
            SilenceView(
                number=each.number,
                cause=each.cause,
                subject=each.subject,
                reason=each.reason,
                by=each.by,
                begins_at=each.begins_at,
                ends_at=each.ends_at,
            )
            for each in found
        ]
    )


def _told(alert: Alert, silence: Silence | None) -> AlertView:
    cause = alert.cause
    return AlertView(
        number=alert.number,
        cause=cause.code,
        subject=alert.subject,
        who=cause.who,
        grave=cause.grave,
        title=cause.title.en,
        title_vi=cause.title.vi,
        text=alert.text.en,
        text_vi=alert.text.vi,
        do=cause.do.en,
        do_vi=cause.do.vi,
        since=alert.since,
        last_at=alert.last_at,
        ended_at=alert.ended_at,
        raised=alert.is_raised,
        facts=dict(alert.facts),
        silenced_until=None if silence is None else silence.ends_at,
    )
