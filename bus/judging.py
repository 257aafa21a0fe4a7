"""Whether a message that arrived is what it says, and may be: the one place where strangers are told from senders.

Judges bytes and what the broker vouches for them against the directory, in the order of schemas §8.2. Keeps nothing,
answers nobody; bus/receiving.py does both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, ParamSpec, TypeVar

from bus import envelope
from bus.edition import MAX_SKEW
from bus.envelope import Envelope
from bus.errors import (
    BadCertificate,
    BadMessage,
    BadSignature,
    BusError,
    ClockAhead,
    Expired,
    KeyWithdrawn,
    NoMailbox,
    NotForUs,
    NotItsUser,
    Refused,
    TooLarge,
    TooOld,
    UnknownKey,
)
from bus.mailroom import Member
from bus.records import Arrival, InboxEntry
from schemas.codes import Kind
from schemas.docket import Address, Docket

P = ParamSpec("P")
T = TypeVar("T")

MAX_AGE: Final = timedelta(days=365)
"""Shorter than what was done is remembered (bus/daemon/mailbox.py): a message older than that could be played again
without being known for a duplicate."""
TOLD_SKEW: Final = timedelta(seconds=30)
"""A sender's clock that is further ahead is spoken of; from `MAX_SKEW` on its messages are refused."""


@dataclass(frozen=True, slots=True)
class Judged:
    arrival: Arrival
    envelope: Envelope | None
    """None: it could not be taken apart."""
    error: Refused | None = None
    answer: Address | None = None
    """Who is told of the error: whoever is known to have sent it. None: nobody is."""
    ahead: timedelta | None = None
    """By how much its sender's clock is ahead, where that should be spoken of."""

    @property
    def may_be_early(self) -> bool:
        """Signed with a key that the directory held here does not know yet: an edition may be under way to us that its
        sender already has. The broker vouches for the sender, so it is worth a moment's wait."""
        if not isinstance(self.error, UnknownKey) or self.envelope is None:
            return False
        return self.arrival.user == self.envelope.docket.sender.mailbox


def judge(member: Member, arrivals: Sequence[Arrival], now: datetime) -> list[Judged]:
    """One judgement each, in order. Never raises: whatever one message does to us, the others of its batch go on.

    All are taken apart before any is verified, and all are verified before any is looked at: as bus/abreast.py says.
    """
    parsed = [_guarded(envelope.parse, arrival.body) for arrival in arrivals]
    proven = [
        each if isinstance(each, Refused) else _guarded(_prove, member, each, arrival)
        for each, arrival in zip(parsed, arrivals, strict=True)
    ]
    judged = (
        _guarded(_judged, member, arrival, each, answer, now)
        for arrival, each, answer in zip(arrivals, parsed, proven, strict=True)
    )
    return [
        Judged(arrival, None, each) if isinstance(each, Refused) else each
        for arrival, each in zip(arrivals, judged, strict=True)
    ]


def _guarded(step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Refused:
    try:
        return step(*args, **kwargs)
    except Refused as error:
        return error
    except Exception as exc:  # noqa: BLE001 — a reader of strangers' bytes that fails is no reason to stop
        return BadMessage(why=f"reading it failed: {type(exc).__name__}")


def _judged(
    member: Member, arrival: Arrival, parsed: Envelope | Refused, answer: Address | Refused, now: datetime
) -> Judged:
    if isinstance(parsed, Refused):
        return Judged(arrival, None, parsed)
    if isinstance(answer, BadMessage):  # our own failure: nothing that was read of it is believed
        return Judged(arrival, None, answer)
    if isinstance(answer, Refused):
        return Judged(arrival, parsed, answer, _publisher(member, arrival))
    error = _objection(member, parsed, now)
    if error is None:
        member.verified.add(parsed)
    ahead = parsed.docket.created_at - now
    return Judged(arrival, parsed, error, answer, ahead if TOLD_SKEW < ahead <= MAX_SKEW else None)


def kept(member: Member, entry: InboxEntry) -> Envelope:
    """What the inbox gives back, taken apart, where it is what was put into it: its file may have been in other hands
    since. Raises BadMessage, BadSignature."""
    docket, sender = entry.docket, entry.docket.sender.mailbox
    judged = member.verified.take(docket, entry.body)
    parsed = judged or envelope.parse(entry.body, known=docket)
    if parsed.docket != docket:
        why = "the store holds another docket than the one that was signed"
        raise BadSignature(message=docket.id, mailbox=sender, why=why)
    if judged is None:
        envelope.verify(parsed, member.verify_keys(sender))
    return parsed


def _publisher(member: Member, arrival: Arrival) -> Address | None:
    """The mailbox that published it, as the broker vouches; its own word for that is not asked."""
    if arrival.user is None:
        return None
    try:
        return Address(agency=arrival.user, mailbox=member.directory.mailbox(arrival.user).code)
    except NoMailbox:
        return None


def _prove(member: Member, parsed: Envelope, arrival: Arrival) -> Address:
    """Who sent it, proven. Raises Refused where it is somebody else, or nobody knows."""
    docket = parsed.docket
    sender = docket.sender.mailbox
    # An operator puts back what had died, and the broker lets nobody publish in another's name: users who are no
    # mailbox may, the signature stands.
    if arrival.user != sender and (arrival.user is None or _publisher(member, arrival) is not None):
        raise NotItsUser(message=docket.id, mailbox=sender, user=arrival.user or "(user_id missing)")
    envelope.verify(parsed, member.verify_keys(sender))
    key = parsed.signature.key_id
    if objection := member.objection(sender, key, at=docket.created_at):
        raise BadCertificate(name=sender, why=objection)
    return docket.sender


def _objection(member: Member, parsed: Envelope, now: datetime) -> Refused | None:
    """What stands against a message whose sender is proven."""
    docket = parsed.docket
    ahead = docket.created_at - now
    if ahead > MAX_SKEW:
        at = f"{docket.created_at:%Y-%m-%d %H:%M:%S}Z"
        return ClockAhead(message=docket.id, created_at=at, minutes=int(ahead / timedelta(minutes=1)))
    if -ahead > MAX_AGE:
        return TooOld(message=docket.id, created_at=f"{docket.created_at:%Y-%m-%d %H:%M}Z", days=MAX_AGE.days)
    if not member.served(docket.sender, at=docket.created_at, now=now):
        why = f"it does not serve {docket.sender.agency}"
        return BadSignature(message=docket.id, mailbox=docket.sender.mailbox, why=why)
    ours = member.mailbox in docket.mailboxes if docket.kind is Kind.RECEIPT else bool(member.ours(docket, now=now))
    if not ours:
        return NotForUs(message=docket.id, mailbox=member.mailbox)
    return _expired(member, docket, now) or _understood(member, docket) or _openable(member, parsed, now)


def _expired(member: Member, docket: Docket, now: datetime) -> Expired | None:
    """By our clock, which may be ahead of the sender's by as much as clocks may differ."""
    if docket.kind is Kind.RECEIPT or docket.expires_at is None or now <= docket.expires_at + MAX_SKEW:
        return None
    return Expired(message=docket.id, mailbox=member.mailbox, expires_at=f"{docket.expires_at:%Y-%m-%d %H:%M}Z")


def _understood(member: Member, docket: Docket) -> Refused | None:
    try:
        member.check_takes(member.mailbox, docket.business_type)
    except BusError as error:
        assert isinstance(error, Refused)
        return error
    size = sum(blob.size for blob in docket.blobs or ())
    limit = member.directory.mailbox(member.mailbox).largest or 0
    return TooLarge(what=docket.id, size=size, limit=limit) if size > limit else None


def _openable(member: Member, parsed: Envelope, now: datetime) -> Refused | None:
    """Sealed to a key that is no longer ours, and that nobody is told to seal to any more: its sender seals it again.

    A key that the directory still names, and that is not held, is our own fault: such a message is taken in and kept.
    """
    own = [wrap.key_id for wrap in parsed.wraps if wrap.mailbox == member.mailbox]
    held = {key.id for key in member.identity.sealing}
    if not own or held.intersection(own) or any(member.uses(key, now=now) for key in own):
        return None
    return KeyWithdrawn(message=parsed.docket.id, key=", ".join(own), mailbox=member.mailbox)
