"""Judging arrivals: whether a message is genuine, and allowed. The one place that verifies the bytes of strangers.

Judges bytes, and what the broker vouches for them, against the directory. The checks are those of schemas §8.2, in
their order, each named beside its line. Keeps nothing, answers nobody; bus/receiving/take_in.py does both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, ParamSpec, TypeVar

from bus.directory.edition import MAX_SKEW
from bus.directory.member import Member
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
    Words,
    said,
)
from bus.ports.records import Arrival, InboxEntry
from bus.receiving.verified import Verified
from bus.wire import envelope
from bus.wire.envelope import Envelope
from schemas.clock import local
from schemas.codes import Kind
from schemas.docket import Address, Docket

P = ParamSpec("P")
T = TypeVar("T")

MAX_AGE: Final = timedelta(days=365)
"""Shorter than finished entries are kept (bus/daemon/mailbox.py): an older message could be replayed and not be known
for a duplicate."""
TOLD_SKEW: Final = timedelta(seconds=30)
"""People are told of a sender's clock that is further ahead; beyond `MAX_SKEW` its messages are refused."""


@dataclass(frozen=True, slots=True)
class Judgement:
    arrival: Arrival
    envelope: Envelope | None
    """None: it could not be taken apart."""
    error: Refused | None = None
    answer: Address | None = None
    """Who is told of the error: whoever is known to have sent it. None: nobody is."""
    ahead: timedelta | None = None
    """By how much its sender's clock is ahead, where people should be told."""

    @property
    def may_be_early(self) -> bool:
        """Signed with a key that the directory held here does not know: its sender may have a newer edition already.
        The broker vouches for the sender, so it is worth a moment's wait."""
        if not isinstance(self.error, UnknownKey) or self.envelope is None:
            return False
        return self.arrival.user == self.envelope.docket.sender.mailbox


def judge(member: Member, arrivals: Sequence[Arrival], now: datetime, *, verified: Verified) -> list[Judgement]:
    """One judgement each, in order; what is good is remembered in `verified`. Never raises: whatever one message does
    to us, the others of its batch go on.

    All are taken apart before any is verified, and all are verified before any is looked at: as bus/wire/batch.py says.
    """
    parsed = [_guarded(_parse, arrival) for arrival in arrivals]  # bad-message, §2 to §4
    proven = [
        each if isinstance(each, Refused) else _guarded(_prove, member, each, arrival)
        for each, arrival in zip(parsed, arrivals, strict=True)
    ]
    judged = (
        _guarded(_judged, member, arrival, each, answer, now, verified)
        for arrival, each, answer in zip(arrivals, parsed, proven, strict=True)
    )
    return [
        Judgement(arrival, None, each) if isinstance(each, Refused) else each
        for arrival, each in zip(arrivals, judged, strict=True)
    ]


def _guarded(step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Refused:
    try:
        return step(*args, **kwargs)
    except Refused as error:
        return error
    except Exception as exc:  # noqa: BLE001 — a reader of strangers' bytes that fails is no reason to stop
        return BadMessage(why=Words(f"đọc nó bị lỗi: {type(exc).__name__}", f"reading it failed: {type(exc).__name__}"))


def _parse(arrival: Arrival) -> Envelope:
    if arrival.undecodable is not None:
        raise BadMessage(
            why=Words(
                f"thuộc tính AMQP không giải mã được ({arrival.undecodable}); do {arrival.user or '?'} phát",
                f"AMQP properties cannot be decoded ({arrival.undecodable}); published by {arrival.user or '?'}",
            )
        )
    return envelope.parse(arrival.body)


def _judged(
    member: Member,
    arrival: Arrival,
    parsed: Envelope | Refused,
    answer: Address | Refused,
    now: datetime,
    verified: Verified,
) -> Judgement:
    if isinstance(parsed, Refused):
        return Judgement(arrival, None, parsed)
    if isinstance(answer, BadMessage):  # our own failure: nothing that was read of it is believed
        return Judgement(arrival, None, answer)
    if isinstance(answer, Refused):
        return Judgement(arrival, parsed, answer, _publisher(member, arrival))
    error = _objection(member, parsed, now)
    if error is None:
        verified.add(parsed)
    ahead = parsed.docket.created_at - now
    return Judgement(arrival, parsed, error, answer, ahead if TOLD_SKEW < ahead <= MAX_SKEW else None)


def reverify(member: Member, entry: InboxEntry, verified: Verified) -> Envelope:
    """An inbox entry parsed, and verified anew unless these very bytes were a moment ago: the store's file may have
    been in other hands since. Raises BadMessage, BadSignature."""
    docket, sender = entry.docket, entry.docket.sender.mailbox
    judged = verified.take(docket, entry.body)
    parsed = judged or envelope.parse(entry.body, known=docket)
    if parsed.docket != docket:
        why = Words(
            "kho giữ phiếu gửi khác với phiếu đã ký", "the store holds another docket than the one that was signed"
        )
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
    # not-its-user, §8.2. An operator puts back what had died, and the broker lets nobody publish in another's name:
    # users who are no mailbox may, the signature stands.
    if arrival.user != sender and (arrival.user is None or _publisher(member, arrival) is not None):
        raise NotItsUser(
            message=docket.id, mailbox=sender, user=arrival.user or said("(thiếu user_id)", "(user_id missing)")
        )
    envelope.verify(parsed, member.verify_keys(sender))  # bad-signature, §4.5
    key = parsed.signature.key_id
    if objection := member.objection(sender, key, at=docket.created_at):  # bad-certificate, §4.13
        raise BadCertificate(name=sender, why=objection)
    return docket.sender


def _objection(member: Member, parsed: Envelope, now: datetime) -> Refused | None:
    """What stands against a message whose sender is proven."""
    docket = parsed.docket
    ahead = docket.created_at - now
    if ahead > MAX_SKEW:  # clock-ahead
        at = local(docket.created_at, seconds=True)
        return ClockAhead(message=docket.id, created_at=at, minutes=int(ahead / timedelta(minutes=1)))
    if -ahead > MAX_AGE:  # too-old
        return TooOld(message=docket.id, created_at=local(docket.created_at), days=MAX_AGE.days)
    if not member.served(docket.sender, at=docket.created_at, now=now):  # right to speak, §4.5
        why = Words(f"nó không phục vụ {docket.sender.agency}", f"it does not serve {docket.sender.agency}")
        return BadSignature(message=docket.id, mailbox=docket.sender.mailbox, why=why)
    ours = member.mailbox in docket.mailboxes if docket.kind is Kind.RECEIPT else bool(member.ours(docket, now=now))
    if not ours:  # not-for-us
        return NotForUs(message=docket.id, mailbox=member.mailbox)
    # expired, then not-understood and too-large, then key-withdrawn
    return _expired(member, docket, now) or _understood(member, docket) or _openable(member, parsed, now)


def _expired(member: Member, docket: Docket, now: datetime) -> Expired | None:
    """By our clock, which may be ahead of the sender's by as much as clocks may differ."""
    if docket.kind is Kind.RECEIPT or docket.expires_at is None or now <= docket.expires_at + MAX_SKEW:
        return None
    return Expired(message=docket.id, mailbox=member.mailbox, expires_at=local(docket.expires_at))


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
