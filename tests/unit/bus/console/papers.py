"""A small ledger that the API is asked about: five documents of three agencies. By hand, as its queries' contract."""

import hashlib
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from bus.ledger.keep import insert_events, keep_receipt_lines
from bus.ledger.records import DocumentNumber, Event, EventNumber, LedgerReceiptLine, Position
from bus.ledger.tables import GENUINE
from bus.ledger.years import next_number
from bus.trust.keys import KeyId
from bus.wire.envelope import Signature
from schemas.codes import BusinessType, Kind, Outcome, StatusCode
from schemas.docket import Address, Docket, SealedContent
from tests.contract.ledger_queries import ROWS
from tests.contract.ledger_rows import NOW, keep

OWN, OTHER = "H49", "H53"
"""The sender of documents 1, 4 and 5, and a recipient of them."""


def keep_papers(connection: Connection) -> None:
    keep(connection, ROWS)
    one = docket("message-1", "H49", "H49,2026/11/01,12/QĐ-UBND", "H53", "G22")
    other = docket("message-9", "H53", "H49,2026/11/01,12/QĐ-UBND", "H49", status=True)
    first = next_number(connection, now=NOW)
    events = [kept(first, one, GENUINE), kept(first + 1, other, "bad-signature")]
    insert_events(connection, events, {each.number: DocumentNumber(1) for each in events})
    keep_receipt_lines(connection, [_line(one, mailbox) for mailbox in ("H53", "G22")])


def _line(one: Docket, mailbox: str) -> LedgerReceiptLine:
    return LedgerReceiptLine(
        message=one.id,
        mailbox=mailbox,
        sender="H49",
        docket_sha256=_sha256(one),
        outcome=Outcome.HELD,
        code=None,
        at=NOW,
        event=EventNumber(7),
    )


def docket(message: str, sender: str, id_: str, *recipients: str, status: bool = False) -> Docket:
    facts: dict[str, Any] = {
        "id": message,
        "kind": Kind.STATUS if status else Kind.DOCUMENT,
        "sender": Address(agency=sender, mailbox=sender),
        "recipients": tuple(Address(agency=each, mailbox=each) for each in recipients),
        "created_at": NOW - timedelta(days=10),
        "document": {"issuer": "H49", "id": id_},
        "content": SealedContent(size=1, sha256="0" * 64),
    }
    facts |= {"status": StatusCode.ACCEPTED} if status else {"business_type": BusinessType.NEW}
    return Docket(**facts)


def kept(number: int, of: Docket, standing: str) -> Event:
    return Event(
        number=EventNumber(number),
        position=Position("audit", 1, number),
        received_at=NOW,
        publisher=of.sender.mailbox,
        standing=standing,
        docket=of,
        docket_bytes=of.to_json(),
        docket_sha256=_sha256(of),
        signature=Signature(algorithm="ed25519", key_id=KeyId("0" * 64), value=b"s"),
        size=100,
    )


def _sha256(of: Docket) -> str:
    return hashlib.sha256(of.to_json()).hexdigest()
