"""What recipients say of messages sent from here: their receipts are recorded, mended where this mailbox can, and what
its document system must know is kept in the inbox like any other mail."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from bus.directory.member import Member
from bus.errors import BlobMissing, KeyWithdrawn, TooMuchHeld
from bus.ports.records import Event, InboxEntry, ReceiptLine
from bus.ports.store import Store, Transaction
from bus.sending.reseal import answer_withdrawn_key
from bus.sending.upload import answer_missing_blob
from schemas.codes import Outcome
from schemas.docket import Docket
from schemas.values import MailboxCode, MessageId

HELD_BACK: Final = timedelta(minutes=30)
"""Until a message goes again to a recipient that holds too much of ours."""
PATIENCE: Final = timedelta(days=14)
"""After that its refusal is one like any other: the sender's people are told."""


def mend(store: Store, receipts: Sequence[Docket], *, member: Member, now: datetime) -> Collection[ReceiptLine]:
    """Mends what this mailbox can by itself, each message in a commit of its own, before the receipts are recorded.
    Returns the lines that nobody need be told of."""
    asked = _asked(receipts)
    if not asked:
        return frozenset()
    with store.read() as tx:
        meant = tx.outbox.answered(asked)
    done = {line for line, before in meant.items() if before is Outcome.HELD}
    full: list[ReceiptLine] = []
    for line in (line for line in meant if line not in done):
        match line.code:
            case KeyWithdrawn.code:
                is_mended = answer_withdrawn_key(store, line, member=member, now=now)
            case BlobMissing.code:
                with store.write() as tx:
                    is_mended = answer_missing_blob(tx, line, now=now)
            case _:
                full.append(line)
                continue
        if is_mended:
            done.add(line)
    return done.union(_hold_back(store, full, now=now))


_MENDED: Final = frozenset({KeyWithdrawn.code, BlobMissing.code, TooMuchHeld.code})
"""Codes that are no last word."""


def _asked(receipts: Sequence[Docket]) -> list[ReceiptLine]:
    """The lines to be mended, each once; none that follows a `held` of the same mailbox."""
    held = set[tuple[MessageId, MailboxCode]]()
    asked: dict[ReceiptLine, None] = {}
    for line in (line for receipt in receipts for line in _lines(receipt)):
        if line.outcome is Outcome.HELD:
            held.add((line.message, line.mailbox))
        elif line.code in _MENDED and (line.message, line.mailbox) not in held:
            asked[line] = None
    return list(asked)


def _hold_back(store: Store, lines: Sequence[ReceiptLine], *, now: datetime) -> Collection[ReceiptLine]:
    """What a recipient has no room for is sent again after a while."""
    if not lines:
        return ()
    mailboxes = ", ".join(sorted({line.mailbox for line in lines}))
    why = f"{mailboxes}: {TooMuchHeld.code}"
    with store.write() as tx:
        done = tx.outbox.hold_back(lines, since=now - PATIENCE, until=now + HELD_BACK, error=why)
        if done:
            tx.dossiers.put_events([Event(at=now, name="outbox.held-back", detail=f"{mailboxes}: {len(done)}")])
    return done


def record(
    tx: Transaction, receipts: Sequence[Docket], mended: Collection[ReceiptLine] = (), *, now: datetime
) -> list[Event]:
    """Records verified receipts, but for what was `mended`. A refusal, or a late word that corrects one, waits in the
    inbox to be told."""
    to_tell = []
    events: list[Event] = []
    for receipt in receipts:
        lines = [line for line in dict.fromkeys(_lines(receipt)) if line not in mended]
        given_up = tx.outbox.given_up({line.message for line in lines})
        # One by one: what is known of one mailbox's answer says nothing about another's.
        known = tx.outbox.put_receipts(lines)
        late = [line for line in lines if line.outcome is Outcome.HELD and (line.message, line.mailbox) in given_up]
        events += [_held_after_all(line, now=now) for line in late if line.message in known]
        if any(line.message in known for line in lines if line.outcome is Outcome.REFUSED or line in late):
            to_tell.append(InboxEntry(docket=receipt, body=b"", taken_at=now))
    tx.inbox.put(to_tell)
    return events


def _held_after_all(line: ReceiptLine, *, now: datetime) -> Event:
    detail = f"{line.mailbox}: held, though it was told as not in time or withdrawn"
    return Event(at=now, name="outbox.held-after-all", message=line.message, detail=detail)


def _lines(receipt: Docket) -> list[ReceiptLine]:
    return [
        ReceiptLine(
            message=line.message,
            mailbox=receipt.sender.mailbox,
            outcome=line.outcome,
            code=line.code,
            at=receipt.created_at,
            docket_sha256=line.docket_sha256,
        )
        for line in receipt.acknowledges
    ]
