"""Filing documents: which document one changes, what the document system is handed, and the status 01 that a filing
causes, in the commit that marks it filed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bus import dossiers
from bus.asking import ask, shown
from bus.crashpoints import reached
from bus.dossiers import CHANGES
from bus.errors import BusError
from bus.mailroom import address, seal
from bus.opening import Opened
from bus.ports import Adapter, Filing, Store, Transaction
from bus.records import Box, Dossier, Event, HandlingKey, InboxChange, State
from bus.settling import Delivery, Results, change, event, persist, took
from schemas.agency import Party
from schemas.codes import BusinessType, StatusCode
from schemas.docket import Docket, DocumentKey
from schemas.document import Document
from schemas.status import Concerned, Status
from schemas.values import AgencyCode, DocumentId, MessageId

UNTARGETED = 4
"""How often a revocation or update waits for a document that is not here: three minutes or so."""


def file(store: Store, adapter: Adapter, works: Sequence[Opened], delivery: Delivery, done: list[InboxChange]) -> None:
    if not works:
        return
    results = Results()
    filings: list[tuple[Opened, Filing]] = []
    with store.read() as tx:
        for work in works:
            found = _targets(tx, work, delivery)
            if not found and is_under_way(tx, work, _named(work)):
                wait(results, work, delivery)
            elif not found and _is_change(work) and work.entry.attempts < UNTARGETED:
                _await_target(results, work, delivery)
            else:
                filings.append((work, _filing(work, found, delivery)))
    asked = [filing for _, filing in filings]
    answers = shown(adapter, asked, ask(adapter.deliver, asked))
    reached("deliver.filed")
    filed = [
        (work, filing, answer)
        for (work, filing), answer in zip(filings, answers, strict=True)
        if took(results, work.entry, answer, delivery, key=work.key)
    ]
    with store.write() as tx:
        # Read again here: a clerk's status may have moved a dossier since the batch was opened.
        handed = [
            dossiers.Handed(filing.document, work.about, filing.recipients, answer.ref)
            for work, filing, answer in filed
        ]
        dossiers.remember(tx, handed, at=delivery.now)
        if not adapter.reports_arrival:
            _arrived(tx, [filing for work, filing, _ in filed if not _is_change(work)], delivery, results)
        persist(tx, results)
    reached("deliver.committed")
    done += results.changes


def _is_change(work: Opened) -> bool:
    return isinstance(work.item, Document) and work.item.business.type in CHANGES


def _named(work: Opened) -> Sequence[DocumentId]:
    assert isinstance(work.item, Document)
    return () if work.item.business.type is BusinessType.NEW else dossiers.named(work.item)


def is_under_way(tx: Transaction, work: Opened, documents: Sequence[DocumentId]) -> bool:
    """Whether one of these documents, of the same sender and made earlier, is here and not filed: its attachments
    travel apart, which takes longer than what is said of it."""
    docket = work.entry.docket
    return any(
        row.docket.blobs and row.state in _UNDER_WAY and row.docket.sender == docket.sender
        for document in documents
        for row in tx.rows(Box.IN, document=document)
        if _made(row.docket) < _made(docket)  # or two that name each other would wait for ever
    )


def _made(docket: Docket) -> tuple[datetime, MessageId]:
    return docket.created_at, docket.id


_UNDER_WAY = frozenset({State.FETCHING, State.FETCHED})
LOOK = timedelta(seconds=30)
"""Between two looks whether a large document has been filed that something here is about."""


def wait(results: Results, work: Opened, delivery: Delivery) -> None:
    """However long that takes: it is no failure, and is not counted as one."""
    next_at = delivery.now + LOOK
    results.changes.append(change(work.entry, work.entry.state, delivery, next_at=next_at))
    if work.entry.next_at is None:
        results.events.append(event("target.awaited", work.entry, delivery))


def _await_target(results: Results, work: Opened, delivery: Delivery) -> None:
    """An urgent revocation may overtake its document: it waits a few minutes for it, then is filed without."""
    attempts = work.entry.attempts + 1
    next_at = delivery.orphans.next_try(attempts, now=delivery.now, dice=delivery.dice())
    results.changes.append(change(work.entry, work.entry.state, delivery, attempts=attempts, next_at=next_at))
    results.events.append(event("target.awaited", work.entry, delivery))


def _targets(tx: Transaction, work: Opened, delivery: Delivery) -> list[Dossier]:
    assert isinstance(work.item, Document)
    return dossiers.targets(tx, work.item, work.about, delivery.member.ours(work.entry.docket, now=delivery.now))


def _filing(work: Opened, targets: Sequence[Dossier], delivery: Delivery) -> Filing:
    assert isinstance(work.item, Document)
    refs = dict.fromkeys(dossier.ref for dossier in targets if dossier.ref)
    return Filing(
        document=work.item,
        recipients=delivery.member.ours(work.entry.docket, now=delivery.now),
        message=name_of(work.entry.docket),
        target=tuple(refs),
    )


def name_of(docket: Docket) -> MessageId:
    """What adapters call a message. Ids are their senders' to choose, and two senders may choose the same."""
    return MessageId(f"{docket.id}.{docket.sender.mailbox}")


def _arrived(tx: Transaction, filings: Sequence[Filing], delivery: Delivery, results: Results) -> None:
    """Status 01 for each agency a document was filed for, in the commit that marks it filed: it cannot be lost."""
    statuses = []
    for document, agency in ((filing.document, agency) for filing in filings for agency in filing.recipients):
        status = _arrival(document, agency, delivery)
        try:
            addressed = replace(address(delivery.member, status), priority=document.priority)
            entry = seal(delivery.member, addressed, now=delivery.now)
        except BusError as error:
            # The sender's code was closed, or its key withdrawn, since it sent: the filing stands, the 01 cannot go.
            about = DocumentKey(issuer=document.sender.code, id=document.id)
            results.events.append(Event(at=delivery.now, name="arrival.unsent", document=about, detail=str(error)))
            continue
        results.outgoing.append(entry)
        key = HandlingKey(addressed.document.issuer, addressed.document.id, agency)
        statuses.append((status, key, entry.docket.id))
    dossiers.keep(tx, dossiers.judged(tx, statuses, at=delivery.now))


def _arrival(document: Document, agency: AgencyCode, delivery: Delivery) -> Status:
    member = delivery.member
    named = (party for party in document.recipients if member.canonical(party.code) == agency)
    # None by that code where a closed one was forwarded to its successor, which answers in its own name.
    party = next(named, None) or Party(code=agency, name=member.directory.name(agency))
    return Status(
        code=StatusCode.ARRIVED,
        sender=party,
        concerns=Concerned(
            agency=document.sender.code,
            document_id=document.id,
            code=str(document.number),
            issued_on=document.issued_on,
        ),
        at=delivery.now,
        description="Văn bản đã đến hệ thống của nơi nhận",
    )
