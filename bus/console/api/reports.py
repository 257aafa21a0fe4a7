"""`/api/v1/reports`: the figures of a period, as `lienthong report` tells them; and how far the ledger has read."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from bus.console.api.views import View
from bus.console.desk import Asker, asking
from bus.console.questions import BUSINESS, Business, Code, Flag
from bus.console.roles import Right
from bus.errors import BadConfig, BadQuery, NotAllowed, said
from bus.handling.calendar import calendar_of
from bus.handling.working_days import Calendar
from bus.ledger import calendars
from bus.ledger.keep import checkpoints
from bus.ledger.reports.plain import as_json
from bus.ledger.reports.question import Period, Question
from bus.ledger.reports.read import report
from schemas.values import AgencyCode

router = APIRouter(tags=["reports"])


class ReportQuestion(View):
    period: Annotated[
        str,
        Field(max_length=30, description="2026, 2026-Q4, 2026-11, 2026-11-30, or two days: 2026-10-01..2026-12-31."),
    ]
    agency: Annotated[Code | None, Field(default=None, description="Of this one; of all where absent.")]
    below: Annotated[Flag, Field(default=True, description="With the units below it.")]
    business: Annotated[Business | None, Field(default=None)]


class ReportView(View):
    """What was sent in a period, and what became of it. Durations are in seconds, shares from 0 to 1."""

    agency: AgencyCode | None
    below: bool
    first: str
    last: str
    quarter: int | None
    kind: str | None
    calendar: str = Field(description="Editions of the working calendar that deadlines were counted by.")
    provisional: bool
    electronic_share: float | None
    total: dict[str, Any]
    before: dict[str, Any] = Field(description="Of the period before, as it stands now.")
    units: list[dict[str, Any]]


class StreamView(View):
    """How far the ledger has read one audit stream."""

    stream: str
    epoch: int = Field(description="One more each time the stream was made anew.")
    last_offset: int | None
    at: datetime = Field(description="When it read it.")


class StreamsView(View):
    streams: list[StreamView]


@router.get("/reports")
def make_report(
    question: Annotated[ReportQuestion, Query()], asker: Annotated[Asker, asking(Right.REPORTS, "report.make")]
) -> ReportView:
    """Sent, received, refused, on time, late, how long each stage took. An agency gets its own, not what is below."""
    asked = _asked(question, asker)
    onlooker = asker.desk.onlooker()
    with asker.reading() as connection:
        calendar = Calendar()
        if onlooker.trust_store is not None:
            kept = calendars.kept(connection, trust_store=onlooker.trust_store, now=asker.now)
            calendar = calendar_of(each.edition for _, each in kept.taken)
        made = report(connection, asked, now=asker.now, directory=onlooker.directory, calendar=calendar)
    asker.shows(question.model_dump(mode="json", exclude_defaults=True), found=len(made.units))
    told = as_json(made)
    del told["made_at"]  # the same figures are the same bytes
    return ReportView.model_validate(told)


@router.get("/streams")
def list_streams(asker: Annotated[Asker, asking(None, "streams")]) -> StreamsView:
    """How far the ledger has read. Nothing of any document: whoever is known may ask."""
    with asker.reading() as connection:
        found = checkpoints(connection)
    return StreamsView(
        streams=[
            StreamView(stream=each.stream, epoch=each.epoch, last_offset=each.last_offset, at=each.at) for each in found
        ]
    )


def _asked(question: ReportQuestion, asker: Asker) -> Question:
    """Raises BadQuery, NotAllowed."""
    try:
        period = Period.parse(question.period)
    except BadConfig as error:
        raise BadQuery(why=error.facts["why"]) from error
    kind = None if question.business is None else BUSINESS[question.business]
    if asker.sees is None:
        return Question(period=period, agency=question.agency, below=question.below, kind=kind)
    agency = asker.checked(question.agency)
    if agency is None:
        if len(asker.sees) != 1:
            raise NotAllowed(
                role=asker.caller.role, what=said("báo cáo của tất cả: ghi `agency`", "all: name an `agency`")
            )
        (agency,) = asker.sees
    return Question(period=period, agency=agency, below=False, kind=kind)
