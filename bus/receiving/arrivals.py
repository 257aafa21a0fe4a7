"""Status 01 for each agency a document was filed for, sealed before it is kept: bus/receiving/file.py keeps it in the
commit that marks the document filed, so that it cannot be lost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bus.errors import BusError
from bus.ports.records import Event, HandlingKey, OutboxEntry
from bus.receiving.outcome import Delivery
from bus.sending.address import Addressed, address
from bus.sending.seal import Ready, seal_all
from bus.wire.batch import map_each
from schemas.agency import Party
from schemas.codes import StatusCode
from schemas.docket import DocumentKey
from schemas.document import Document
from schemas.status import Concerned, Status
from schemas.values import AgencyCode, MessageId


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Sealed, and to be kept together."""

    entries: list[OutboxEntry] = field(default_factory=list)
    statuses: list[tuple[Status, HandlingKey, MessageId]] = field(default_factory=list)
    """What each says, of which handling, as which message."""
    events: list[Event] = field(default_factory=list)


def seal_arrivals(filed: Sequence[tuple[Document, Sequence[AgencyCode]]], delivery: Delivery) -> Arrivals:
    """Of documents, each with the agencies that answer."""
    made = Arrivals()
    about = [document for document, agencies in filed for _ in agencies]
    told = [status for document, agencies in filed for status in _arrivals(document, agencies, delivery)]
    addressed = map_each(
        zip(told, about, strict=True), lambda each: _addressed(*each, delivery=delivery), keeping=BusError
    )
    ready = map_each(addressed, lambda each: Ready(addressed=each), keeping=BusError)
    sealed = seal_all(delivery.member, ready, now=delivery.now)
    for status, document, result in zip(told, about, sealed, strict=True):
        if isinstance(result, BusError):
            # The sender's code was closed, or its key withdrawn, since it sent: the filing stands, the 01 cannot go.
            of = DocumentKey(issuer=document.sender.code, id=document.id)
            made.events.append(Event(at=delivery.now, name="arrival.unsent", document=of, detail=str(result)))
            continue
        docket = result.docket
        assert docket.document is not None
        key = HandlingKey(docket.document.issuer, docket.document.id, docket.sender.agency)
        made.entries.append(result)
        made.statuses.append((status, key, docket.id))
    return made


def _addressed(status: Status, document: Document, *, delivery: Delivery) -> Addressed:
    return replace(address(delivery.member, status), priority=document.priority)


def _arrivals(document: Document, agencies: Sequence[AgencyCode], delivery: Delivery) -> Iterator[Status]:
    member = delivery.member
    # The first of them, where two codes of one agency are named.
    named = {member.canonical(party.code): party for party in reversed(document.recipients)} if agencies else {}
    for agency in agencies:
        yield Status(
            code=StatusCode.ARRIVED,
            # None by that code where a closed one was forwarded to its successor, which answers in its own name.
            sender=named.get(agency) or Party(code=agency, name=member.directory.name(agency)),
            concerns=Concerned(
                agency=document.sender.code,
                document_id=document.id,
                code=str(document.number),
                issued_on=document.issued_on,
            ),
            at=delivery.now,
            description="Văn bản đã đến hệ thống của nơi nhận",
        )
