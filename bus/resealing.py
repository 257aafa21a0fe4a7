"""What a sender does when a recipient says that it no longer uses the key a message is sealed to: seal it again.

The docket, its signature and the content stay; only the content key is wrapped anew, so that to everybody it is the
same message. Works in the transaction of the receipt that said so.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bus.errors import NoKey
from bus.mailroom import Member, seal_again
from bus.ports import Transaction
from bus.records import Box, Event, OutboxChange, OutboxEntry, ReceiptLine, State
from schemas.codes import Outcome

PAUSE: Final = timedelta(minutes=5)
"""Until the next look, where the directory held here does not know the newer key yet."""
PATIENCE: Final = timedelta(days=3)
"""After that a withdrawn key is a refusal like any other: the sender's people are told."""


@dataclass(frozen=True, slots=True)
class Again:
    done: bool
    """There is nothing to tell: it will be sent again, or was. Otherwise the line is a refusal."""
    events: tuple[Event, ...] = ()


def answer(tx: Transaction, line: ReceiptLine, *, member: Member, now: datetime) -> Again:
    """Answers one line of a receipt: seals again at once, or, for a while, waits for the directory to know the key. The
    same may be said of several copies of a message, also long after another was held."""
    if is_held(tx, line):
        return Again(done=True)
    entry = next(iter(tx.unfinished([line.message])), None)
    if entry is None or not is_about(entry, line) or now - entry.docket.created_at > PATIENCE:
        return Again(done=False)
    try:
        body = seal_again(member, entry, line.mailbox, now=now)
    except NoKey:
        body = None
    next_at = None
    if body is None and entry.state is State.WAITING:  # an earlier line sealed it again, or put it off
        return Again(done=True)
    if body is None:
        next_at = now + PAUSE
    else:
        tx.reseal({line.message: body})
    # One that is being put where another recipient missed it goes out again when all of it is there.
    state = State.UPLOADING if entry.state is State.UPLOADING else State.WAITING
    tx.change_outbox([OutboxChange(message=line.message, state=state, attempts=0, next_at=next_at, tried=True, at=now)])
    name = "outbox.sealed-again" if body is not None else "outbox.awaits-key"
    return Again(done=True, events=(_event(name, entry, line, now),))


def is_held(tx: Transaction, line: ReceiptLine) -> bool:
    """Whether who says so has receipted the message before: then it is about an older copy."""
    return any(
        known.mailbox == line.mailbox and known.outcome is Outcome.HELD
        for row in tx.rows(Box.OUT, message=line.message)
        for known in row.recipients
    )


def is_about(entry: OutboxEntry, line: ReceiptLine) -> bool:
    """Whether it is about this very docket, from one of its recipients."""
    digest = hashlib.sha256(entry.docket.to_json()).hexdigest()
    return line.docket_sha256 == digest and line.mailbox in entry.docket.mailboxes


def _event(name: str, entry: OutboxEntry, line: ReceiptLine, now: datetime) -> Event:
    return Event(at=now, name=name, message=entry.docket.id, document=entry.docket.document, detail=line.mailbox)
