"""From the inbox into the document system: open, file, report, bounce. Each group of a batch is one call of the
adapter and one commit; what a filing causes (status 01, a refusal) leaves by the outbox of the same commit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bus.crashpoints import reached
from bus.dossiers.update import CHANGES, apply_statuses, keep
from bus.errors import HeldAfterAll, NotInTime, Orphan, Refused, TooLarge, TryLater, Withdrawn
from bus.handling.statuses import Verdict
from bus.handling.transport import InboxEvent, InboxState
from bus.ports.adapter import Adapter, Report
from bus.ports.changes import inbox_change
from bus.ports.records import Event, HandlingKey, InboxChange, InboxEntry, SubmissionKey
from bus.ports.retry import ORPHAN
from bus.ports.store import Store
from bus.receiving.adapter_calls import ask, bounces_of, shown, tell
from bus.receiving.file import file, is_under_way, name_of, wait
from bus.receiving.open import Opened, open_all
from bus.receiving.outcome import Delivery, Writes, commit, event, persist, postpone, refuse, took
from schemas.codes import BusinessType as B
from schemas.codes import Kind, StatusCode
from schemas.document import Document
from schemas.status import Status
from schemas.values import MessageId

BATCH = 250
BATCH_BYTES = 32 * 1024 * 1024

AWAY = timedelta(minutes=1)
"""How long a document is put off when the document system does not answer. Not counted as a failure."""

IN_MEMORY = 64 * 1024 * 1024
"""Bytes of one document's attachments that are handed over in memory, to an adapter that takes none otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    filed: int = 0
    duplicates: int = 0
    refused: int = 0
    postponed: int = 0
    more: bool = False


def deliver(
    store: Store, adapter: Adapter, delivery: Delivery, *, limit: int = BATCH, max_bytes: int = BATCH_BYTES
) -> Delivered:
    """Hands what is due to the document system. Raises TryLater where that does not answer at all: what came before
    it is committed, the rest stays due."""
    with store.read() as tx:
        due = tx.inbox.due(now=delivery.now, limit=limit, max_bytes=max_bytes)
    if not due:
        return Delivered()
    done: list[InboxChange] = []
    opened = _open_all(store, due, delivery, done)
    documents = [work for work in opened if isinstance(work.item, Document)]
    for types in _ORDER:
        file(store, adapter, [work for work in documents if work.key.type in types], delivery, done)
    _report(store, adapter, [work for work in opened if isinstance(work.item, Status)], delivery, done)
    _bounce(store, adapter, [entry for entry in due if entry.docket.kind is Kind.RECEIPT], delivery, done)
    return _summary(done)


def deliver_with_blobs(store: Store, adapter: Adapter, delivery: Delivery) -> Delivered:
    """Hands over the most urgent document whose blobs are all here; called in a thread of its own. Raises as `deliver`
    does, and puts the document off, so that others go first: it may be the one that does not fit."""
    with store.read() as tx:
        entry = tx.inbox.due_with_blobs(InboxState.FETCHED, now=delivery.now)
    if not isinstance(entry, InboxEntry):
        return Delivered()
    done: list[InboxChange] = []
    works = _open_all(store, [entry], delivery, done)
    if not adapter.takes_large:
        works = _in_memory(store, works, delivery, done)
    try:
        file(store, adapter, works, delivery, done)
    except TryLater as error:
        next_at = delivery.now + AWAY
        put_off = inbox_change(entry, InboxEvent.POSTPONED, next_at=next_at, error=error, at=delivery.now)
        commit(store, Writes(changes=[put_off]), done)
        raise
    return replace(_summary(done), more=True)


def _in_memory(store: Store, works: Sequence[Opened], delivery: Delivery, done: list[InboxChange]) -> list[Opened]:
    writes = Writes()
    held = []
    for work in works:
        assert isinstance(work.item, Document)
        size = sum(blob.size for blob in work.entry.docket.blobs or ())
        if size > IN_MEMORY:
            refuse(writes, work, TooLarge(what=work.item.id, size=size, limit=IN_MEMORY), delivery)
            continue
        attachments = tuple(
            each.model_copy(update={"content": b"".join(each.pieces()), "source": None})
            for each in work.item.attachments
        )
        held.append(replace(work, item=work.item.model_copy(update={"attachments": attachments})))
    commit(store, writes, done)
    return held


def _summary(done: Sequence[InboxChange]) -> Delivered:
    states = [change.state for change in done if change.answered is None]
    return Delivered(
        filed=sum(change.state is InboxState.DONE and change.error is None for change in done),
        duplicates=sum(change.state is InboxState.DONE and change.error is not None for change in done),
        refused=states.count(InboxState.REFUSED),
        postponed=sum(states.count(state) for state in (InboxState.WAITING, InboxState.FETCHED, InboxState.PARKED)),
        more=InboxState.DONE in states,
    )


# New documents first: what replaces them, what changes either, and the statuses about them may stand in one batch.
_ORDER = [{str(int(business)) for business in group} for group in ({B.NEW}, {B.REPLACE}, CHANGES)]

# -- open --------------------------------------------------------------------------------------------------------------


def _open_all(store: Store, due: Sequence[InboxEntry], delivery: Delivery, done: list[InboxChange]) -> list[Opened]:
    """Opens what is sealed; refuses what cannot be opened; passes over what was filed before."""
    writes = Writes()
    opened: dict[SubmissionKey, Opened] = {}
    sealed = [entry for entry in due if entry.docket.kind is not Kind.RECEIPT]
    for entry, work in zip(sealed, open_all(sealed, delivery.member, store, delivery.verified), strict=True):
        if isinstance(work, Refused):
            refuse(writes, entry, work, delivery)
            continue
        # A second message with the same content waits for the next turn: only what is filed makes it a duplicate.
        opened.setdefault(work.key, work)
    with store.read() as tx:
        before = set(tx.inbox.filed(opened.keys())) if opened else set()
    for work in (opened[key] for key in before):
        writes.changes.append(
            inbox_change(work.entry, InboxEvent.DUPLICATE, key=work.key, error="duplicate", at=delivery.now)
        )
        writes.events.append(event("inbox.duplicate", work.entry, delivery))
    commit(store, writes, done)
    return [work for key, work in opened.items() if key not in before]


# -- report ------------------------------------------------------------------------------------------------------------


def _report(
    store: Store, adapter: Adapter, works: Sequence[Opened], delivery: Delivery, done: list[InboxChange]
) -> None:
    if not works:
        return
    with store.read() as tx:
        judged = apply_statuses(tx, [_about(work) for work in works], at=delivery.now)
        waits = {
            work.entry.docket.id
            for work, result in zip(works, judged, strict=True)
            if result.dossier is None and is_under_way(tx, work, [work.about.id])
        }
    writes = Writes()
    reports: list[tuple[Opened, Report]] = []
    for work, result in zip(works, judged, strict=True):
        assert isinstance(work.item, Status)
        if result.dossier is None:
            if work.entry.docket.id in waits:
                wait(writes, work, delivery)
            else:
                _orphaned(writes, work, delivery)
            continue
        report = Report(
            status=work.item, message=name_of(work.entry.docket), verdict=result.verdict, target=result.dossier.ref
        )
        reports.append((work, report))
        if result.verdict is Verdict.ILLEGAL:
            writes.events.append(event("status.illegal", work.entry, delivery, detail=work.item.code))
    asked = [report for _, report in reports]
    answers = shown(adapter, asked, ask(adapter.report, asked))
    reached("report.told")
    told = [work for (work, _), answer in zip(reports, answers, strict=True) if took(writes, work, answer, delivery)]
    with store.write() as tx:
        keep(tx, apply_statuses(tx, [_about(work) for work in told], at=delivery.now))
        persist(tx, writes)
    reached("report.committed")
    done += writes.changes


def _about(work: Opened) -> tuple[Status, HandlingKey, MessageId]:
    docket = work.entry.docket
    assert isinstance(work.item, Status)
    issuer, handler = docket.recipients[0].agency, docket.sender.agency
    if work.item.code is StatusCode.TAKE_BACK:
        issuer, handler = handler, issuer
    return work.item, HandlingKey(issuer, work.about.id, handler), docket.id


def _orphaned(writes: Writes, work: Opened, delivery: Delivery) -> None:
    entry = work.entry
    attempts = entry.attempts + 1
    next_at = ORPHAN.next_try(attempts, now=delivery.now, dice=delivery.dice())
    what = InboxEvent.TARGET_AWAITED if next_at else InboxEvent.GAVE_UP
    error = Orphan(status=entry.docket.status, document=work.about.id)
    writes.changes.append(inbox_change(entry, what, attempts=attempts, next_at=next_at, error=error, at=delivery.now))
    if attempts == 1 or next_at is None:
        name = "status.orphan" if next_at else "inbox.parked"
        writes.events.append(event(name, entry, delivery, detail=str(error)))


_BOUNCED = dict.fromkeys((NotInTime.code, HeldAfterAll.code, Withdrawn.code), "outbox.told")
"""These were an event already, when they came to be known."""

# -- bounce ------------------------------------------------------------------------------------------------------------


def _bounce(
    store: Store, adapter: Adapter, entries: Sequence[InboxEntry], delivery: Delivery, done: list[InboxChange]
) -> None:
    if not entries:
        return
    with store.read() as tx:
        bounces = [bounce for entry in entries for bounce in bounces_of(tx, entry)]
    writes = Writes()
    failed = tell(adapter, bounces)
    reached("bounce.told")
    if failed:
        for entry in entries:
            postpone(writes, entry, failed, delivery)
        commit(store, writes, done)
        return
    writes.changes = [inbox_change(entry, InboxEvent.TOLD, at=delivery.now) for entry in entries]
    writes.events = [
        Event(
            at=delivery.now,
            name=_BOUNCED.get(bounce.error.code, "outbox.refused"),
            message=bounce.message,
            document=bounce.document,
            detail=f"{bounce.mailbox}: {bounce.error}",
        )
        for bounce in bounces
    ]
    commit(store, writes, done)
