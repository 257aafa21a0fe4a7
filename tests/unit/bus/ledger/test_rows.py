"""Records as rows and back: what is read is what was kept."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, create_engine, insert, select

from bus.handling.statuses import Change
from bus.ledger.records import (
    Carried,
    ChangedBy,
    DeliveryRow,
    DocumentNumber,
    DocumentRow,
    EventNumber,
    ObligationRow,
    StatusHeard,
)
from bus.ledger.rows import (
    MOST_ATTACHMENTS,
    MOST_BYTES,
    delivery_of,
    delivery_row,
    document_of,
    document_row,
    obligation_of,
    obligation_row,
    signature_bytes,
    signature_of,
)
from bus.ledger.tables import metadata, now
from bus.wire.envelope import Signature
from schemas.codes import BusinessType, Outcome, Priority, StatusCode
from schemas.docket import DocumentKey
from schemas.values import MessageId

AT = datetime(2026, 11, 30, 2, 0, 0, 5, tzinfo=UTC)
NUMBER = DocumentNumber(7)
DOCUMENT = DocumentRow(
    number=NUMBER, key=DocumentKey(issuer="H49", id="H49,2026/11/30,1/QĐ-UBND"), known=True, sender="H49",
    mailbox="H49", message=MessageId("m-1"), business=BusinessType.UPDATE, code_number="1", code_notation="QĐ-UBND",
    issued_on=date(2026, 11, 30), sent_at=AT, priority=Priority.URGENT, due_on=date(2026, 12, 5), expires_at=AT,
    attachments=2, size=9, changes=(DocumentKey(issuer="H49", id="đ"),),
    changed_by=(
        ChangedBy(
            DocumentKey(issuer="H49", id="e"), BusinessType.REVOKE, AT, MessageId("m-2"), ("H53",), date(2026, 12, 5)
        ),
    ),
)  # fmt: skip
UNKNOWN = DocumentRow(
    number=NUMBER, key=DocumentKey(issuer="H49", id="x"), known=False, sender="H49", mailbox="H49", sent_at=AT
)
HEARD = (
    StatusHeard(StatusCode.ARRIVED, AT, EventNumber(8)),
    StatusHeard(StatusCode.IN_PROGRESS, AT, EventNumber(9)),
    StatusHeard(StatusCode.IN_PROGRESS, AT.replace(hour=3), EventNumber(10)),
)
DELIVERY = DeliveryRow(
    document=NUMBER, agency="H53", mailbox="H53", sender="H49", business=BusinessType.NEW, sent_at=AT,
    outcome=Outcome.HELD, refusal="x", receipted_at=AT, state=StatusCode.IN_PROGRESS, change=Change.TAKE_BACK,
    withdrawn=True, statuses=HEARD, last_at=AT,
)  # fmt: skip
CARRIED = Carried(MessageId("m-1"), "H53", BusinessType.NEW, AT, None, Outcome.HELD, None, AT)
BY_COLUMNS = replace(DELIVERY, message=MessageId("m-1"), carried=(CARRIED,), refusal=None)
TWICE = replace(
    BY_COLUMNS, carried=(CARRIED._replace(due_on=date(2026, 12, 5)), CARRIED._replace(message=MessageId("m-3")))
)
DUE = replace(BY_COLUMNS, carried=(CARRIED._replace(due_on=date(2026, 12, 5)),))
SILENT = DeliveryRow(document=NUMBER, agency="H53", mailbox="H53", sender="H49", sent_at=AT, last_at=AT)
OBLIGATION = ObligationRow(
    document=NUMBER, recipient="H53", clock="accept", debtor="H53", creditor="H49", started_at=AT, warn_at=AT,
    due_at=AT, met_at=AT, met_by="03", void_at=AT, void_why="withdrawn", calendar="2026-3", provisional=True,
    passed_to="H54",
)  # fmt: skip
OPEN = ObligationRow(
    document=NUMBER, recipient="H53", clock="answer", debtor="H53", creditor="H49", started_at=AT, warn_at=None,
    due_at=None, calendar="2026-3",
)  # fmt: skip


@pytest.fixture
def connection() -> Connection:
    connection = create_engine("sqlite://").connect()
    metadata.create_all(connection)
    return connection


@pytest.mark.parametrize("document", [DOCUMENT, UNKNOWN])
def test_a_document(connection: Connection, document: DocumentRow) -> None:
    """With every field, and with those alone that a status tells of it."""
    connection.execute(insert(now.document), document_row(document))
    assert document_of(connection.execute(select(now.document)).one()) == document


def test_numbers_that_no_column_holds(connection: Connection) -> None:
    """A docket may tell any: what a stranger wrote does not stand in the way of what came with it."""
    boast = replace(DOCUMENT, attachments=10**30, size=1025 * 2**53)
    connection.execute(insert(now.document), document_row(boast))
    read = document_of(connection.execute(select(now.document)).one())
    assert read == replace(DOCUMENT, attachments=MOST_ATTACHMENTS, size=MOST_BYTES)


@pytest.mark.parametrize(
    ("delivery", "carried"),
    [
        pytest.param(DELIVERY, None, id="full"),
        pytest.param(BY_COLUMNS, None, id="columns"),
        pytest.param(DUE, "2026-12-05", id="due"),
        pytest.param(TWICE, "[[", id="twice"),
        pytest.param(SILENT, None, id="silent"),
    ],
)
def test_a_delivery(connection: Connection, delivery: DeliveryRow, carried: str | None) -> None:
    """With its whole history; the first time of each status has a column of its own, and of what carried it is kept
    what the columns do not say."""
    connection.execute(insert(now.delivery), delivery_row(delivery))
    row = connection.execute(select(now.delivery)).one()
    assert delivery_of(row) == delivery
    assert (row.at_05 is None) == (delivery is SILENT)
    assert row.carried == carried or row.carried.startswith(carried)


@pytest.mark.parametrize("obligation", [OBLIGATION, OPEN])
def test_an_obligation(connection: Connection, obligation: ObligationRow) -> None:
    """Open only where it is neither met nor void."""
    connection.execute(insert(now.obligation), obligation_row(obligation))
    row = connection.execute(select(now.obligation)).one()
    assert obligation_of(row) == obligation
    assert row.open == obligation.is_open


def test_a_signature() -> None:
    """Algorithm, key and value."""
    signature = Signature("ecdsa-p256", "0" * 32, b"\0\1")  # type: ignore[arg-type] # a key id made up
    assert signature_of(signature_bytes(signature)) == signature
