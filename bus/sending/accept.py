"""Accepting what a document system submits, a batch at a time: address, look for what was accepted before, seal, keep
in one commit, answer. Each step does one kind of work for the whole batch; what came of an item is in its record."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bus.crashpoints import reached
from bus.directory.member import Member
from bus.dossiers.update import Handed, apply_statuses, forgotten, keep, remember
from bus.errors import BadPackage, BusError, DmsAway, TooMuchUnderWay, WrongDirection
from bus.handling.transport import OutboxEvent, OutboxState
from bus.ports.adapter import Answer, Collected
from bus.ports.changes import outbox_change
from bus.ports.records import BlobKey, Event, HandlingKey, OutboxEntry, SubmissionKey, UnderWay
from bus.ports.store import Store, Transaction
from bus.ports.submitted import Reach, Submitted
from bus.sending.address import Addressed, address
from bus.sending.quota import added, exceeded
from bus.sending.seal import Ready, seal_all
from bus.sending.upload import begin, drop, queued, seal_blobs
from bus.wire.segments import Sealed
from schemas.document import Document
from schemas.status import Status
from schemas.values import MailboxCode, MessageId

BATCH = 250
BATCH_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class _Submission:
    """One addressed item of a batch, and what has come of it so far."""

    ref: str
    addressed: Addressed
    error: BusError | None = None
    before: Submitted | None = None
    """What became of the same submission before this batch."""
    again_to: tuple[MailboxCode, ...] = ()
    """Then: whom it goes to now, since they do not have it."""
    same_as: "_Submission | None" = None
    """The same submission, earlier in this batch: its outcome is this one's."""
    message: MessageId | None = None
    """Its id, where that is given before it is sealed."""
    begun: list[BlobKey] = field(default_factory=list)
    """Its blobs in the store: orphans until its entry is there."""
    sealed: list[Sealed] = field(default_factory=list)
    entry: OutboxEntry | None = None
    is_kept: bool = False
    """Its entry is durable."""

    @property
    def is_duplicate(self) -> bool:
        """Of what was accepted before this batch, and nobody lacks."""
        return self.before is not None and not self.again_to

    def answer(self) -> Answer:
        first = self.same_as or self
        if error := self.error or first.error:
            return Answer(ref=self.ref, error=error)
        held, under_way = first.reached(Reach.HELD), first.reached(Reach.UNDER_WAY)
        if first.entry is None:
            assert first.before is not None
            message = first.before.message
            return Answer(ref=self.ref, message=message, duplicate=True, held_by=held, under_way_to=under_way)
        docket = first.entry.docket
        if first is not self:
            on_its_way = tuple(sorted({*under_way, *docket.mailboxes}))
            return Answer(ref=self.ref, message=docket.id, duplicate=True, held_by=held, under_way_to=on_its_way)
        again = self.again_to
        return Answer(ref=self.ref, message=docket.id, again_to=again, held_by=held, under_way_to=under_way)

    def reached(self, reach: Reach) -> tuple[MailboxCode, ...]:
        """The mailboxes where the same submission had come so far before this batch."""
        return tuple(sorted(self.before.at(reach))) if self.before else ()


def accept(store: Store, collected: Sequence[Collected], *, member: Member, now: datetime) -> list[Answer]:
    """One answer each, in order. When it returns, what it accepted is durable and will be sent."""
    batch = [_addressed(member, each) for each in collected]
    submissions = [each for each in batch if isinstance(each, _Submission)]
    with store.read() as tx:
        _find_submitted(tx, submissions)
        _check_directions(tx, submissions)
        fresh = _fresh(submissions)
        _check_quotas(tx, fresh, member=member)
    try:
        _seal_blobs(store, member, fresh, now=now)
        _seal(member, fresh, now=now)
        _keep(store, fresh, now=now)
        _remember_again(store, submissions, now=now)
    finally:  # blobs without a kept entry are orphans
        drop(store, [key for each in fresh if not each.is_kept for key in each.begun])
    return [each.answer() if isinstance(each, _Submission) else each for each in batch]


# -- the steps, in their order -----------------------------------------------------------------------------------------


def _addressed(member: Member, collected: Collected) -> _Submission | Answer:
    match collected.item:
        case Document() | Status() as item:
            try:
                return _Submission(collected.ref, address(member, item))
            except BusError as error:
                return Answer(ref=collected.ref, error=error)
            except (ValueError, OSError) as error:
                return Answer(ref=collected.ref, error=_unreadable(error))
        case BusError() as error:
            return Answer(ref=collected.ref, error=error)


def _unreadable(error: ValueError | OSError) -> BusError:
    """An adapter's document without the bytes of an attachment, with others than described, or with too many; or one
    whose bytes cannot be read just now."""
    if isinstance(error, OSError):
        return DmsAway(why=error)
    return BadPackage(
        path="AttachmentEncoded",
        why=error,
        why_vi=error,
        remedy="give every attachment its bytes",
        remedy_vi="kèm đủ nội dung tệp",
    )


def _find_submitted(tx: Transaction, submissions: Sequence[_Submission]) -> None:
    """What was submitted before goes only to those who do not have it, and to whom nothing is on its way."""
    known = tx.outbox.submitted({each.addressed.key for each in submissions})
    for each in submissions:
        each.before = known.get(each.addressed.key)
        if each.before is None or each.before.is_everywhere:
            continue
        there = each.before.at(Reach.HELD, Reach.UNDER_WAY)
        lacking = tuple(address for address in each.addressed.recipients if address.mailbox not in there)
        if lacking:  # or its agencies have moved to mailboxes that have it
            each.again_to = tuple(dict.fromkeys(address.mailbox for address in lacking))
            each.addressed = replace(each.addressed, recipients=lacking)


def _check_directions(tx: Transaction, submissions: Sequence[_Submission]) -> None:
    """A status about a document known here must come from the right side, and is as urgent as that; an unknown one
    travels (domain §2.1)."""
    statuses = [each for each in submissions if isinstance(each.addressed.item, Status)]
    known = tx.dossiers.by_keys({key for each in statuses for key in _both_ways(each.addressed)})
    for each in statuses:
        key, reverse = _both_ways(each.addressed)
        if key.issuer == key.handler or (key not in known and reverse in known):
            each.error = _wrong_direction(each.addressed)
        elif key in known:
            each.addressed = replace(each.addressed, priority=known[key].priority)


def handling_key(status: Addressed) -> HandlingKey:
    """Issuer, document and handler of a status about to be sent, in the directory's codes."""
    issuer, sender, other = status.document.issuer, status.sender.agency, status.recipients[0].agency
    return HandlingKey(issuer, status.document.id, other if issuer == sender else sender)


def _both_ways(status: Addressed) -> tuple[HandlingKey, HandlingKey]:
    """Its handling, and the one it would be about if the other side had sent it."""
    key = handling_key(status)
    return key, HandlingKey(key.handler, key.document, key.issuer)


def _wrong_direction(status: Addressed) -> WrongDirection:
    return WrongDirection(
        status=status.key.type,
        document=status.document.id,
        agency=status.sender.agency,
        expected=status.recipients[0].agency,
    )


def _fresh(submissions: Sequence[_Submission]) -> list[_Submission]:
    """The ones to be sealed: each content once, the first where it stands twice in the batch."""
    first: dict[SubmissionKey, _Submission] = {}
    for each in submissions:
        if each.error is None and not each.is_duplicate:
            found = first.setdefault(each.addressed.key, each)
            each.same_as = None if found is each else found
    return list(first.values())


def _check_quotas(tx: Transaction, fresh: Sequence[_Submission], *, member: Member) -> None:
    """Refuses what a recipient has no room for: what was submitted before, and it has not receipted, counts."""
    mailboxes = {recipient.mailbox for each in fresh for recipient in each.addressed.recipients}
    if not mailboxes:
        return
    used = dict(tx.outbox.under_way(mailboxes))
    for each in fresh:
        counted = each.reached(Reach.PARKED)  # and the new message takes the old one's place
        more = {
            mailbox: added(used.get(mailbox, UnderWay()), each.addressed.size, each.addressed.blobs_size)
            for mailbox in dict.fromkeys(recipient.mailbox for recipient in each.addressed.recipients)
            if mailbox not in counted
        }
        for mailbox, after in more.items():
            if facts := exceeded(after, member.directory.mailbox(mailbox).under_way):
                each.error = TooMuchUnderWay(mailbox=mailbox, **facts)
                break
        else:
            used |= more


def _seal_blobs(store: Store, member: Member, fresh: Sequence[_Submission], *, now: datetime) -> None:
    for each in fresh:
        if each.addressed.as_blobs and each.error is None:
            each.message = member.new_id()
            try:
                for sealed in seal_blobs(store, each.addressed, each.begun, message=each.message, now=now):
                    each.sealed.append(sealed)
            except (ValueError, OSError) as error:
                each.error = _unreadable(error)


def _seal(member: Member, fresh: Sequence[_Submission], *, now: datetime) -> None:
    sealing = [each for each in fresh if each.error is None]
    ready = [
        Ready(addressed=each.addressed, source=each.ref, message=each.message, blobs=each.sealed) for each in sealing
    ]
    for each, result in zip(sealing, seal_all(member, ready, now=now), strict=True):
        if isinstance(result, BusError):
            each.error = result
        else:
            each.entry = result


def _keep(store: Store, fresh: Sequence[_Submission], *, now: datetime) -> None:
    sealed = [(each.addressed, each.entry) for each in fresh if each.entry is not None]
    if not sealed:
        return
    large = [each for each in sealed if each[1].docket.blobs]
    small = [each for each in sealed if not each[1].docket.blobs]
    with store.write() as tx:
        for some in filter(None, (large, small)):  # what changes one of its own batch waits for it, too
            entries = queued(tx, some, now=now)
            tx.outbox.put(entries, at=now)
            _remember(tx, some, now=now)
            begin(tx, [(each, entry) for (each, _), entry in zip(some, entries, strict=True)], now=now)
        _say_again(tx, [each for each in fresh if each.entry and each.before], now=now)
    for each in fresh:
        each.is_kept = each.entry is not None
    reached("accept.committed")


def _say_again(tx: Transaction, again: Sequence[_Submission], *, now: datetime) -> None:
    """What goes once more is an event; a message of it that was given up for now makes room for the new one."""
    rows = [
        row
        for each in again
        for message in (each.before.parked if each.before else ())
        for row in tx.outbox.rows(message=message, limit=1)
        if row.state is OutboxState.PARKED  # or an operator was quicker
    ]
    tx.outbox.change([outbox_change(row, OutboxEvent.SENT_AGAIN, at=now) for row in rows])
    events = []
    for each in again:
        assert each.entry is not None
        said = f"to {', '.join(each.again_to)}"
        for words, reach in (("held by", Reach.HELD), ("under way to", Reach.UNDER_WAY)):
            if mailboxes := each.reached(reach):
                said += f"; {words} {', '.join(mailboxes)}"
        docket = each.entry.docket
        events.append(Event(at=now, name="outbox.sent-again", message=docket.id, document=docket.document, detail=said))
    tx.dossiers.put_events(events)


def _remember(tx: Transaction, accepted: Sequence[tuple[Addressed, OutboxEntry]], *, now: datetime) -> None:
    """The sender's own dossiers follow what it sends: new ones for documents, changes for requests and statuses."""
    handed = [
        _handed(addressed, addressed.item, entry.source)
        for addressed, entry in accepted
        if isinstance(addressed.item, Document)
    ]
    remember(tx, handed, at=now)
    statuses = [
        (addressed.item, handling_key(addressed), entry.docket.id)
        for addressed, entry in accepted
        if isinstance(addressed.item, Status)
    ]
    keep(tx, apply_statuses(tx, statuses, at=now))


def _handed(addressed: Addressed, document: Document, ref: str | None) -> Handed:
    handlers = [recipient.agency for recipient in addressed.recipients]
    return Handed(document, addressed.document, handlers, ref, due_on=document.due_on)


def _remember_again(store: Store, submissions: Sequence[_Submission], *, now: datetime) -> None:
    """What was accepted before, and is put back because a damaged store lost its dossiers, has them again."""
    again = [
        _handed(each.addressed, each.addressed.item, each.ref)
        for each in submissions
        if isinstance(each.addressed.item, Document) and each.answer().duplicate
    ]
    if not again:
        return
    with store.read() as tx:
        lost = forgotten(tx, again)
    if lost:
        with store.write() as tx:
            remember(tx, lost, at=now)
