"""How what a mailbox says is addressed and sealed. No store, no broker: entries come out.

Both directions of the road speak through here: what a document system submits, the status 01 that a filing causes,
receipts, and what is set aside.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bus import envelope
from bus.abreast import abreast
from bus.errors import BusError, TooLarge
from bus.keys import SealingPublicKey
from bus.member import MAX_CONTENT as MAX_CONTENT
from bus.member import Member as Member  # who speaks is part of what is said
from bus.message import DEAD, REASON, routing_key, routing_keys
from bus.records import OutboxEntry, State, SubmissionKey
from bus.segments import Sealed
from schemas.codes import Kind, Outcome, Priority, StatusCode
from schemas.content import pack_content
from schemas.docket import Acknowledged, Address, Blob, Docket, DocumentKey, SealedContent, segments_of
from schemas.document import Document
from schemas.status import Status
from schemas.values import AgencyCode, MailboxCode, MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """A submission with its content packed and its addresses resolved, not sealed yet."""

    item: Document | Status
    key: SubmissionKey
    sender: Address
    recipients: tuple[Address, ...]
    document: DocumentKey
    content: bytes
    """Empty where some of it travels apart: then it is packed once that is sealed."""
    apart: tuple[int, ...] = ()
    """Numbers of the attachments that travel apart, from 1."""
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
    apart: tuple[int, ...] = ()
    if isinstance(item, Document):
        apart = _apart(member, item, tuple(dict.fromkeys(recipient.mailbox for recipient in recipients)))
        item = _in_memory(item, apart)
        content = pack_content(item, apart=_digests(item, apart))
        size = len(content) + sum(_manifest(item, number) for number in apart)
    else:
        content = pack_content(item)
        size = len(content)
    if size > member.max_content:
        raise TooLarge(what=document.id, size=size, limit=member.max_content)
    return Addressed(
        item=item,
        key=submission_key(item, sender.agency, content),
        sender=sender,
        recipients=recipients,
        document=document,
        content=b"" if apart else content,
        apart=apart,
        priority=item.priority if isinstance(item, Document) else Priority.NORMAL,
    )


def _apart(member: Member, document: Document, mailboxes: Sequence[MailboxCode]) -> tuple[int, ...]:
    """Which attachments travel apart: the large ones, where every recipient takes such. Raises TooLarge, naming the
    recipient that does not take so much, or takes it only within a message, in which it does not fit."""
    sizes = {number: each.size for number, each in enumerate(document.attachments, start=1)}
    large = {number: size for number, size in sizes.items() if size > member.large_from}
    if not large:
        return ()
    limits = {mailbox: member.directory.mailbox(mailbox).largest for mailbox in mailboxes}
    whole = next((mailbox for mailbox, limit in limits.items() if limit is None), None)
    if whole is not None:
        if sum(sizes.values()) > member.max_content:
            raise TooLarge(what=f"{document.id} → {whole}", size=sum(sizes.values()), limit=member.max_content)
        return ()
    for mailbox, limit in limits.items():
        if limit is not None and sum(large.values()) > limit:
            raise TooLarge(what=f"{document.id} → {mailbox}", size=sum(large.values()), limit=limit)
    return tuple(large)


def _in_memory(document: Document, apart: Sequence[int]) -> Document:
    """With the bytes of all but these attachments, wherever they lay; few enough, by then. Raises as
    `Attachment.pieces` does, and ValueError where they are others than described."""
    here = [number not in apart for number in range(1, len(document.attachments) + 1)]
    if not any(each.source for each, is_here in zip(document.attachments, here, strict=True) if is_here):
        return document
    whole = document.with_contents(
        [b"".join(each.pieces()) if is_here else None for each, is_here in zip(document.attachments, here, strict=True)]
    )
    attachments = tuple(
        each.model_copy(update={"source": None}) if is_here else each
        for each, is_here in zip(whole.attachments, here, strict=True)
    )
    return whole.model_copy(update={"attachments": attachments})


def _manifest(document: Document, number: int) -> int:
    """Bytes of a manifest, of which 32 are counted already."""
    return 32 * segments_of(document.attachments[number - 1].size)


def _digests(document: Document, apart: Sequence[int]) -> dict[int, bytes]:
    """What stands for attachments that travel apart where a submission is compared: nothing random. schemas §10.5"""
    return {number: bytes.fromhex(document.attachments[number - 1].sha256) for number in apart}


def submission_key_apart(document: Document, sender: AgencyCode, apart: Sequence[int]) -> SubmissionKey:
    """As `submission_key`, of a document some of whose attachments travel apart."""
    return submission_key(document, sender, pack_content(document, apart=_digests(document, apart)))


def submission_key(item: Document | Status, sender: AgencyCode, content: bytes) -> SubmissionKey:
    """What makes two submissions, or two arrivals, the same one. `sender` in the directory's code."""
    digest = hashlib.sha256(content).hexdigest()
    match item:
        case Document():
            return SubmissionKey(Kind.DOCUMENT, sender, item.id, str(int(item.business.type)), digest)
        case Status():
            return SubmissionKey(Kind.STATUS, sender, item.concerns.document_id, str(item.code), digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A submission as it is to be sealed."""

    addressed: Addressed
    source: str | None = None
    message: MessageId | None = None
    """Its id, where it had one before."""
    apart: Sequence[Sealed] = ()
    """What travels apart, sealed already, as part of `message`."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A submission with its content encrypted: what is left is to sign it, and to wrap its key."""

    ready: Ready
    docket: Docket
    encrypted: envelope.Encrypted
    recipients: Mapping[MailboxCode, SealingPublicKey]


def seal(member: Member, addressed: Addressed, *, now: datetime, source: str | None = None) -> OutboxEntry:
    """Raises NoKey where the directory has no sealing key for a recipient."""
    (entry,) = seal_all(member, [Ready(addressed=addressed, source=source)], now=now)
    if isinstance(entry, BusError):
        raise entry
    return entry


def seal_all(member: Member, batch: Sequence[Ready | BusError], *, now: datetime) -> list[OutboxEntry | BusError]:
    """As `seal`, a batch: one result each, in order. What is an error already stays that error."""
    drafts = abreast(batch, lambda each: _draft(member, each, now=now), but=BusError)
    letters = abreast(
        drafts, lambda draft: envelope.Letter(draft.docket, draft.encrypted, draft.recipients), but=BusError
    )
    bodies = envelope.seal_all(letters, signer=member.identity.signing)
    entries: list[OutboxEntry | BusError] = []
    for draft, body in zip(drafts, bodies, strict=True):
        if isinstance(draft, BusError):
            entries.append(draft)
        else:
            entries.append(body if isinstance(body, BusError) else _entry(member, draft, body))
    return entries


def _draft(member: Member, ready: Ready, *, now: datetime) -> _Draft:
    addressed, content = ready.addressed, ready.addressed.content
    if addressed.apart:
        manifests = {each.blob.attachment: each.manifest.to_bytes() for each in ready.apart}
        content = pack_content(addressed.item, apart=manifests)
    encrypted = envelope.encrypt(content)
    lasts = member.expiry.get(addressed.priority) if isinstance(addressed.item, Document) else None
    docket = _docket(
        addressed,
        encrypted.content,
        id_=ready.message or member.new_id(),
        now=now,
        expires_at=None if lasts is None else now + lasts,
        blobs=tuple(each.blob for each in ready.apart) or None,
    )
    recipients = {mailbox: member.sealing_key(mailbox, now=now) for mailbox in docket.mailboxes}
    return _Draft(ready, docket, encrypted, recipients)


def _entry(member: Member, draft: _Draft, body: bytes) -> OutboxEntry:
    return OutboxEntry(
        docket=draft.docket,
        body=body,
        key=draft.ready.addressed.key,
        outstanding=routing_keys(draft.docket),
        state=State.UPLOADING if draft.ready.apart else State.WAITING,
        source=draft.ready.source,
        kept_key=member.identity.sealing[0].keep(draft.encrypted.key, draft.docket.id),
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
    addressed: Addressed,
    content: SealedContent,
    *,
    id_: MessageId,
    now: datetime,
    expires_at: datetime | None,
    blobs: tuple[Blob, ...] | None,
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
                blobs=blobs,
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
    headers = {REASON: error.code, "x-lienthong-set-aside-by": member.mailbox}
    if user is not None:
        headers["x-lienthong-published-by"] = user
    return OutboxEntry(docket=docket, body=body, key=None, outstanding=(DEAD,), expects_receipts=False, headers=headers)
