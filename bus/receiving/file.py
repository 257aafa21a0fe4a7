"""Filing documents: which document one changes, what the document system is handed, and what is kept of it: the status
01s that a filing causes are in the commit that marks it filed, or in commits of a bounded size before that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bus.crashpoints import reached
from bus.dossiers.find import find_targets, named_documents
from bus.dossiers.update import CHANGES, Handed, apply_statuses, keep, remember
from bus.handling.transport import INBOX_BLOBS, InboxEvent
from bus.ports.adapter import Adapter, Filing
from bus.ports.changes import inbox_change
from bus.ports.records import Dossier, InboxChange
from bus.ports.retry import ORPHAN
from bus.ports.store import Store, Transaction
from bus.receiving.adapter_calls import ask, shown
from bus.receiving.arrivals import seal_arrivals
from bus.receiving.open import Opened
from bus.receiving.outcome import Delivery, Writes, event, persist, took
from bus.wire.batch import portions
from schemas.codes import BusinessType
from schemas.docket import Docket
from schemas.document import Document
from schemas.values import AgencyCode, DocumentId, MessageId

ANSWERED_AT_ONCE = 512
"""Status 01s of one commit: some tenths of a second that others may have to wait to write."""

UNTARGETED = 4
"""How often a revocation or update is put off for a document that is not here: about three minutes in all."""


def file(store: Store, adapter: Adapter, works: Sequence[Opened], delivery: Delivery, done: list[InboxChange]) -> None:
    if not works:
        return
    writes = Writes()
    filings: list[tuple[Opened, Filing]] = []
    with store.read() as tx:
        for work in works:
            found = _targets(tx, work, delivery)
            if not found and is_under_way(tx, work, _named(work)):
                wait(writes, work, delivery)
            elif not found and _is_change(work) and work.entry.attempts < UNTARGETED:
                _await_target(writes, work, delivery)
            else:
                filings.append((work, _filing(work, found, delivery)))
    asked = [filing for _, filing in filings]
    answers = shown(adapter, asked, ask(adapter.deliver, asked))
    reached("deliver.filed")
    parts: list[_Part] = []
    for (work, filing), answer in zip(filings, answers, strict=True):
        own = Writes()
        if took(own, work, answer, delivery):
            (change,) = own.changes
            parts += _parts(work, filing, change, delivery, answers_itself=adapter.reports_arrival)
        else:
            writes.add(own)
    for some in list(portions(parts, weigh=_weight, most=ANSWERED_AT_ONCE)) or [[]]:
        _keep(store, some, writes, delivery)
        done += writes.changes
        writes = Writes()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one commit holds of a document that was filed: all of it, or a part of its status 01s."""

    work: Opened
    filing: Filing
    change: InboxChange
    agencies: Sequence[AgencyCode]
    """Those whose status 01 is in it."""
    is_first: bool


def _parts(
    work: Opened, filing: Filing, change: InboxChange, delivery: Delivery, *, answers_itself: bool
) -> list[_Part]:
    """One, unless a great many agencies answer. What was answered before a crash is left out."""
    entry, mailbox = work.entry, delivery.member.mailbox
    waiting: list[tuple[int, AgencyCode]] = []
    if not answers_itself and not _is_change(work):
        ours = set(filing.recipients)
        waiting = [
            (number, address.agency)
            for number, address in enumerate(entry.docket.recipients, start=1)
            if number > entry.answered and address.mailbox == mailbox and address.agency in ours
        ]
    slices = [waiting[at : at + ANSWERED_AT_ONCE] for at in range(0, len(waiting), ANSWERED_AT_ONCE)] or [[]]
    partly = (
        inbox_change(entry, InboxEvent.PARTLY_ANSWERED, answered=some[-1][0], at=delivery.now) for some in slices[:-1]
    )
    return [
        _Part(
            work=work,
            filing=filing,
            change=each,
            agencies=[agency for _, agency in some],
            is_first=place == 0 and not entry.answered,
        )
        for place, (some, each) in enumerate(zip(slices, (*partly, change), strict=True))
    ]


def _weight(part: _Part) -> int:
    """Status 01s to be written, or documents to be looked for."""
    return max(1, len(part.agencies), len(_named(part.work)))


def _keep(store: Store, parts: Sequence[_Part], writes: Writes, delivery: Delivery) -> None:
    """Seals first, then keeps in one commit: nobody waits to write while something is sealed."""
    sealed = seal_arrivals([(part.filing.document, part.agencies) for part in parts], delivery)
    writes.changes += [part.change for part in parts]
    writes.outgoing += sealed.entries
    writes.events += sealed.events
    handed = [
        Handed(part.filing.document, part.work.about, part.filing.recipients, part.change.filed_as)
        for part in parts
        if part.is_first
    ]
    with store.write() as tx:
        # Read again here: a clerk's status may have moved a dossier since the batch was opened.
        remember(tx, handed, at=delivery.now)
        keep(tx, apply_statuses(tx, sealed.statuses, at=delivery.now))
        persist(tx, writes)
    reached("deliver.committed")


def _is_change(work: Opened) -> bool:
    return isinstance(work.item, Document) and work.item.business.type in CHANGES


def _named(work: Opened) -> Sequence[DocumentId]:
    assert isinstance(work.item, Document)
    return () if work.item.business.type is BusinessType.NEW else named_documents(work.item)


def is_under_way(tx: Transaction, work: Opened, documents: Sequence[DocumentId]) -> bool:
    """Whether one of these documents, of the same sender and made earlier, is here and not filed: blobs take longer
    than a status or a change that follows them."""
    docket = work.entry.docket
    return any(
        row.docket.blobs and row.docket.sender == docket.sender
        for document in documents
        for state in INBOX_BLOBS
        for row in tx.inbox.rows(document=document, state=state)
        if _made(row.docket) < _made(docket)  # or two that name each other would wait for ever
    )


def _made(docket: Docket) -> tuple[datetime, MessageId]:
    return docket.created_at, docket.id


LOOK = timedelta(seconds=30)
"""Between two looks whether the large document that an entry is about has been filed."""


def wait(writes: Writes, work: Opened, delivery: Delivery) -> None:
    """Puts it off until the document it is about is filed, however long that takes. Not counted as a failure."""
    next_at = delivery.now + LOOK
    writes.changes.append(inbox_change(work.entry, InboxEvent.TARGET_AWAITED, next_at=next_at, at=delivery.now))
    if work.entry.next_at is None:
        writes.events.append(event("target.awaited", work.entry, delivery))


def _await_target(writes: Writes, work: Opened, delivery: Delivery) -> None:
    """An urgent revocation may overtake its document: it waits a few minutes for it, then is filed without."""
    attempts = work.entry.attempts + 1
    next_at = ORPHAN.next_try(attempts, now=delivery.now, dice=delivery.dice())
    writes.changes.append(
        inbox_change(work.entry, InboxEvent.TARGET_AWAITED, attempts=attempts, next_at=next_at, at=delivery.now)
    )
    writes.events.append(event("target.awaited", work.entry, delivery))


def _targets(tx: Transaction, work: Opened, delivery: Delivery) -> list[Dossier]:
    assert isinstance(work.item, Document)
    return find_targets(tx, work.item, work.about, delivery.member.ours(work.entry.docket, now=delivery.now))


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
