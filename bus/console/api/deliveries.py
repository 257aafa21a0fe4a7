"""`/api/v1/deliveries`: lists of documents at their recipients, and counters that follow the filter."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from bus.console.api.views import AmountView, DeliveryView, DocumentView, ObligationView, View, obligations
from bus.console.desk import Asker, asking
from bus.console.paging import Page, Paged
from bus.console.questions import BUSINESS, Business, Code, Flag, Moment, of_cursor, to_cursor
from bus.console.roles import Right
from bus.ledger.queries.deliveries import count_deliveries, list_deliveries
from bus.ledger.queries.wanted import Filter, Standing
from bus.ledger.turns import turn_of

router = APIRouter(prefix="/deliveries", tags=["deliveries"])


class DeliveryFilter(View):
    """Which deliveries."""

    sender: Annotated[Code | None, Field(default=None)]
    recipient: Annotated[Code | None, Field(default=None)]
    agency: Annotated[Code | None, Field(default=None, description="At either end.")]
    since: Annotated[Moment | None, Field(default=None, description="Sent from then on.")]
    until: Annotated[Moment | None, Field(default=None, description="Sent before then.")]
    business: Annotated[Business | None, Field(default=None)]

    def to_filter(self, asker: Asker, *, standing: Standing | None = None, overdue: bool = False) -> Filter:
        return Filter(
            sender=self.sender,
            recipient=self.recipient,
            agency=self.agency,
            since=self.since,
            until=self.until,
            business=None if self.business is None else BUSINESS[self.business],
            standing=standing,
            overdue=overdue,
            of=asker.sees,
        )


class DeliveryQuestion(DeliveryFilter, Paged):
    standing: Annotated[Standing | None, Field(default=None)]
    overdue: Annotated[Flag, Field(default=False, description="Something owed of it is late; the latest first.")]


class ListedView(View):
    document: DocumentView
    delivery: DeliveryView
    late: bool
    owed: list[ObligationView] = Field(description="What is still owed of it, the earliest due first.")


class CountersView(View):
    standing: dict[Standing, AmountView]
    overdue: AmountView


@router.get("")
def list_all(
    question: Annotated[DeliveryQuestion, Query()], asker: Annotated[Asker, asking(Right.DOCUMENTS, "deliveries.list")]
) -> Page[ListedView]:
    """Documents at their recipients, the newest first."""
    wanted = question.to_filter(asker, standing=question.standing, overdue=question.overdue)
    after = to_cursor(question.after)
    with asker.reading() as connection:
        found = list_deliveries(connection, wanted, now=asker.now, after=after, limit=question.limit)
    asker.shows(question.model_dump(mode="json", exclude_defaults=True), found=len(found.rows))
    rows = [
        ListedView(
            document=DocumentView.of(row.document, sees=asker.sees),
            delivery=DeliveryView.of(row.delivery, turn_of(row.delivery, row.open), now=asker.now),
            late=row.is_late(asker.now),
            owed=obligations(row.open, asker.desk.clocks, now=asker.now),
        )
        for row in found.rows
    ]
    return Page(rows=rows, next=of_cursor(found.next))


@router.get("/counts")
def count_all(
    question: Annotated[DeliveryFilter, Query()], asker: Annotated[Asker, asking(Right.DOCUMENTS, "deliveries.count")]
) -> CountersView:
    """How many there are at each standing, and how many are late. Each count ends at 1,000."""
    with asker.reading() as connection:
        found = count_deliveries(connection, question.to_filter(asker), now=asker.now)
    asker.shows(question.model_dump(mode="json", exclude_defaults=True), found=len(found.standing))
    return CountersView(
        standing={standing: AmountView.of(amount) for standing, amount in found.standing.items()},
        overdue=AmountView.of(found.overdue),
    )
