"""Rows of a ledger, made by hand: what its queries are asked about."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from bus.ledger.records import (
    Carried,
    DeliveryRow,
    DocumentNumber,
    DocumentRow,
    EventNumber,
    ObligationRow,
    StatusHeard,
)
from bus.ledger.rows import delivery_row, document_row, obligation_row
from bus.ledger.tables import now as tables
from schemas.codes import BusinessType, Outcome, StatusCode
from schemas.docket import DocumentKey
from schemas.values import AgencyCode, MessageId

NOW = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
"""Monday, nine o'clock in Hà Nội."""
DAY = timedelta(days=1)


def document(number: int, sender: AgencyCode, code: str, *, days: float = 0, **others: Any) -> DocumentRow:
    """Sent so many days ago."""
    sent_at = NOW - days * DAY
    digits, _, notation = code.partition("/")
    facts: dict[str, Any] = {
        "key": DocumentKey(issuer=sender, id=f"{sender},2026/11/01,{code}"),
        "known": True,
        "mailbox": sender,
        "message": MessageId(f"message-{number}"),
        "business": BusinessType.NEW,
        "code_number": digits,
        "code_notation": notation,
        "issued_on": date(2026, 11, 1),
        "sent_at": sent_at,
    }
    return DocumentRow(number=DocumentNumber(number), sender=sender, **{**facts, **others})


def delivery(of: DocumentRow, agency: AgencyCode, *codes: StatusCode, **others: Any) -> DeliveryRow:
    """Held, and with these statuses, an hour apart."""
    heard = [
        StatusHeard(code, of.sent_at + hours * timedelta(hours=1), EventNumber(1000 * of.number + hours))
        for hours, code in enumerate(codes, 1)
    ]
    handled = [each.code for each in heard if each.code <= StatusCode.DONE]
    facts: dict[str, Any] = {
        "mailbox": agency,
        "message": of.message,
        "business": of.business,
        "sent_at": of.sent_at,
        "outcome": Outcome.HELD,
        "receipted_at": of.sent_at,
        "state": handled[-1] if handled else None,
        "statuses": tuple(heard),
        "last_at": heard[-1].at if heard else of.sent_at,
    }
    made = DeliveryRow(document=of.number, agency=agency, sender=of.sender, **{**facts, **others})
    if made.message is None or made.business is None:
        return made
    receipt = (made.outcome, made.refusal, made.receipted_at)
    return replace(made, carried=(Carried(made.message, made.mailbox, made.business, made.sent_at, None, *receipt),))


def obligation(of: DeliveryRow, clock: str, *, due: float | None, **others: Any) -> ObligationRow:
    """Due in so many days; minus: so many days late. Warned of a day before."""
    due_at = None if due is None else NOW + due * DAY
    facts: dict[str, Any] = {
        "debtor": of.agency,
        "creditor": of.sender,
        "started_at": of.sent_at,
        "warn_at": due_at and due_at - DAY,
        "due_at": due_at,
        "calendar": "2026-3",
    }
    return ObligationRow(document=of.document, recipient=of.agency, clock=clock, **{**facts, **others})


def keep(connection: Connection, rows: Iterable[DocumentRow | DeliveryRow | ObligationRow]) -> None:
    for row in rows:
        match row:
            case DocumentRow():
                connection.execute(insert(tables.document), document_row(row))
            case DeliveryRow():
                connection.execute(insert(tables.delivery), delivery_row(row))
            case ObligationRow():
                connection.execute(insert(tables.obligation), obligation_row(row))
