"""What events make of a document: its lifeline, which is a function of the set of its genuine events. They may come in
any order, in any batches and more than once: `fold` gives an equal result. Pure.

Here is what of an event is kept, and which of several counts. What follows from that is in deliveries.py.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from bus.handling.obligations import Rules
from bus.ledger.deliveries import REQUESTS, Heard, derive
from bus.ledger.records import (
    Carried,
    ChangedBy,
    DocumentNumber,
    DocumentRow,
    Event,
    LedgerReceiptLine,
    Lifeline,
    StatusHeard,
)
from bus.store.normal_forms import document_form
from schemas.codes import BusinessType, Kind, StatusCode
from schemas.docket import Address, Docket, DocumentKey
from schemas.document import is_due_day
from schemas.values import AgencyCode, MailboxCode, MessageId

NOWHERE: Final = MailboxCode("")
"""The mailbox of what no docket told of."""


MOST_CHANGES: Final = 64
"""Changes of one document by others that are kept of it: the first. The events have all."""
MOST_CONCERNED: Final = 64
"""Documents whose lifelines one event changes; further ones that it names are passed over."""


def concerned(docket: Docket) -> tuple[DocumentKey, ...]:
    """The documents whose lifeline an event changes, its own first. Of a receipt none: its lines are about messages."""
    if docket.document is None:
        return ()
    if docket.changes is None:
        return (docket.document,)
    found: dict[str, DocumentKey] = {}
    for key in (docket.document, *changed(docket)):
        found.setdefault(document_form(key.id), key)
    return tuple(found.values())[:MOST_CONCERNED]


def changed(docket: Docket) -> tuple[DocumentKey, ...]:
    """Documents of other ids that a message revokes, updates or replaces. A revocation or an update is of one document,
    the likeliest that its docket names (bus/dossiers/find.py), which may be that of its own id. A docket of version 1
    names none."""
    if docket.document is None or docket.document.issuer != docket.sender.agency:
        return ()
    named = docket.changed if docket.business_type is BusinessType.REPLACE else docket.changed[:1]
    return tuple(key for key in named if not is_same(key, docket.document))


def is_same(key: DocumentKey, other: DocumentKey | None) -> bool:
    """Whether two keys are spellings of one."""
    if key is other:
        return True
    if other is None or key.issuer != other.issuer:
        return False
    return key.id == other.id or document_form(key.id) == document_form(other.id)


def fold(
    key: DocumentKey,
    before: Lifeline | None,
    events: Iterable[Event],
    lines: Iterable[LedgerReceiptLine] = (),
    *,
    rules: Rules,
) -> Lifeline:
    """The lifeline of the document of this key, in any spelling, after these events, each of which concerns it and is
    genuine, and these lines of receipts, each about a message that carried it. A line that comes before its message is
    forgotten: give it again with the message. Raises ValueError where there is neither a lifeline nor an event.

    Deliveries that nothing was heard of are handed on as they are, the same objects: after a new calendar or a merger,
    recompute.py asks for all. Obligations that are no longer there have to be deleted.
    """
    heard = _Hearing(before)
    document = before.document if before else None
    for event in events:
        after = _document(document, key, event)
        if after is not document or event.docket.kind is Kind.DOCUMENT:
            heard.all()
        heard.event(key, event)
        document = after
    if document is None:
        raise ValueError(f"neither a lifeline nor an event of {key.id}")
    heard.lines(list(lines))
    return derive(document, before, heard.agencies, rules=rules)


def judge_again(line: Lifeline, *, rules: Rules) -> Lifeline:
    """The same lifeline by other rules: nothing new was heard."""
    return derive(line.document, line, {agency: Heard.of(row) for agency, row in line.deliveries.items()}, rules=rules)


class _Hearing:
    """What was said to and by each agency: of those that something is heard of, with what was known of them before."""

    def __init__(self, before: Lifeline | None) -> None:
        self._before = before.deliveries if before else {}
        self.agencies: dict[AgencyCode, Heard] = {}

    def of(self, agency: AgencyCode) -> Heard:
        heard = self.agencies.get(agency)
        if heard is None:
            heard = self.agencies[agency] = Heard.of(self._before.get(agency))
        return heard

    def all(self) -> None:
        for agency in self._before:
            self.of(agency)

    def event(self, key: DocumentKey, event: Event) -> None:
        docket = event.docket
        if not is_same(key, docket.document):
            return
        match docket.kind:
            case Kind.DOCUMENT if docket.sender.agency == key.issuer:  # nobody else can send it
                for address in docket.recipients:
                    self.of(address.agency).carry(_carried(docket, address))
            case Kind.STATUS:
                assert docket.status is not None
                for agency in _handlers(docket, key):
                    self.of(agency).say(StatusHeard(docket.status, docket.created_at, event.number))
            case _:
                pass

    def lines(self, lines: Sequence[LedgerReceiptLine]) -> None:
        if not lines:
            return
        there = defaultdict[tuple[MessageId, MailboxCode], list[AgencyCode]](list)
        for agency in {**self._before, **self.agencies}:
            said = self.agencies.get(agency) or self._before[agency]
            for each in said.carried.values() if isinstance(said, Heard) else said.carried:
                there[each.message, each.mailbox].append(agency)
        for line in lines:
            for agency in there.get((line.message, line.mailbox), ()):
                self.of(agency).receipt(line)


def _handlers(docket: Docket, key: DocumentKey) -> Iterator[AgencyCode]:
    """Whose handling a status is about: its sender's, told to the issuer; of a take-back, each of its recipients'."""
    if docket.status is StatusCode.TAKE_BACK:
        if docket.sender.agency == key.issuer:
            yield from (address.agency for address in docket.recipients)
    elif any(address.agency == key.issuer for address in docket.recipients):
        yield docket.sender.agency


def _carried(docket: Docket, address: Address) -> Carried:
    assert docket.business_type is not None
    return Carried(docket.id, address.mailbox, docket.business_type, docket.created_at, _due(docket))


def _due(docket: Docket) -> date | None:
    """Document systems write days that are none."""
    if docket.due_on is None or not is_due_day(docket.due_on, issued_on=docket.issued_on):
        return None
    return docket.due_on


def _document(document: DocumentRow | None, key: DocumentKey, event: Event) -> DocumentRow:
    """The same object where the event tells nothing new of it."""
    docket = event.docket
    if docket.changes is None and docket.document is not None:  # nearly always
        place, spelt = 0, docket.document
    else:
        place, spelt = next(each for each in enumerate(concerned(docket)) if is_same(key, each[1]))
    number = DocumentNumber(event.number * MOST_CONCERNED + place)  # none of two has the same
    if document is None:
        document = DocumentRow(
            number=number, key=spelt, known=False, sender=key.issuer, mailbox=NOWHERE, sent_at=docket.created_at
        )
    elif number < document.number:
        document = replace(document, number=number)
    if place:
        document = _changed_by(document, docket)
    elif docket.kind is Kind.DOCUMENT and docket.sender.agency == key.issuer:
        known = document.business in REQUESTS, document.sent_at, document.message
        return _known(document, event) if not document.known or _rank(docket) < known else document
    if not document.known:
        if docket.created_at < document.sent_at:
            document = replace(document, sent_at=docket.created_at)
        if spelt.id < document.key.id:
            document = replace(document, key=spelt)
    return document


def _changed_by(document: DocumentRow, docket: Docket) -> DocumentRow:
    assert docket.document is not None
    assert docket.business_type is not None
    change = ChangedBy(
        key=docket.document,
        business=docket.business_type,
        at=docket.created_at,
        message=docket.id,
        recipients=tuple(address.agency for address in docket.recipients),
        due_on=_due(docket),
    )
    if change in document.changed_by:
        return document
    changes = sorted((*document.changed_by, change), key=lambda each: (each.at, each.message))
    return replace(document, changed_by=tuple(changes[:MOST_CHANGES]))


def _rank(docket: Docket) -> tuple[bool, datetime, MessageId]:
    """Of several messages under one id the first that was no change tells what the document is."""
    return docket.business_type in REQUESTS, docket.created_at, docket.id


def _known(document: DocumentRow, event: Event) -> DocumentRow:
    docket = event.docket
    return replace(
        document,
        known=True,
        key=docket.document or document.key,
        mailbox=docket.sender.mailbox,
        message=docket.id,
        business=docket.business_type,
        sent_at=docket.created_at,
        priority=docket.priority,
        code_number=docket.number.number if docket.number else None,
        code_notation=docket.number.notation if docket.number else None,
        issued_on=docket.issued_on,
        changes=changed(docket),
        due_on=_due(docket),
        expires_at=docket.expires_at,
        attachments=docket.attachments,
        size=event.size + sum(blob.size for blob in docket.blobs or ()),
    )
