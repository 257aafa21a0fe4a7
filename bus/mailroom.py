"""Who this mailbox is, and how what it says is addressed and sealed. No store, no broker: entries come out.

Both directions of the road speak through here: what a document system submits, the status 01 that a filing causes,
receipts, and what is set aside.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from bus import envelope
from bus.certificates import Certificate, Purpose, Vouching, names_mailbox
from bus.directory import Directory, MailboxKeys
from bus.edition import MAX_SKEW, check_keys
from bus.errors import AgencyClosed, BadCertificate, BusError, NoKey, NotServed, NotUnderstood, TooLarge, UnknownAgency
from bus.keys import Identity, KeyId, SealingPublicKey, VerifyKey
from bus.message import DEAD, routing_key, routing_keys
from bus.records import OutboxEntry, SubmissionKey
from schemas.codes import BusinessType, Kind, Outcome, Priority, StatusCode
from schemas.content import pack_content
from schemas.docket import Acknowledged, Address, Docket, DocumentKey, SealedContent
from schemas.document import Document
from schemas.status import Status
from schemas.values import VIETNAM, AgencyCode, MailboxCode, MessageId

MAX_CONTENT = 12 * 1024 * 1024
"""Bytes of content before sealing. RabbitMQ 4 takes 16 MiB a message unless told otherwise."""

CLOSED_SINCE = timedelta(days=60)
VERSION = 1
"""Of the wire format that is written here. schemas §2.3"""


class Verified:
    """Bodies whose signature was found good a moment ago, by digest: they need not be verified again when they are
    opened. Of others, from before a restart or put into the store by a stranger, nothing is known here."""

    MOST: Final = 20_000

    def __init__(self) -> None:
        self._digests: dict[bytes, None] = {}

    def add(self, body: bytes) -> None:
        if len(self._digests) >= self.MOST:
            for digest in list(self._digests)[: self.MOST // 2]:
                self._digests.pop(digest, None)
        self._digests[hashlib.sha256(body).digest()] = None

    def take(self, body: bytes) -> bool:
        """Whether it was; once."""
        return self._digests.pop(hashlib.sha256(body).digest(), 0) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One mailbox as a member of the bus."""

    mailbox: MailboxCode
    directory: Directory
    identity: Identity
    new_id: Callable[[], MessageId]
    max_content: int = MAX_CONTENT
    expiry: Mapping[Priority, timedelta] = field(default_factory=dict)
    """After how long its own documents, by their urgency, are not worth delivering any more; others never expire."""
    verified: "Verified" = field(default_factory=lambda: Verified(), compare=False, repr=False)
    """What was judged by this process; shared by every renewal of the member."""
    vouching: Vouching | None = None
    """Whose certificates count. None: the directory is unsigned, and the bare keys in it are believed."""

    def address(self, code: AgencyCode) -> Address:
        """Raises UnknownAgency, AgencyClosed or NoMailbox."""
        return _address(self.directory, code)

    def own_address(self, code: AgencyCode) -> Address:
        """As `address`, of an agency that this mailbox serves. Raises NotServed for any other."""
        if not self.directory.serves(self.mailbox, code):
            raise NotServed(agency=code, mailbox=self.mailbox)
        return self.address(code)

    def canonical(self, code: AgencyCode) -> AgencyCode:
        """The directory's own code for an alias; any other code as it is. Dates play no part."""
        try:
            return self.directory.agency(code).code
        except UnknownAgency:
            return code

    def served(self, address: Address, *, at: datetime, now: datetime) -> bool:
        """Whether an agency is, or was when a message was made, that mailbox's to speak and be spoken to for.

        A code closed since then counts for two months: what was on its way must arrive, and nobody is to go on sending
        under it by setting a clock back.
        """
        try:
            return self.directory.serves(address.mailbox, address.agency)
        except AgencyClosed:
            if abs(now - at) > CLOSED_SINCE:
                return False
            then = self.directory.as_of(at.astimezone(VIETNAM).date())
            return not then.is_closed(address.agency) and then.serves(address.mailbox, address.agency)

    def ours(self, docket: Docket, *, now: datetime) -> tuple[AgencyCode, ...]:
        """The recipients of a message that this mailbox serves, whatever its docket says of others."""
        return tuple(
            address.agency
            for address in docket.recipients
            if address.mailbox == self.mailbox and self.served(address, at=docket.created_at, now=now)
        )

    def sealing_key(self, mailbox: MailboxCode, *, now: datetime) -> SealingPublicKey:
        """The key to seal to: the newest whose time it is, under its mailbox's own signature. Raises NoKey."""
        keys = self.directory.keys(mailbox)
        if self.vouching is None:
            return _sealing_key(keys.sealing[0])
        for statement in _statements(mailbox, keys):
            if statement.covers(now):
                return statement.key
        raise NoKey(mailbox=mailbox)

    def uses(self, key: KeyId, *, now: datetime) -> bool:
        """Whether the directory tells others to seal to this key of ours."""
        keys = self.directory.keys(self.mailbox)
        if self.vouching is None:
            return key in {_sealing_key(each).id for each in keys.sealing}
        return any(each.key.id == key and each.covers(now) for each in _statements(self.mailbox, keys))

    def verify_keys(self, mailbox: MailboxCode) -> tuple[VerifyKey, ...]:
        """Every key that may have signed for a mailbox. Raises NoKey."""
        keys = self.directory.keys(mailbox)
        if self.vouching is None:
            return tuple(map(_verify_key, keys.signing))
        return tuple(key for _, key in _certificates(keys))

    def objection(self, mailbox: MailboxCode, key: KeyId, *, at: datetime) -> str | None:
        """Why what one of `verify_keys` signed at a moment does not count: its certificate. None where it does."""
        if self.vouching is None:
            return None
        listed = _certificates(self.directory.keys(mailbox))
        certificate = next(certificate for certificate, signer in listed if signer.id == key)
        if not names_mailbox(certificate, mailbox):
            return f"it is in the name of {certificate.name}"
        try:
            return self.vouching.standing(certificate, Purpose.MAILBOX).objection(at, skew=MAX_SKEW)
        except BadCertificate as error:
            return str(error.facts["why"])

    def check_takes(self, mailbox: MailboxCode, business: BusinessType | None) -> None:
        """Raises NotUnderstood where a mailbox does not take documents of a type, or messages of this version."""
        listed = self.directory.mailbox(mailbox)
        if VERSION not in listed.versions:
            raise NotUnderstood(mailbox=mailbox, what=f"messages of version {VERSION} / bản tin phiên bản {VERSION}")
        if business is not None and listed.takes and int(business) not in listed.takes:
            raise NotUnderstood(mailbox=mailbox, what=f"“{business.label.vi}” / {business.label.en}")


@lru_cache(maxsize=8192)  # thousands of documents go to the same few agencies
def _address(directory: Directory, code: AgencyCode) -> Address:
    resolved = directory.resolve(code)
    return Address(agency=resolved.code, mailbox=resolved.mailbox)


# Parsing a key costs more than using it; a country has a thousand of them.
_sealing_key = lru_cache(maxsize=4096)(SealingPublicKey.from_bytes)
_verify_key = lru_cache(maxsize=4096)(VerifyKey.from_bytes)
_statements = lru_cache(maxsize=4096)(check_keys)


@lru_cache(maxsize=4096)
def _certificates(keys: MailboxKeys) -> tuple[tuple[Certificate, VerifyKey], ...]:
    """Those with a key that can sign; what else may be wrong with them is said when they are used."""
    found = []
    for der in keys.certificates:
        with suppress(BadCertificate):
            certificate = Certificate.from_der(der)
            found.append((certificate, certificate.verify_key()))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """A submission with its content packed and its addresses resolved, not sealed yet."""

    item: Document | Status
    key: SubmissionKey
    sender: Address
    recipients: tuple[Address, ...]
    document: DocumentKey
    content: bytes
    priority: Priority = Priority.NORMAL
    """The document's own; a status has that of the document it is about, where that is known."""


def address(member: Member, item: Document | Status) -> Addressed:
    """Raises what `Member.address` raises, NotServed, NotUnderstood, or TooLarge."""
    sender = member.own_address(item.sender.code)
    match item:
        case Document():
            recipients = tuple(dict.fromkeys(member.address(party.code) for party in item.recipients))
            for mailbox in {recipient.mailbox for recipient in recipients}:
                member.check_takes(mailbox, item.business.type)
            document = DocumentKey(issuer=sender.agency, id=item.id)
        case Status():
            recipients = (member.address(item.concerns.agency),)
            issuer = sender if item.code is StatusCode.TAKE_BACK else recipients[0]
            document = DocumentKey(issuer=issuer.agency, id=item.concerns.document_id)
    content = pack_content(item)
    if len(content) > member.max_content:
        raise TooLarge(what=document.id, size=len(content), limit=member.max_content)
    return Addressed(
        item=item,
        key=submission_key(item, sender.agency, content),
        sender=sender,
        recipients=recipients,
        document=document,
        content=content,
        priority=item.priority if isinstance(item, Document) else Priority.NORMAL,
    )


def submission_key(item: Document | Status, sender: AgencyCode, content: bytes) -> SubmissionKey:
    """What makes two submissions, or two arrivals, the same one. `sender` in the directory's code."""
    digest = hashlib.sha256(content).hexdigest()
    match item:
        case Document():
            return SubmissionKey(Kind.DOCUMENT, sender, item.id, str(int(item.business.type)), digest)
        case Status():
            return SubmissionKey(Kind.STATUS, sender, item.concerns.document_id, str(item.code), digest)


def seal(member: Member, addressed: Addressed, *, now: datetime, source: str | None = None) -> OutboxEntry:
    """Raises NoKey where the directory has no sealing key for a recipient."""
    encrypted = envelope.encrypt(addressed.content)
    lasts = member.expiry.get(addressed.priority) if isinstance(addressed.item, Document) else None
    docket = _docket(
        addressed, encrypted.content, id_=member.new_id(), now=now, expires_at=None if lasts is None else now + lasts
    )
    body = envelope.seal(
        docket,
        encrypted,
        signer=member.identity.signing,
        recipients={mailbox: member.sealing_key(mailbox, now=now) for mailbox in docket.mailboxes},
    )
    return OutboxEntry(
        docket=docket,
        body=body,
        key=addressed.key,
        outstanding=routing_keys(docket),
        source=source,
        kept_key=member.identity.sealing[0].keep(encrypted.key, docket.id),
    )


def seal_again(member: Member, entry: OutboxEntry, mailbox: MailboxCode, *, now: datetime) -> bytes | None:
    """The entry's body with its content key wrapped to the key that a recipient uses now.

    None where the directory knows no other key than the one it is wrapped to, or the content key is not kept.
    """
    parsed = envelope.parse(entry.body, known=entry.docket)
    newest = member.sealing_key(mailbox, now=now)
    held = (key.recall(entry.kept_key, entry.docket.id) for key in member.identity.sealing) if entry.kept_key else ()
    content_key = next(filter(None, held), None)
    wrapped = {wrap.key_id for wrap in parsed.wraps if wrap.mailbox == mailbox}
    if content_key is None or newest.id in wrapped:
        return None
    return envelope.wrap_again(parsed, content_key, recipients={mailbox: newest})


def _docket(
    addressed: Addressed, content: SealedContent, *, id_: MessageId, now: datetime, expires_at: datetime | None
) -> Docket:
    match addressed.item:
        case Document() as document:
            return Docket(
                id=id_,
                kind=Kind.DOCUMENT,
                sender=addressed.sender,
                recipients=addressed.recipients,
                created_at=now,
                expires_at=expires_at,
                document=addressed.document,
                business_type=document.business.type,
                priority=addressed.priority,
                due_on=document.due_on,
                attachments=len(document.attachments),
                content=content,
            )
        case Status() as status:
            return Docket(
                id=id_,
                kind=Kind.STATUS,
                sender=addressed.sender,
                recipients=addressed.recipients,
                created_at=now,
                document=addressed.document,
                status=status.code,
                priority=addressed.priority,
                content=content,
            )


def receipt(
    member: Member, to: Address, lines: Sequence[Acknowledged], *, now: datetime, priority: Priority = Priority.NORMAL
) -> OutboxEntry:
    """A signed receipt for one sender mailbox; nothing in it is sealed. `priority` of what it is about. schemas §6.7"""
    docket = _acknowledging(member, to, lines, now=now, priority=priority)
    body = envelope.seal(docket, None, signer=member.identity.signing, recipients={})
    return OutboxEntry(
        docket=docket, body=body, key=None, outstanding=(routing_key(Kind.RECEIPT, to.mailbox),), expects_receipts=False
    )


def note(member: Member, lines: Sequence[Acknowledged], *, now: datetime) -> Docket:
    """What this mailbox has to tell its own document system of messages that it sent: a receipt to itself, which never
    travels."""
    return _acknowledging(member, _own(member), lines, now=now, priority=Priority.NORMAL)


def _acknowledging(
    member: Member, to: Address, lines: Sequence[Acknowledged], *, now: datetime, priority: Priority
) -> Docket:
    return Docket(
        id=member.new_id(),
        kind=Kind.RECEIPT,
        sender=_own(member),
        recipients=(to,),
        created_at=now,
        priority=priority,
        acknowledges=tuple(lines),
    )


def _own(member: Member) -> Address:
    return Address(agency=member.mailbox, mailbox=member.mailbox)


def set_aside(
    member: Member, body: bytes, error: BusError, *, about: MessageId | None, now: datetime, user: str | None = None
) -> OutboxEntry:
    """Bytes that could not be judged, on their way to the queue `dead` with the reason beside them, and the `user` who
    published them, as the broker vouched."""
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
    headers = {"x-lienthong-reason": error.code, "x-lienthong-set-aside-by": member.mailbox}
    if user is not None:
        headers["x-lienthong-published-by"] = user
    return OutboxEntry(docket=docket, body=body, key=None, outstanding=(DEAD,), expects_receipts=False, headers=headers)
