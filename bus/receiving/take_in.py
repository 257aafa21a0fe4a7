"""Taking in what the broker brings: judge, deduplicate, keep in one commit, and only then acknowledge. Each step works
on the whole batch; what came of an arrival is in its record. What may be taken is bus/receiving/judge.py's to say."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bus.crashpoints import reached
from bus.directory.member import Member
from bus.errors import BadMessage, Expired, KeyWithdrawn, Refused, RefusedByDms, TooMuchHeld, Words
from bus.handling.transport import InboxEvent, InboxState, inbox_state
from bus.ports.changes import inbox_change
from bus.ports.records import Arrival, InboxChange, InboxEntry, Row, Transfer
from bus.ports.store import Store, Transaction
from bus.receiving.answers import drop, receipts_for, set_asides_for, skews, told
from bus.receiving.item import Item, Name
from bus.receiving.judge import judge
from bus.receiving.receipts import mend, record
from bus.receiving.set_asides import SetAsides
from bus.receiving.verified import Verified
from bus.sending.quota import SLACK, exceeded, without
from bus.wire.batch import portions
from bus.wire.message import place_of_blobs
from schemas.clock import local
from schemas.values import MailboxCode


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What one batch held. When it is returned, everything in it is durable and may be acknowledged."""

    held: int = 0
    duplicates: int = 0
    receipts: int = 0
    set_aside: int = 0
    dropped: int = 0
    """Of those set aside: beyond what one publisher may put into the queue `dead`."""
    early: tuple[Arrival, ...] = ()
    """Not taken, and not to be acknowledged: to be tried again in a moment, when the directory may know their key."""

    def __add__(self, other: "TakenIn") -> "TakenIn":
        return TakenIn(
            held=self.held + other.held,
            duplicates=self.duplicates + other.duplicates,
            receipts=self.receipts + other.receipts,
            set_aside=self.set_aside + other.set_aside,
            dropped=self.dropped + other.dropped,
            early=self.early + other.early,
        )


AT_ONCE: Final = 8192
"""Messages and lines of receipts of one commit: some tenths of a second that others may have to wait to write."""


def take_in(
    store: Store,
    arrivals: Sequence[Arrival],
    *,
    member: Member,
    now: datetime,
    verified: Verified | None = None,
    patient: bool = False,
    set_asides: SetAsides | None = None,
) -> TakenIn:
    """Judges and keeps a batch; receipts for it are in the same commit. `verified` remembers what was verified, for
    `deliver`; `set_asides` what each publisher had set aside. `patient`: gives back what is signed with a key that the
    directory held here does not know yet."""
    judged = judge(member, arrivals, now, verified=Verified() if verified is None else verified)
    early = tuple(each.arrival for each in judged if patient and each.may_be_early)
    items = [Item(each) for each in judged if not (patient and each.may_be_early)]
    taken = TakenIn(early=early)
    set_asides = SetAsides() if set_asides is None else set_asides
    for some in portions(items, weigh=lambda each: len(each.lines) or 1, most=AT_ONCE):
        taken += _keep(store, some, member=member, set_asides=set_asides, now=now)
    return taken


def _keep(store: Store, items: Sequence[Item], *, member: Member, set_asides: SetAsides, now: datetime) -> TakenIn:
    """One commit. Receipts are signed before it begins, by what is likely: all that is good is new. Where the store
    knows better, nothing is kept, and all is done again by what it said."""
    receipts = [each.docket for each in items if each.is_good and each.is_receipt]
    mended = mend(store, receipts, member=member, now=now) if receipts else ()
    while True:
        foreseen = [each.outcome for each in items]
        counted = drop(items, set_asides, now=now)
        answers = [*receipts_for(member, items, now=now), *set_asides_for(member, items, now=now)]
        for each in items:
            each.begin()
        try:
            with store.write() as tx:
                _forgive_late_copies(tx, items)
                _put(tx, items, now=now)
                _await_blobs(tx, items, member=member, now=now)
                _hold_no_more(tx, items, member=member)
                if [each.outcome for each in items] != foreseen:
                    raise _Unforeseen  # noqa: TRY301 — it rolls back
                events = record(tx, receipts, mended, now=now)
                tx.outbox.put(answers, at=now)
                tx.dossiers.put_events([*events, *told(items, now=now), *skews(items, now=now)])
        except _Unforeseen:
            continue
        break
    reached("take-in.committed")
    set_asides.adopt(counted)
    mail = [each for each in items if each.is_good and not each.is_receipt]
    return TakenIn(
        held=sum(each.is_new for each in mail),
        duplicates=sum(not each.is_new for each in mail),
        receipts=len(receipts),
        set_aside=sum(each.is_bad for each in items),
        dropped=sum(each.is_dropped for each in items),
    )


class _Unforeseen(Exception):
    """The receipts that were signed are not those that are due."""


# -- the steps, in their order -----------------------------------------------------------------------------------------


def _forgive_late_copies(tx: Transaction, items: Sequence[Item]) -> None:
    """What is held already came in time, and to a key that was in use: a copy that comes late is one like any other."""
    late = [each for each in items if isinstance(each.error, Expired | KeyWithdrawn)]
    held = tx.inbox.docket_digests({each.name for each in late}) if late else {}
    for each in late:
        if held.get(each.name) == each.digest:
            each.error = None


def _put(tx: Transaction, items: Sequence[Item], *, now: datetime) -> None:
    """Puts what is good into the inbox, and refuses another message under a known id."""
    mail = [each for each in items if each.is_good and not each.is_receipt]
    new = {
        Name(entry.docket.sender.mailbox, entry.docket.id)
        for entry in tx.inbox.put([_entry(each, now=now) for each in mail])
    }
    for each in mail:
        each.is_new = each.name in new
        new.discard(each.name)  # once: the next of that name in this batch repeats it
    repeated = [each for each in mail if not each.is_new]
    held = tx.inbox.docket_digests({each.name for each in repeated}) if repeated else {}
    for each in repeated:
        if held[each.name] != each.digest:
            each.error = BadMessage(
                why=Words("nơi gửi đã có bản tin khác mang mã này", "another message of its sender has its id")
            )


def _entry(item: Item, *, now: datetime) -> InboxEntry:
    event = InboxEvent.TAKEN_IN_WITH_BLOBS if item.docket.blobs else InboxEvent.TAKEN_IN
    return InboxEntry(docket=item.docket, body=item.message.body, taken_at=now, state=inbox_state(None, event))


def _await_blobs(tx: Transaction, items: Sequence[Item], *, member: Member, now: datetime) -> None:
    """A message with blobs is receipted once they are here. A repeated one may say where they are by now; one that was
    given up on is refused."""
    large = [each for each in items if each.is_good and each.docket.blobs]
    if not large:
        return
    transfers = tx.inbox.transfers({each.docket.id for each in large})
    known = {Name(each.sender, each.message): each for each in transfers}
    for each in large:
        transfer = known.get(each.name)
        each.awaits_blobs = transfer is None or transfer.finished_at is None
        if each.awaits_blobs:
            each.error = _begin_or_go_on(tx, each, transfer, member=member, now=now)


def _begin_or_go_on(
    tx: Transaction, item: Item, transfer: Transfer | None, *, member: Member, now: datetime
) -> Refused | None:
    kind, mark = place_of_blobs(item.judged.arrival.headers)
    sender, message = item.name
    if transfer is None:
        tx.inbox.put_transfer(
            Transfer(message=message, sender=sender, began_at=now, kind=kind, mark=mark, looked=mark is None)
        )
        return None
    row = next(row for row in tx.inbox.rows(message=message) if row.docket.sender.mailbox == sender)
    if row.state is InboxState.CANCELLED:
        return _given_up(row, member=member, now=now)
    if row.state is InboxState.PARKED or row.attempts or transfer.looked or transfer.kind != kind:
        tx.inbox.put_transfer(replace(transfer, kind=kind, mark=mark, looked=mark is None))
        tx.inbox.change([_came_again(row, now=now)])
    return None


def _given_up(row: Row[InboxState], *, member: Member, now: datetime) -> Refused:
    docket = row.docket
    if docket.expires_at is not None and docket.expires_at <= now:
        return Expired(message=docket.id, mailbox=member.mailbox, expires_at=local(docket.expires_at))
    return RefusedByDms(document=docket.document.id if docket.document else docket.id, why=row.error or row.state)


def _came_again(row: Row[InboxState], *, now: datetime) -> InboxChange:
    """A refused one keeps its reason."""
    change = inbox_change(row, InboxEvent.CAME_AGAIN, at=now)
    return replace(change, error=row.error) if change.state is InboxState.REFUSED else change


def _hold_no_more(tx: Transaction, items: Sequence[Item], *, member: Member) -> None:
    """Marks what is `over` the quota of its sender, the last of it first. schemas §11"""
    by_sender: defaultdict[MailboxCode, list[Item]] = defaultdict(list)
    for each in items:
        if each.is_new:
            by_sender[each.name.sender].append(each)
    if not by_sender:
        return
    quota = member.directory.mailbox(member.mailbox).under_way
    for sender, held in tx.inbox.held_from(by_sender.keys()).items():
        some = by_sender[sender]
        while some and (facts := exceeded(held, quota, slack=SLACK)):
            each = some.pop()
            each.error = each.over = TooMuchHeld(mailbox=member.mailbox, sender=sender, **facts)
            held = without(held, each.docket, len(each.message.body))
