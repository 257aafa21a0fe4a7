"""`/api/v1/documents`: a document found by what people know of it, and its whole lifeline."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from bus.console.api.views import (
    DeliveryView,
    DocumentView,
    HopView,
    MovedView,
    ObligationView,
    StrangerView,
    View,
    obligations,
)
from bus.console.desk import Asker, asking
from bus.console.paging import MOST, USUAL
from bus.console.questions import Code, Moment, Text
from bus.console.roles import Right
from bus.ledger.queries.documents import Sought, find
from bus.ledger.queries.told import tell
from bus.ledger.queries.wanted import Standing
from bus.ledger.records import DocumentNumber

router = APIRouter(prefix="/documents", tags=["documents"])


class DocumentQuestion(View):
    text: Annotated[
        Text, Field(description="Number and notation (marks optional), the number, an id, or how one of them begins.")
    ]
    sender: Annotated[Code | None, Field(default=None)]
    recipient: Annotated[Code | None, Field(default=None)]
    agency: Annotated[Code | None, Field(default=None, description="At either end.")]
    issued_on: Annotated[date | None, Field(default=None)]
    since: Annotated[Moment | None, Field(default=None, description="Sent from then on.")]
    until: Annotated[Moment | None, Field(default=None, description="Sent before then.")]
    limit: Annotated[int, Field(default=USUAL, ge=1, le=MOST)]


class FoundView(View):
    document: DocumentView
    recipients: int
    standing: dict[Standing, int] = Field(description="How many recipients stand where.")


class FindingView(View):
    rows: list[FoundView]
    more: bool = Field(description="There are others: say more of the one that is meant.")


class LifelineView(View):
    """The way of one document, as far as whoever asks may see it."""

    document: DocumentView
    deliveries: list[DeliveryView]
    strangers: list[StrangerView] = Field(description="Who reported statuses of it, and was never sent it.")
    obligations: list[ObligationView]
    hops: list[HopView] = Field(description="Every message about it, in the order in which the ledger read them.")
    more_hops: bool
    moved: list[MovedView]


@router.get("")
def find_all(
    question: Annotated[DocumentQuestion, Query()], asker: Annotated[Asker, asking(Right.DOCUMENTS, "documents.find")]
) -> FindingView:
    """Documents by number and notation, or id; what is exactly so first."""
    sought = Sought(
        text=question.text,
        sender=question.sender,
        recipient=question.recipient,
        agency=question.agency,
        issued_on=question.issued_on,
        since=question.since,
        until=question.until,
        of=asker.sees,
    )
    with asker.reading() as connection:
        found = find(connection, sought, limit=question.limit)
    asker.shows(question.model_dump(mode="json", exclude_defaults=True), found=len(found.documents))
    rows = [
        FoundView(
            document=DocumentView.of(row.document, sees=asker.sees),
            recipients=row.recipients,
            standing=dict(row.standing),
        )
        for row in found.documents
    ]
    return FindingView(rows=rows, more=found.more)


@router.get("/{number}")
def show(
    number: Annotated[int, Path(ge=1, lt=1 << 63)], asker: Annotated[Asker, asking(Right.DOCUMENTS, "documents.show")]
) -> LifelineView:
    """One document: every recipient with its statuses, what is owed, every message with its receipts, what moved."""
    keys = asker.desk.onlooker()
    with asker.reading() as connection:
        told = tell(connection, DocumentNumber(number), keys=keys, of=asker.sees)
    if told is None:
        raise asker.lacks(f"/documents/{number}", {"number": number})
    found, now = told.history, asker.now
    asker.shows({"number": number, "document": found.document.key.id}, found=1)
    named = None if asker.sees is None or found.document.sender in asker.sees else asker.sees
    return LifelineView(
        document=DocumentView.of(found.document, sees=asker.sees),
        deliveries=[DeliveryView.of(row, told.turns[row.agency], now=now) for row in found.deliveries],
        strangers=[StrangerView.of(row) for row in found.strangers],
        obligations=obligations(found.obligations, asker.desk.clocks, now=now),
        hops=[HopView.of(hop, told.proofs.get(hop.event.number, ()), sees=named) for hop in found.hops],
        more_hops=found.more_hops,
        moved=[MovedView.of(row) for row in found.moved],
    )
