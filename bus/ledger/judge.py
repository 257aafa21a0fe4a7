"""Judging what the stream `audit` tells: is it a message, did its sender sign it, might the sender speak then. Bytes of
strangers in, a standing out: `genuine`, or the code of the error that stands against it. Keeps nothing.

The checks are a recipient's (bus/receiving/judge.py), in its order, but for those that only the one addressed can make:
the ledger opens nothing. What does not stand is kept and shown; it moves no document."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bus.directory.edition import MAX_SKEW
from bus.directory.onlooker import Onlooker
from bus.errors import (
    BadCertificate,
    BadMessage,
    BadSignature,
    BusError,
    ClockAhead,
    NoKey,
    NoMailbox,
    NotItsUser,
    TooOld,
    UnknownKey,
    Words,
)
from bus.ledger.tables import GENUINE
from bus.rabbit.streams.audit_reader import AuditMessage
from bus.topology.names import DEAD
from bus.wire import envelope
from bus.wire.envelope import Envelope, Signature
from schemas.clock import local
from schemas.docket import Docket
from schemas.values import MailboxCode

MAX_AGE: Final = timedelta(days=365)
"""As a recipient's (bus/receiving/judge.py): what nobody takes in counts for nothing here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One message that could be taken apart, without its body."""

    offset: int
    publisher: MailboxCode
    """Whose exchange it came by: the broker's word."""
    docket: Docket
    docket_bytes: bytes
    docket_sha256: str
    signature: Signature
    size: int
    standing: str
    may_be_early: bool
    """Signed with a key that the directory held here does not know, by whom the broker vouches for: a newer edition may
    be on its way, and is worth a moment's wait."""
    is_set_aside: bool = False
    """It came by another's exchange, on its way to the queue `dead`, and its sender did not sign it so. The message set
    aside came by its sender's own before, with the same fault; one that nobody knows may hide behind that key."""


class Why(StrEnum):
    """Why what the stream tells is no event."""

    NO_MESSAGE = "no-message"
    """Bytes of somebody's that are none of ours."""
    NO_MAILBOX = "no-mailbox"
    """It came by no mailbox's exchange: an operator put it there."""
    SET_ASIDE = "set-aside"
    """What one mailbox sends on to the queue `dead`: a message that its own sender signed, or that is known already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoEvent:
    """What is passed over. It is counted, and told."""

    offset: int
    publisher: MailboxCode | None
    why: Why
    detail: str = ""


def judge(onlooker: Onlooker, messages: Sequence[AuditMessage], now: datetime) -> list[Judged | NoEvent]:
    """One result each, in order. Never raises: whatever one message does to us, the others go on."""
    parsed = [_parse(each) for each in messages]  # each step for all, before the next: bus/wire/batch.py
    return [
        found if isinstance(found, NoEvent) else _judged(onlooker, found, each, now)
        for each, found in zip(messages, parsed, strict=True)
    ]


def _parse(message: AuditMessage) -> Envelope | NoEvent:
    if message.publisher is None:
        return _passed_over(message, Why.NO_MAILBOX)
    try:
        parsed = envelope.parse(message.body)
    except BadMessage as error:
        return _passed_over(message, Why.NO_MESSAGE, str(error.facts["why"]))
    except Exception as exc:  # noqa: BLE001 — a reader of strangers' bytes that fails is no reason to stop
        return _passed_over(message, Why.NO_MESSAGE, type(exc).__name__)
    return parsed


def _passed_over(message: AuditMessage, why: Why, detail: str = "") -> NoEvent:
    return NoEvent(offset=message.offset, publisher=message.publisher, why=why, detail=detail)


def _judged(onlooker: Onlooker, parsed: Envelope, message: AuditMessage, now: datetime) -> Judged | NoEvent:
    assert message.publisher is not None
    sender = parsed.docket.sender.mailbox
    # Its own sender may use that key beside others, in CC: then it did travel.
    is_set_aside = message.key == DEAD and message.publisher != sender
    if is_set_aside and _standing(onlooker, parsed, sender, now)[0] == GENUINE:
        return _passed_over(message, Why.SET_ASIDE)
    standing, is_early = _standing(onlooker, parsed, message.publisher, now)
    return Judged(
        offset=message.offset,
        publisher=message.publisher,
        docket=parsed.docket,
        docket_bytes=parsed.docket_bytes,
        docket_sha256=parsed.docket_sha256,
        signature=parsed.signature,
        size=len(message.body),
        standing=standing,
        may_be_early=is_early,
        is_set_aside=is_set_aside,
    )


def _standing(onlooker: Onlooker, parsed: Envelope, publisher: MailboxCode, now: datetime) -> tuple[str, bool]:
    """And whether a newer edition of the directory might say otherwise."""
    try:
        _prove(onlooker, parsed, publisher, now)
    except (UnknownKey, NoKey, NoMailbox) as error:  # of somebody else `_prove` has said so before
        return error.code, True
    except BusError as error:
        return error.code, False
    except Exception:  # noqa: BLE001 — as in `_parse`
        return BadMessage.code, False
    return GENUINE, False


def _prove(onlooker: Onlooker, parsed: Envelope, publisher: MailboxCode, now: datetime) -> None:
    """Raises what stands against it."""
    docket = parsed.docket
    sender = docket.sender.mailbox
    if publisher != sender:  # not-its-user, schemas §8.2: the exchange is a mailbox's own by the broker's permissions
        raise NotItsUser(message=docket.id, mailbox=sender, user=publisher)
    envelope.verify(parsed, onlooker.verify_keys(sender))  # bad-signature, §4.5
    if objection := onlooker.objection(sender, parsed.signature.key_id, at=docket.created_at):  # bad-certificate, §4.13
        raise BadCertificate(name=sender, why=objection)
    ahead = docket.created_at - now
    if ahead > MAX_SKEW:  # clock-ahead
        at = local(docket.created_at, seconds=True)
        raise ClockAhead(message=docket.id, created_at=at, minutes=int(ahead / timedelta(minutes=1)))
    if -ahead > MAX_AGE:  # too-old
        raise TooOld(message=docket.id, created_at=local(docket.created_at), days=MAX_AGE.days)
    if not onlooker.served(docket.sender, at=docket.created_at, now=now):  # right to speak, §4.5
        why = Words(f"nó không phục vụ {docket.sender.agency}", f"it does not serve {docket.sender.agency}")
        raise BadSignature(message=docket.id, mailbox=sender, why=why)
