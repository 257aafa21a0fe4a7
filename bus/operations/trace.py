"""The trace of one document at one mailbox: every step with its time, from rows, statuses, events and transfers. Reads
only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bus.errors import AmbiguousId, NoSuchMessage, NotInTime
from bus.handling.transport import InboxState, OutboxState, State
from bus.operations.messages import CANDIDATES, candidates
from bus.operations.transfers import Progress, mebibytes, progress
from bus.ports.records import Box, Event, ReceiptLine, Row, StatusRecord
from bus.ports.store import Store, Transaction
from schemas.codes import Outcome
from schemas.values import DocumentId, MessageId

# -- trace -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to a document at this mailbox."""

    at: datetime
    what: str
    message: MessageId | None = None
    who: str = ""
    detail: str = ""


def find_document(store: Store, given: str) -> DocumentId:
    """The document of that id; else the only one of that number; else the only one whose id or number has this part;
    else the one of the messages whose ids are, or begin, so. Raises NoSuchMessage, AmbiguousId."""
    with store.read() as tx:
        if _is_known(tx, given):
            return DocumentId(given)
        found = tx.dossiers.numbered(given, limit=CANDIDATES + 1) or tx.dossiers.named(given, limit=CANDIDATES + 1)
        if not found:
            ids = [(box, id_) for box in Box for id_ in tx.of(box).ids(given, limit=CANDIDATES + 1)]
            rows = [row for box, id_ in ids for row in tx.of(box).rows(message=id_)]
            found = list(dict.fromkeys(row.docket.document.id for row in rows if row.docket.document))
    if not found:
        raise NoSuchMessage(message=given, box="trace")
    if len(found) > 1:
        raise AmbiguousId(given=given, candidates=candidates(found))
    return DocumentId(found[0])


def _is_known(tx: Transaction, document: str) -> bool:
    return any(tx.of(box).rows(document=document, limit=1) for box in Box) or bool(
        tx.dossiers.events(document=document)
    )


def trace_document(store: Store, document: DocumentId) -> Sequence[Step]:
    """Every step of one document here, in the order of time. Raises NoSuchMessage where nothing is known of it."""
    steps: list[Step] = []
    with store.read() as tx:
        for row in (sent := tx.outbox.rows(document=document, limit=1000)):
            steps += _outgoing(row)
        for come in (taken := tx.inbox.rows(document=document, limit=1000)):
            steps += _incoming(come)
        for box, rows in ((Box.OUT, sent), (Box.IN, taken)):
            steps += [_moved(each) for each in progress(tx, box, rows) if each.transfer is not None]
        issuers = {
            row.docket.document.issuer
            for box in Box
            for row in tx.of(box).rows(document=document, limit=1000)
            if row.docket.document
        }
        for issuer in issuers:
            steps += [_status(record) for record in tx.dossiers.statuses(issuer=issuer, document=document)]
        steps += [_happened(event) for event in tx.dossiers.events(document=document)]
    if not steps:
        raise NoSuchMessage(message=document, box="trace")
    return sorted(steps, key=lambda step: (step.at, step.message or ""))


def _named(row: Row[State]) -> str:
    """What to call a message in a trace: a document by its business type, or a status."""
    docket = row.docket
    if docket.status:
        return f"status {docket.status}"
    return docket.business_type.label.en.lower() if docket.business_type else "document"


def _outgoing(row: Row[OutboxState]) -> list[Step]:
    docket, name = row.docket, _named(row)
    to = ", ".join(address.agency for address in docket.recipients)
    steps = [Step(at=row.entered_at, what=f"{name} accepted", message=docket.id, who=to, detail=row.ref or "")]
    if row.sent_at:
        steps.append(Step(at=row.sent_at, what=f"{name} published", message=docket.id, who=to))
    steps += [
        Step(
            at=line.at,
            what=f"{name} {_answered(line)}",
            message=docket.id,
            who=line.mailbox,
            detail=line.code or "",
        )
        for line in row.recipients
    ]
    if row.error and row.state is not OutboxState.DONE:
        steps.append(
            Step(at=row.next_at or row.entered_at, what=f"{name} {row.state}", message=docket.id, detail=row.error)
        )
    return steps


def _answered(line: ReceiptLine) -> str:
    if line.code == NotInTime.code:
        return "given up: not confirmed in time"
    return "held by recipient" if line.outcome is Outcome.HELD else "refused by recipient"


def _incoming(row: Row[InboxState]) -> list[Step]:
    docket, name = row.docket, _named(row)
    sender = docket.sender.agency
    steps = [
        Step(at=docket.created_at, what=f"{name} sealed by sender", message=docket.id, who=sender),
        Step(at=row.entered_at, what=f"{name} taken in", message=docket.id, who=sender),
    ]
    if row.finished_at:
        done = "filed" if row.error is None else "passed over"  # its content had been filed before
        what = f"{name} {done if row.state is InboxState.DONE else row.state}"
        steps.append(Step(at=row.finished_at, what=what, message=docket.id, detail=row.ref or row.error or ""))
    elif row.error:
        steps.append(
            Step(at=row.next_at or row.entered_at, what=f"{name} {row.state}", message=docket.id, detail=row.error)
        )
    return steps


_FAR: Mapping[tuple[Box, bool], str] = {
    (Box.OUT, False): "uploading",
    (Box.OUT, True): "uploaded",
    (Box.IN, False): "fetching",
    (Box.IN, True): "fetched",
}


def _moved(each: Progress) -> Step:
    """How far its blobs have come. Why a transfer stands still is a step of its own."""
    transfer = each.transfer
    assert transfer is not None
    at, name, message = transfer.finished_at or transfer.began_at, _named(each.row), each.row.docket.id
    if transfer.behind is not None:
        what = "waited" if transfer.finished_at else "waits"
        return Step(at=at, what=f"{name} {what} for another's files", message=message, detail=transfer.behind)
    is_whole = transfer.finished_at is not None
    far = mebibytes(each.size) if is_whole else f"{mebibytes(each.done)} of {mebibytes(each.size)}"
    return Step(at=at, what=f"{name} {_FAR[each.box, is_whole]} {far} MiB", message=message, detail=transfer.kind or "")


def _status(record: StatusRecord) -> Step:
    return Step(
        at=record.recorded_at,
        what=f"handling: {record.code} {record.code.label.vi}",
        message=record.message,
        who=record.key.handler,
        detail=str(record.verdict),
    )


def _happened(event: Event) -> Step:
    return Step(at=event.at, what=event.name, message=event.message, detail=event.detail)
