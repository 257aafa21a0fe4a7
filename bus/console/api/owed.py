"""`/api/v1/obligations`: what agencies owe each other, open and settled; and how much one of them owes."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from bus.console.api.views import DocumentView, ObligationView, View
from bus.console.desk import Asker, asking
from bus.console.paging import Page, Paged
from bus.console.questions import Code, Flag, Moment, of_cursor, to_cursor
from bus.console.roles import Right
from bus.ledger.queries.obligations import Asked, Owed, Tally, list_open, list_settled, tally, tally_owed_to
from bus.ledger.queries.paging import Page as Rows

router = APIRouter(prefix="/obligations", tags=["obligations"])


class _Ends(Paged):
    debtor: Annotated[Code | None, Field(default=None, description="Who owes.")]
    creditor: Annotated[Code | None, Field(default=None, description="Who is owed.")]
    clock: Annotated[str | None, Field(default=None, pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]


class OpenQuestion(_Ends):
    late: Annotated[Flag, Field(default=False, description="Only those whose time is over.")]
    due_before: Annotated[Moment | None, Field(default=None)]


class SettledQuestion(_Ends):
    since: Annotated[Moment, Field(description="Of documents sent from then on.")]
    until: Annotated[Moment, Field(description="Before then.")]


class TallyQuestion(View):
    agency: Code


class OwedView(View):
    obligation: ObligationView
    document: DocumentView


class TallyView(View):
    open: int
    late: int
    near: int = Field(description="Their warning has come, their time is not over.")


class TalliesView(View):
    agency: Code
    owes: TallyView
    is_owed: TallyView


@router.get("")
def list_owed(
    question: Annotated[OpenQuestion, Query()], asker: Annotated[Asker, asking(Right.OBLIGATIONS, "obligations.list")]
) -> Page[OwedView]:
    """What is neither met nor void, the earliest due first; then what has no limit in law."""
    limits = [asker.now if question.late else None, question.due_before]
    asked = Asked(
        debtor=question.debtor,
        creditor=question.creditor,
        clocks=None if question.clock is None else [question.clock],
        due_before=min((each for each in limits if each is not None), default=None),
        of=asker.sees,
    )
    after = to_cursor(question.after)
    with asker.reading() as connection:
        found = list_open(connection, asked, after=after, limit=question.limit)
    return _page(asker, question, found)


@router.get("/settled")
def list_done(
    question: Annotated[SettledQuestion, Query()],
    asker: Annotated[Asker, asking(Right.OBLIGATIONS, "obligations.settled")],
) -> Page[OwedView]:
    """What was met or became void, of documents sent within a period, the newest first."""
    asked = Asked(
        debtor=question.debtor,
        creditor=question.creditor,
        clocks=None if question.clock is None else [question.clock],
        of=asker.sees,
    )
    after = to_cursor(question.after)
    with asker.reading() as connection:
        found = list_settled(
            connection, asked, since=question.since, until=question.until, after=after, limit=question.limit
        )
    return _page(asker, question, found)


@router.get("/tally")
def tally_of(
    question: Annotated[TallyQuestion, Query()], asker: Annotated[Asker, asking(Right.OBLIGATIONS, "obligations.tally")]
) -> TalliesView:
    """How much one agency owes and is owed now."""
    agency = question.agency
    asker.checked(agency)
    with asker.reading() as connection:
        owes = tally(connection, now=asker.now, debtors=[agency])[agency]
        is_owed = tally_owed_to(connection, now=asker.now, creditors=[agency])[agency]
    asker.shows({"agency": agency}, found=1)
    return TalliesView(agency=agency, owes=_tally(owes), is_owed=_tally(is_owed))


def _page(asker: Asker, question: _Ends, found: Rows[Owed]) -> Page[OwedView]:
    asker.shows(question.model_dump(mode="json", exclude_defaults=True), found=len(found.rows))
    clocks, now = asker.desk.clocks, asker.now
    rows = [
        OwedView(
            obligation=ObligationView.of(row.obligation, clocks, now=now),
            document=DocumentView.of(row.document, sees=asker.sees),
        )
        for row in found.rows
    ]
    return Page(rows=rows, next=of_cursor(found.next))


def _tally(found: Tally) -> TallyView:
    return TallyView(open=found.open, late=found.late, near=found.near)
