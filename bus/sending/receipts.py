"""Receipts: what a mailbox acknowledges, as signed outbox entries; and messages on their way to the queue `dead`."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from bus.directory.member import Member
from bus.errors import BusError
from bus.handling.transport import OutboxState
from bus.ports.records import OutboxEntry, Row, Undecodable
from bus.topology.names import DEAD
from bus.wire import envelope
from bus.wire.message import PUBLISHED_BY, REASON, SET_ASIDE_BY, UNDECODABLE, routing_key
from schemas.codes import Kind, Outcome, Priority
from schemas.docket import Acknowledged, Address, Docket
from schemas.values import MailboxCode, MessageId


def receipt(
    member: Member, to: Address, lines: Sequence[Acknowledged], *, now: datetime, priority: Priority = Priority.NORMAL
) -> OutboxEntry:
    """A signed receipt for one sender mailbox; nothing in it is sealed. `priority` of what it is about. schemas §6.7"""
    docket = Docket(
        id=member.new_id(),
        kind=Kind.RECEIPT,
        sender=_own(member),
        recipients=(to,),
        created_at=now,
        priority=priority,
        acknowledges=tuple(lines),
    )
    body = envelope.seal(docket, None, signer=member.identity.signing, recipients={})
    return OutboxEntry(
        docket=docket, body=body, key=None, outstanding=(routing_key(Kind.RECEIPT, to.mailbox),), expects_receipts=False
    )


def acknowledged(message: MessageId, docket_sha256: str, error: BusError | None) -> Acknowledged:
    """The line of a receipt for one message: held, or refused with the error's code. The digest is of the docket as it
    was signed, hexadecimal."""
    return Acknowledged(
        message=message,
        docket_sha256=docket_sha256,
        outcome=Outcome.REFUSED if error else Outcome.HELD,
        code=error.code if error else None,
    )


def note(mailbox: MailboxCode, id_: MessageId, rows: Sequence[Row[OutboxState]], code: str, *, now: datetime) -> Docket:
    """A receipt of the mailbox to itself, which never travels: by it its own document system hears what became of
    messages it sent. `code` of the error that says so."""
    lines = tuple(
        Acknowledged(
            message=row.docket.id,
            docket_sha256=hashlib.sha256(row.docket.to_json()).hexdigest(),
            outcome=Outcome.REFUSED,
            code=code,
        )
        for row in rows
    )
    own = Address(agency=mailbox, mailbox=mailbox)
    return Docket(id=id_, kind=Kind.RECEIPT, sender=own, recipients=(own,), created_at=now, acknowledges=lines)


def _own(member: Member) -> Address:
    return Address(agency=member.mailbox, mailbox=member.mailbox)


def set_aside(
    member: Member,
    body: bytes,
    error: BusError,
    *,
    about: MessageId | None,
    now: datetime,
    user: str | None = None,
    undecodable: Undecodable | None = None,
) -> OutboxEntry:
    """The entry that takes bytes which could not be judged to the queue `dead`. Its headers name the reason, the `user`
    who published them, as the broker vouched, and what is left of `undecodable` properties."""
    own = _own(member)
    message = member.new_id()
    docket = Docket(
        id=message,
        kind=Kind.RECEIPT,
        sender=own,
        recipients=(own,),
        created_at=now,
        acknowledges=(
            Acknowledged(
                message=about or message,
                docket_sha256=hashlib.sha256(body).hexdigest(),
                outcome=Outcome.REFUSED,
                code=error.code,
            ),
        ),
    )
    headers = {REASON: error.code, SET_ASIDE_BY: member.mailbox}
    if user is not None:
        headers[PUBLISHED_BY] = user
    if undecodable is not None:
        headers[UNDECODABLE] = f"{undecodable.size} {undecodable.sha256} {undecodable.why}"
    return OutboxEntry(docket=docket, body=body, key=None, outstanding=(DEAD,), expects_receipts=False, headers=headers)
