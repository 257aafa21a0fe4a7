"""A record as a row of its table, and back. The shapes of its JSON columns are here and nowhere else."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import Row

from bus.handling.statuses import Change
from bus.ledger.folded import fold, fold_code
from bus.ledger.records import (
    Carried,
    ChangedBy,
    DeliveryRow,
    DocumentNumber,
    DocumentRow,
    Event,
    EventNumber,
    LedgerReceiptLine,
    ObligationRow,
    Position,
    StatusHeard,
)
from bus.store.sql.times import from_micros, maybe_micros, maybe_moment, to_micros
from bus.trust.keys import KeyId
from bus.wire.envelope import Signature
from schemas.codes import BusinessType, Outcome, Priority, StatusCode
from schemas.docket import Docket, DocumentKey
from schemas.framing import frame, unframe

FIRST_TIMES = ("01", "02", "03", "04", "05", "06", "13", "15", "16")
"""The codes that have a column `at_…` each."""
MOST_ATTACHMENTS: Final = 2**31 - 1
MOST_BYTES: Final = 2**63 - 1
"""The largest numbers that the columns hold. A docket may tell larger ones, which are nobody's: kept as these. A batch
that could not be written would be read again for ever."""
_FIRST_COLUMNS: Final = tuple((code, f"at_{code}") for code in FIRST_TIMES)
_STATUSES: Final = {str(code): code for code in StatusCode}
_BUSINESSES: Final = {int(business): business for business in BusinessType}
_PRIORITIES: Final = {int(priority): priority for priority in Priority}
_OUTCOMES: Final = {str(outcome): outcome for outcome in Outcome}
_CHANGES: Final = {str(change): change for change in Change}


def event_row(event: Event, about: DocumentNumber | None = None) -> dict[str, Any]:
    docket = event.docket
    return {
        "number": event.number,
        "received_at": to_micros(event.received_at),
        "stream": event.position.stream,
        "epoch": event.position.epoch,
        "offset": event.position.offset,
        "at": to_micros(docket.created_at),
        "kind": str(docket.kind),
        "message": docket.id,
        "mailbox": docket.sender.mailbox,
        "publisher": event.publisher,
        "standing": event.standing,
        "about": about,
        "size": event.size,
        "docket": event.docket_bytes,
        "signature": signature_bytes(event.signature),
    }


def signature_bytes(signature: Signature) -> bytes:
    """Algorithm, key id and value, framed as in an envelope."""
    return frame((signature.algorithm.encode(), signature.key_id.encode(), signature.value))


def signature_of(data: bytes) -> Signature:
    algorithm, key_id, value = unframe(data, at_most=3)
    return Signature(bytes(algorithm).decode(), KeyId(bytes(key_id).decode()), bytes(value))


def event_of(row: Row[Any]) -> Event:
    return Event(
        number=EventNumber(row.number),
        position=Position(row.stream, row.epoch, row.offset),
        received_at=from_micros(row.received_at),
        publisher=row.publisher,
        standing=row.standing,
        docket=Docket.from_kept(row.docket),
        docket_bytes=row.docket,
        docket_sha256=hashlib.sha256(row.docket).hexdigest(),
        signature=signature_of(row.signature),
        size=row.size,
    )


def receipt_row(line: LedgerReceiptLine) -> dict[str, Any]:
    return {
        "message": line.message,
        "mailbox": line.mailbox,
        "sender": line.sender,
        "docket_sha256": bytes.fromhex(line.docket_sha256),
        "outcome": str(line.outcome),
        "code": line.code,
        "at": to_micros(line.at),
        "event": line.event,
    }


def receipt_of(row: Row[Any]) -> LedgerReceiptLine:
    return LedgerReceiptLine(
        message=row.message,
        mailbox=row.mailbox,
        sender=row.sender,
        docket_sha256=row.docket_sha256.hex(),
        outcome=_OUTCOMES[row.outcome],
        code=row.code,
        at=from_micros(row.at),
        event=row.event,
    )


def document_row(document: DocumentRow) -> dict[str, Any]:
    return {
        "number": document.number,
        "issuer": document.key.issuer,
        "document": document.key.id,
        "form": fold(document.key.id),
        "known": document.known,
        "sender": document.sender,
        "mailbox": document.mailbox,
        "message": document.message,
        "business": None if document.business is None else int(document.business),
        "code_number": document.code_number,
        "code_notation": document.code_notation,
        "code_form": fold_code(document.code_number, document.code_notation, document=document.key.id),
        "issued_on": document.issued_on and document.issued_on.isoformat(),
        "sent_at": to_micros(document.sent_at),
        "priority": int(document.priority),
        "due_on": document.due_on and document.due_on.isoformat(),
        "expires_at": maybe_micros(document.expires_at),
        "attachments": min(document.attachments, MOST_ATTACHMENTS),
        "size": min(document.size, MOST_BYTES),
        "changes": _changes_text(document),
        "changed_by": _changed_by_text(document),
    }


def document_of(row: Row[Any]) -> DocumentRow:
    return DocumentRow(
        number=row.number,
        key=DocumentKey.model_construct(issuer=row.issuer, id=row.document),
        known=row.known,
        sender=row.sender,
        mailbox=row.mailbox,
        message=row.message,
        business=_business(row.business),
        code_number=row.code_number,
        code_notation=row.code_notation,
        issued_on=_day(row.issued_on),
        sent_at=from_micros(row.sent_at),
        priority=_PRIORITIES[row.priority],
        due_on=_day(row.due_on),
        expires_at=maybe_moment(row.expires_at),
        attachments=row.attachments,
        size=row.size,
        changes=tuple(_key(each) for each in json.loads(row.changes)) if row.changes else (),
        changed_by=()
        if not row.changed_by
        else tuple(
            ChangedBy(
                _key(each),
                BusinessType(each["business"]),
                from_micros(each["at"]),
                each["message"],
                tuple(each["recipients"]),
                _day(each["due_on"]),
            )
            for each in json.loads(row.changed_by)
        ),
    )


def delivery_row(delivery: DeliveryRow) -> dict[str, Any]:
    first, statuses = dict[str, int](), list[str]()
    for heard in delivery.statuses:
        at = to_micros(heard.at)
        first.setdefault(heard.code, at)
        statuses.append(f'["{heard.code}",{at},{heard.event}]')  # JSON, six times as fast as by its encoder
    return {
        "document": delivery.document,
        "agency": delivery.agency,
        "mailbox": delivery.mailbox,
        "sender": delivery.sender,
        "message": delivery.message,
        "carried": _carried_text(delivery),
        "business": None if delivery.business is None else int(delivery.business),
        "sent_at": to_micros(delivery.sent_at),
        "outcome": delivery.outcome and str(delivery.outcome),
        "refusal": delivery.refusal,
        "receipted_at": maybe_micros(delivery.receipted_at),
        "state": delivery.state and str(delivery.state),
        "change": str(delivery.change),
        "withdrawn": delivery.withdrawn,
        **{name: first.get(code) for code, name in _FIRST_COLUMNS},
        "statuses": f"[{','.join(statuses)}]",
        "last_at": to_micros(delivery.last_at),
    }


def delivery_of(row: Row[Any]) -> DeliveryRow:
    return DeliveryRow(
        document=row.document,
        agency=row.agency,
        mailbox=row.mailbox,
        sender=row.sender,
        message=row.message,
        carried=_carried_of(row),
        business=_business(row.business),
        sent_at=from_micros(row.sent_at),
        outcome=row.outcome and _OUTCOMES[row.outcome],
        refusal=row.refusal,
        receipted_at=maybe_moment(row.receipted_at),
        state=row.state and _STATUSES[row.state],
        change=_CHANGES[row.change],
        withdrawn=row.withdrawn,
        statuses=tuple(
            StatusHeard(_STATUSES[code], from_micros(at), EventNumber(number))
            for code, at, number in json.loads(row.statuses)
        ),
        last_at=from_micros(row.last_at),
    )


def obligation_row(obligation: ObligationRow) -> dict[str, Any]:
    return {
        "document": obligation.document,
        "recipient": obligation.recipient,
        "clock": obligation.clock,
        "debtor": obligation.debtor,
        "creditor": obligation.creditor,
        "started_at": to_micros(obligation.started_at),
        "warn_at": maybe_micros(obligation.warn_at),
        "due_at": maybe_micros(obligation.due_at),
        "met_at": maybe_micros(obligation.met_at),
        "met_by": obligation.met_by,
        "void_at": maybe_micros(obligation.void_at),
        "void_why": obligation.void_why,
        "open": obligation.is_open,
        "calendar": obligation.calendar,
        "provisional": obligation.provisional,
        "passed_to": obligation.passed_to,
    }


def obligation_of(row: Row[Any]) -> ObligationRow:
    return ObligationRow(
        document=row.document,
        recipient=row.recipient,
        clock=row.clock,
        debtor=row.debtor,
        creditor=row.creditor,
        started_at=from_micros(row.started_at),
        warn_at=maybe_moment(row.warn_at),
        due_at=maybe_moment(row.due_at),
        met_at=maybe_moment(row.met_at),
        met_by=row.met_by,
        void_at=maybe_moment(row.void_at),
        void_why=row.void_why,
        calendar=row.calendar,
        provisional=row.provisional,
        passed_to=row.passed_to,
    )


def _carried_text(delivery: DeliveryRow) -> str | None:
    """Nearly always there is one message, and the columns say all of it but its due day: then that day, or None."""
    if not delivery.carried:
        return None
    due_on = delivery.carried[0].due_on
    if delivery.carried == _by_columns(delivery, due_on):
        return None if due_on is None else due_on.isoformat()
    return json.dumps(
        [
            [
                each.message,
                each.mailbox,
                int(each.business),
                to_micros(each.at),
                each.due_on and each.due_on.isoformat(),
                each.outcome and str(each.outcome),
                each.refusal,
                maybe_micros(each.receipted_at),
            ]
            for each in delivery.carried
        ],
        separators=(",", ":"),
    )


def _by_columns(delivery: DeliveryRow, due_on: date | None) -> tuple[Carried, ...]:
    if delivery.message is None or delivery.business is None:
        return ()
    return (
        Carried(
            delivery.message,
            delivery.mailbox,
            delivery.business,
            delivery.sent_at,
            due_on,
            delivery.outcome,
            delivery.refusal,
            delivery.receipted_at,
        ),
    )


def _carried_of(row: Row[Any]) -> tuple[Carried, ...]:
    if row.carried is not None and row.carried.startswith("["):
        return tuple(
            Carried(
                message,
                mailbox,
                BusinessType(business),
                from_micros(at),
                _day(due_on),
                outcome and Outcome(outcome),
                refusal,
                maybe_moment(receipted_at),
            )
            for message, mailbox, business, at, due_on, outcome, refusal, receipted_at in json.loads(row.carried)
        )
    if row.message is None:
        return ()
    return (
        Carried(
            row.message,
            row.mailbox,
            _BUSINESSES[row.business],
            from_micros(row.sent_at),
            _day(row.carried),
            row.outcome and _OUTCOMES[row.outcome],
            row.refusal,
            maybe_moment(row.receipted_at),
        ),
    )


def _changes_text(document: DocumentRow) -> str | None:
    return _text([{"issuer": key.issuer, "id": key.id} for key in document.changes])


def _changed_by_text(document: DocumentRow) -> str | None:
    return _text(
        [
            {
                "issuer": each.key.issuer,
                "id": each.key.id,
                "business": int(each.business),
                "at": to_micros(each.at),
                "message": each.message,
                "recipients": each.recipients,
                "due_on": each.due_on and each.due_on.isoformat(),
            }
            for each in document.changed_by
        ]
    )


def _text(values: list[dict[str, Any]]) -> str | None:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) if values else None


def _key(value: Mapping[str, Any]) -> DocumentKey:
    """As it was judged when it came."""
    return DocumentKey.model_construct(issuer=value["issuer"], id=value["id"])


def _business(number: int | None) -> BusinessType | None:
    return None if number is None else _BUSINESSES[number]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
