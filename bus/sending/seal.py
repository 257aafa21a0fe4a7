"""Sealing: from addressed submissions to outbox entries. No store and no broker.

Both directions of the road use it: for what a document system submits, and for the status 01 that a filing causes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bus.directory.member import Member
from bus.errors import BusError
from bus.handling.transport import OutboxEvent, outbox_state
from bus.ports.records import OutboxEntry
from bus.sending.address import Addressed, told
from bus.trust.keys import SealingPublicKey
from bus.wire import envelope
from bus.wire.batch import map_each
from bus.wire.message import routing_keys
from bus.wire.segments import Sealed
from schemas.codes import Kind
from schemas.content import pack_content
from schemas.docket import Blob, Docket, SealedContent, Version
from schemas.document import Document
from schemas.status import Status
from schemas.values import MailboxCode, MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A submission as it is to be sealed."""

    addressed: Addressed
    source: str | None = None
    message: MessageId | None = None
    """Its id, where it had one before."""
    blobs: Sequence[Sealed] = ()
    """Its blobs, sealed already, as part of `message`."""


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
    """As `seal`, a batch: one result each, in order; an error that stands in a submission's place stays there."""
    drafts = map_each(batch, lambda each: _draft(member, each, now=now), keeping=BusError)
    letters = map_each(
        drafts, lambda draft: envelope.Letter(draft.docket, draft.encrypted, draft.recipients), keeping=BusError
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
    if addressed.as_blobs:
        manifests = {each.blob.attachment: each.manifest.to_bytes() for each in ready.blobs}
        content = pack_content(addressed.item, in_place=manifests)
    encrypted = envelope.encrypt(content)
    lasts = member.expiry.get(addressed.priority) if isinstance(addressed.item, Document) else None
    docket = _docket(
        addressed,
        encrypted.content,
        version=member.version_for(each.mailbox for each in addressed.recipients),
        id_=ready.message or member.new_id(),
        now=now,
        expires_at=None if lasts is None else now + lasts,
        blobs=tuple(each.blob for each in ready.blobs) or None,
    )
    recipients = {mailbox: member.sealing_key(mailbox, now=now) for mailbox in docket.mailboxes}
    return _Draft(ready, docket, encrypted, recipients)


def _entry(member: Member, draft: _Draft, body: bytes) -> OutboxEntry:
    return OutboxEntry(
        docket=draft.docket,
        body=body,
        key=draft.ready.addressed.key,
        outstanding=routing_keys(draft.docket),
        state=outbox_state(None, OutboxEvent.ACCEPTED_WITH_BLOBS if draft.ready.blobs else OutboxEvent.ACCEPTED),
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
    version: Version,
    id_: MessageId,
    now: datetime,
    expires_at: datetime | None,
    blobs: tuple[Blob, ...] | None,
) -> Docket:
    match addressed.item:
        case Document() as document:
            number, issued_on, changes = told(document, version)
            return Docket(
                version=version,
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
                number=number,
                issued_on=issued_on,
                changes=changes,
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
