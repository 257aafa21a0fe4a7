"""Sealing a message again, when a recipient says that it no longer uses the key the message is sealed to.

The docket, its signature and the content stay; only the content key is wrapped anew, so that to everybody it is the
same message. Done before the receipt that said so is recorded: the same line twice changes nothing more.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from bus.directory.member import Member
from bus.errors import NoKey
from bus.handling.transport import OutboxEvent, OutboxState
from bus.ports.changes import outbox_change
from bus.ports.records import Event, OutboxEntry, ReceiptLine
from bus.ports.store import Store, Transaction
from bus.sending.seal import seal_again
from schemas.codes import Outcome
from schemas.values import MailboxCode

PAUSE: Final = timedelta(minutes=5)
"""Until the next look, where the directory held here does not know the newer key yet."""
PATIENCE: Final = timedelta(days=3)
"""After that a withdrawn key is a refusal like any other: the sender's people are told."""


def answer_withdrawn_key(store: Store, line: ReceiptLine, *, member: Member, now: datetime) -> bool:
    """Answers the receipt line of a recipient whose key was withdrawn: seals again at once, or waits a while for the
    directory to know the newer key. Several copies of a message may cause the same line, also after one was held.

    True: nobody need be told, it will be sent again, or was. False: the line is a refusal like any other.
    Sealed before the write begins; where the entry has changed by then, it is looked at anew.
    """
    while True:
        with store.read() as tx:
            seen = next(iter(tx.outbox.unfinished([line.message])), None)
        body = None if seen is None else _sealed_again(member, seen, line.mailbox, now=now)
        with store.write() as tx:
            entry = next(iter(tx.outbox.unfinished([line.message])), None)
            if entry is not None and seen is not None and entry.body != seen.body:
                continue
            return _answer(tx, line, entry, body, now=now)


def _sealed_again(member: Member, entry: OutboxEntry, mailbox: MailboxCode, *, now: datetime) -> bytes | None:
    try:
        return seal_again(member, entry, mailbox, now=now)
    except NoKey:
        return None


def _answer(
    tx: Transaction, line: ReceiptLine, entry: OutboxEntry | None, body: bytes | None, *, now: datetime
) -> bool:
    if is_held(tx, line):
        return True
    if entry is None or not is_about(entry, line) or now - entry.docket.created_at > PATIENCE:
        return False
    if body is None and entry.state is OutboxState.WAITING:  # an earlier line sealed it again, or put it off
        return True
    if body is None:
        name, what, next_at = "outbox.awaits-key", OutboxEvent.KEY_AWAITED, now + PAUSE
    else:
        name, what, next_at = "outbox.sealed-again", OutboxEvent.SEALED_AGAIN, None
        tx.outbox.reseal({line.message: body})
    tx.outbox.change([outbox_change(entry, what, attempts=0, next_at=next_at, tried=True, at=now)])
    tx.dossiers.put_events([_event(name, entry, line, now)])
    return True


def is_held(tx: Transaction, line: ReceiptLine) -> bool:
    """Whether that mailbox has receipted the message before: then the line is about an older copy."""
    return tx.outbox.answered([line]).get(line) is Outcome.HELD


def is_about(entry: OutboxEntry, line: ReceiptLine) -> bool:
    """Whether the line is about this very docket, and from one of its recipients."""
    digest = hashlib.sha256(entry.docket.to_json()).hexdigest()
    return line.docket_sha256 == digest and line.mailbox in entry.docket.mailboxes


def _event(name: str, entry: OutboxEntry, line: ReceiptLine, now: datetime) -> Event:
    return Event(at=now, name=name, message=entry.docket.id, document=entry.docket.document, detail=line.mailbox)
