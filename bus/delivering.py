"""From the inbox into the document system: open, file, report, bounce. Each group of a batch is one call of the
adapter and one commit; what a filing causes (status 01, a refusal) leaves by the outbox of the same commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bus import dossiers, envelope
from bus.asking import ask, bounces_of, shown, tell
from bus.crashpoints import reached
from bus.dossiers import CHANGES
from bus.errors import BusError, HeldAfterAll, NotInTime, Orphan, Refused, TryLater
from bus.handling import Verdict
from bus.mailroom import Member, address, receipt, seal
from bus.opening import Opened, open_entry
from bus.ports import Adapter, Filed, Filing, Report, Store, Transaction
from bus.receiving import acknowledged
from bus.records import Dossier, Event, HandlingKey, InboxChange, InboxEntry, OutboxEntry, State, SubmissionKey
from bus.retry import DELIVER, ORPHAN, Schedule
from schemas.agency import Party
from schemas.codes import BusinessType as B
from schemas.codes import Kind, StatusCode
from schemas.docket import Docket, DocumentKey
from schemas.document import Document
from schemas.status import Concerned, Status
from schemas.values import AgencyCode, MessageId

BATCH = 250
BATCH_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    filed: int = 0
    duplicates: int = 0
    refused: int = 0
    postponed: int = 0
    more: bool = False


@dataclass(slots=True)
class _Results:
    """What one group leaves to be committed."""

    changes: list[InboxChange] = field(default_factory=list)
    outgoing: list[OutboxEntry] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One call's surroundings: who we are, when it is, and how failures are spread over time."""

    member: Member
    now: datetime
    dice: Callable[[], float]
    schedule: Schedule = DELIVER
    orphans: Schedule = ORPHAN


def deliver(
    store: Store, adapter: Adapter, delivery: Delivery, *, limit: int = BATCH, max_bytes: int = BATCH_BYTES
) -> Delivered:
    """Hands what is due to the document system. Raises TryLater where that does not answer at all: what came before
    it is committed, the rest stays due."""
    with store.read() as tx:
        due = tx.due_inbox(now=delivery.now, limit=limit, max_bytes=max_bytes)
    if not due:
        return Delivered()
    done: list[InboxChange] = []
    opened = _open_all(store, due, delivery, done)
    documents = [work for work in opened if isinstance(work.item, Document)]
    for types in _ORDER:
        _file(store, adapter, [work for work in documents if work.key.type in types], delivery, done)
    _report(store, adapter, [work for work in opened if isinstance(work.item, Status)], delivery, done)
    _bounce(store, adapter, [entry for entry in due if entry.docket.kind is Kind.RECEIPT], delivery, done)
    states = [change.state for change in done]
    return Delivered(
        filed=sum(change.state is State.DONE and change.error is None for change in done),
        duplicates=sum(change.state is State.DONE and change.error is not None for change in done),
        refused=states.count(State.REFUSED),
        postponed=states.count(State.WAITING) + states.count(State.PARKED),
        more=State.DONE in states,
    )


# New documents first: what replaces them, what changes either, and the statuses about them may stand in one batch.
_ORDER = [{str(int(business)) for business in group} for group in ({B.NEW}, {B.REPLACE}, CHANGES)]

UNTARGETED = 4
"""How often a revocation or update waits for a document that is not here: three minutes or so."""

# -- open --------------------------------------------------------------------------------------------------------------


def _open_all(store: Store, due: Sequence[InboxEntry], delivery: Delivery, done: list[InboxChange]) -> list[Opened]:
    """Opens what is sealed; refuses what cannot be opened; passes over what was filed before."""
    results = _Results()
    opened: dict[SubmissionKey, Opened] = {}
    for entry in due:
        if entry.docket.kind is Kind.RECEIPT:
            continue
        try:
            work = open_entry(entry, delivery.member)
        except Refused as error:
            _refuse(results, entry, error, delivery)
            continue
        # A second message with the same content waits for the next turn: only what is filed makes it a duplicate.
        opened.setdefault(work.key, work)
    with store.read() as tx:
        before = set(tx.filed(opened.keys())) if opened else set()
    for work in (opened[key] for key in before):
        results.changes.append(_change(work.entry, State.DONE, delivery, key=work.key, error="duplicate"))
        results.events.append(_event("inbox.duplicate", work.entry, delivery))
    _commit(store, results, done)
    return [work for key, work in opened.items() if key not in before]


# -- file --------------------------------------------------------------------------------------------------------------


def _file(store: Store, adapter: Adapter, works: Sequence[Opened], delivery: Delivery, done: list[InboxChange]) -> None:
    if not works:
        return
    results = _Results()
    filings: list[tuple[Opened, Filing]] = []
    with store.read() as tx:
        for work in works:
            found = _targets(tx, work, delivery)
            if not found and _is_change(work) and work.entry.attempts < UNTARGETED:
                _await_target(results, work, delivery)
            else:
                filings.append((work, _filing(work, found, delivery)))
    asked = [filing for _, filing in filings]
    answers = shown(adapter, asked, ask(adapter.deliver, asked))
    reached("deliver.filed")
    filed = [
        (work, filing, answer)
        for (work, filing), answer in zip(filings, answers, strict=True)
        if _filed(results, work.entry, answer, delivery, key=work.key)
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
        _persist(tx, results)
    reached("deliver.committed")
    done += results.changes


def _is_change(work: Opened) -> bool:
    return isinstance(work.item, Document) and work.item.business.type in CHANGES


def _await_target(results: _Results, work: Opened, delivery: Delivery) -> None:
    """An urgent revocation may overtake its document: it waits a few minutes for it, then is filed without."""
    attempts = work.entry.attempts + 1
    next_at = delivery.orphans.next_try(attempts, now=delivery.now, dice=delivery.dice())
    results.changes.append(_change(work.entry, State.WAITING, delivery, attempts=attempts, next_at=next_at))
    results.events.append(_event("target.awaited", work.entry, delivery))


def _targets(tx: Transaction, work: Opened, delivery: Delivery) -> list[Dossier]:
    assert isinstance(work.item, Document)
    return dossiers.targets(tx, work.item, work.about, delivery.member.ours(work.entry.docket, now=delivery.now))


def _filing(work: Opened, targets: Sequence[Dossier], delivery: Delivery) -> Filing:
    assert isinstance(work.item, Document)
    refs = dict.fromkeys(dossier.ref for dossier in targets if dossier.ref)
    return Filing(
        document=work.item,
        recipients=delivery.member.ours(work.entry.docket, now=delivery.now),
        message=_name(work.entry.docket),
        target=tuple(refs),
    )


def _name(docket: Docket) -> MessageId:
    """What adapters call a message. Ids are their senders' to choose, and two senders may choose the same."""
    return MessageId(f"{docket.id}.{docket.sender.mailbox}")


def _arrived(tx: Transaction, filings: Sequence[Filing], delivery: Delivery, results: _Results) -> None:
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


# -- report ------------------------------------------------------------------------------------------------------------


def _report(
    store: Store, adapter: Adapter, works: Sequence[Opened], delivery: Delivery, done: list[InboxChange]
) -> None:
    if not works:
        return
    with store.read() as tx:
        judged = dossiers.judged(tx, [_about(work) for work in works], at=delivery.now)
    results = _Results()
    reports: list[tuple[Opened, Report]] = []
    for work, result in zip(works, judged, strict=True):
        assert isinstance(work.item, Status)
        if result.dossier is None:
            _orphaned(results, work, delivery)
            continue
        report = Report(
            status=work.item, message=_name(work.entry.docket), verdict=result.verdict, target=result.dossier.ref
        )
        reports.append((work, report))
        if result.verdict is Verdict.ILLEGAL:
            results.events.append(_event("status.illegal", work.entry, delivery, detail=work.item.code))
    asked = [report for _, report in reports]
    answers = shown(adapter, asked, ask(adapter.report, asked))
    reached("report.told")
    told = [
        work
        for (work, _), answer in zip(reports, answers, strict=True)
        if _filed(results, work.entry, answer, delivery, key=work.key)
    ]
    with store.write() as tx:
        dossiers.keep(tx, dossiers.judged(tx, [_about(work) for work in told], at=delivery.now))
        _persist(tx, results)
    reached("report.committed")
    done += results.changes


def _about(work: Opened) -> tuple[Status, HandlingKey, MessageId]:
    docket = work.entry.docket
    assert isinstance(work.item, Status)
    issuer, handler = docket.recipients[0].agency, docket.sender.agency
    if work.item.code is StatusCode.TAKE_BACK:
        issuer, handler = handler, issuer
    return work.item, HandlingKey(issuer, work.about.id, handler), docket.id


def _orphaned(results: _Results, work: Opened, delivery: Delivery) -> None:
    entry = work.entry
    attempts = entry.attempts + 1
    next_at = delivery.orphans.next_try(attempts, now=delivery.now, dice=delivery.dice())
    state = State.WAITING if next_at else State.PARKED
    error = Orphan(status=entry.docket.status, document=work.about.id)
    results.changes.append(_change(entry, state, delivery, attempts=attempts, next_at=next_at, error=str(error)))
    if attempts == 1 or state is State.PARKED:
        name = "status.orphan" if state is State.WAITING else "inbox.parked"
        results.events.append(_event(name, entry, delivery, detail=str(error)))


_BOUNCED = {NotInTime.code: "outbox.told", HeldAfterAll.code: "outbox.told"}
"""What these say has been an event before: when it came to be known."""

# -- bounce ------------------------------------------------------------------------------------------------------------


def _bounce(
    store: Store, adapter: Adapter, entries: Sequence[InboxEntry], delivery: Delivery, done: list[InboxChange]
) -> None:
    if not entries:
        return
    with store.read() as tx:
        bounces = [bounce for entry in entries for bounce in bounces_of(tx, entry)]
    results = _Results()
    failed = tell(adapter, bounces)
    reached("bounce.told")
    if failed:
        for entry in entries:
            _postpone(results, entry, failed, delivery)
        _commit(store, results, done)
        return
    results.changes = [_change(entry, State.DONE, delivery) for entry in entries]
    results.events = [
        Event(
            at=delivery.now,
            name=_BOUNCED.get(bounce.error.code, "outbox.refused"),
            message=bounce.message,
            document=bounce.document,
            detail=f"{bounce.mailbox}: {bounce.error}",
        )
        for bounce in bounces
    ]
    _commit(store, results, done)


# -- what every group shares -------------------------------------------------------------------------------------------


def _filed(results: _Results, entry: InboxEntry, answer: Filed, delivery: Delivery, *, key: SubmissionKey) -> bool:
    """Records the document system's answer; True where it took the item."""
    match answer.error:
        case None:
            results.changes.append(_change(entry, State.DONE, delivery, key=key, filed_as=answer.ref))
            return True
        case TryLater() as error:
            _postpone(results, entry, error, delivery)
        case error:
            _refuse(results, entry, error, delivery)
    return False


def _postpone(results: _Results, entry: InboxEntry, error: BusError, delivery: Delivery) -> None:
    attempts = entry.attempts + 1
    next_at = delivery.schedule.next_try(attempts, now=delivery.now, dice=delivery.dice())
    state = State.WAITING if next_at else State.PARKED
    results.changes.append(_change(entry, state, delivery, attempts=attempts, next_at=next_at, error=str(error)))
    name = "inbox.postponed" if next_at else "inbox.parked"
    results.events.append(_event(name, entry, delivery, detail=str(error)))


def _refuse(results: _Results, entry: InboxEntry, error: BusError, delivery: Delivery) -> None:
    """Set aside with its reason, kept until an operator releases or discards it; the sender is told."""
    results.changes.append(_change(entry, State.REFUSED, delivery, error=str(error)))
    line = acknowledged(envelope.parse(entry.body), error)
    docket = entry.docket
    results.outgoing.append(receipt(delivery.member, docket.sender, [line], now=delivery.now, priority=docket.priority))
    results.events.append(_event("inbox.refused", entry, delivery, detail=str(error)))


def _change(
    entry: InboxEntry,
    state: State,
    delivery: Delivery,
    *,
    attempts: int | None = None,
    next_at: datetime | None = None,
    key: SubmissionKey | None = None,
    filed_as: str | None = None,
    error: str | None = None,
) -> InboxChange:
    return InboxChange(
        message=entry.docket.id,
        sender=entry.docket.sender.mailbox,
        state=state,
        attempts=entry.attempts if attempts is None else attempts,
        next_at=next_at,
        key=key,
        filed_as=filed_as,
        error=error,
        at=delivery.now,
    )


def _event(name: str, entry: InboxEntry, delivery: Delivery, detail: str = "") -> Event:
    return Event(at=delivery.now, name=name, message=entry.docket.id, document=entry.docket.document, detail=detail)


def _commit(store: Store, results: _Results, done: list[InboxChange]) -> None:
    if results.changes:
        with store.write() as tx:
            _persist(tx, results)
        reached("settle.committed")
        done += results.changes


def _persist(tx: Transaction, results: _Results) -> None:
    tx.change_inbox(results.changes)
    if results.outgoing:
        tx.put_outbox(results.outgoing, at=results.changes[0].at)
    if results.events:
        tx.put_events(results.events)
