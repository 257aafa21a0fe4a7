"""Addressing: a submission with its recipients resolved, its content packed and its submission key."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from bus.directory.member import Member
from bus.dossiers.find import named_documents
from bus.errors import TooLarge, TooManyNamed
from bus.ports.records import SubmissionKey
from schemas.codes import BusinessType, Kind, Priority, StatusCode
from schemas.content import pack_content
from schemas.docket import MAX_NAMED, Address, DocumentKey, NumberInClear, Version, segments_of
from schemas.document import Document
from schemas.status import Status
from schemas.values import AgencyCode, DocumentId, MailboxCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """A submission with its content packed and its addresses resolved, not sealed yet."""

    item: Document | Status
    key: SubmissionKey
    sender: Address
    recipients: tuple[Address, ...]
    document: DocumentKey
    content: bytes
    """Empty where there are blobs: then it is packed once they are sealed."""
    as_blobs: tuple[int, ...] = ()
    """Numbers of the attachments that travel as blobs, from 1."""
    size: int = 0
    """Bytes of the content, or nearly: what travels in the message."""
    blobs_size: int = 0
    """Bytes of what travels apart."""
    priority: Priority = Priority.NORMAL
    """The document's own; a status has that of the document it is about, where that is known."""


def address(member: Member, item: Document | Status) -> Addressed:
    """Raises what `Member.address` raises, NotServed, NotUnderstood, TooManyNamed, or TooLarge."""
    sender = member.own_address(item.sender.code)
    match item:
        case Document():
            recipients = tuple(dict.fromkeys(member.address(party.code) for party in item.recipients))
            if item.business.type is not BusinessType.NEW and len(named := named_documents(item)) > MAX_NAMED:
                raise TooManyNamed(document=item.id, count=len(named), limit=MAX_NAMED)
            for mailbox in {recipient.mailbox for recipient in recipients}:
                member.check_takes(mailbox, item.business.type)
            document = DocumentKey(issuer=sender.agency, id=item.id)
        case Status():
            recipients = (member.address(item.concerns.agency),)
            issuer = sender if item.code is StatusCode.TAKE_BACK else recipients[0]
            document = DocumentKey(issuer=issuer.agency, id=item.concerns.document_id)
    member.check_reads({recipient.mailbox for recipient in recipients})
    as_blobs: tuple[int, ...] = ()
    if isinstance(item, Document):
        as_blobs = _as_blobs(member, item, tuple(dict.fromkeys(recipient.mailbox for recipient in recipients)))
        item = _in_memory(item, as_blobs)
        content = pack_content(item, in_place=_digests(item, as_blobs))
        size = len(content) + sum(_manifest(item, number) for number in as_blobs)
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
        content=b"" if as_blobs else content,
        as_blobs=as_blobs,
        size=size,
        blobs_size=sum(item.attachments[number - 1].size for number in as_blobs) if isinstance(item, Document) else 0,
        priority=item.priority if isinstance(item, Document) else Priority.NORMAL,
    )


def _as_blobs(member: Member, document: Document, mailboxes: Sequence[MailboxCode]) -> tuple[int, ...]:
    """Which attachments travel as blobs: the large ones, where every recipient takes such. Raises TooLarge, naming the
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


def _in_memory(document: Document, as_blobs: Sequence[int]) -> Document:
    """With the bytes of all but these attachments, wherever they lay; few enough, by then. Raises as
    `Attachment.pieces` does, and ValueError where they are others than described."""
    here = [number not in as_blobs for number in range(1, len(document.attachments) + 1)]
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


def _digests(document: Document, as_blobs: Sequence[int]) -> dict[int, bytes]:
    """What stands for the blobs where a submission is compared: nothing random. schemas §10.5"""
    return {number: bytes.fromhex(document.attachments[number - 1].sha256) for number in as_blobs}


class Told(NamedTuple):
    """What a docket of version 2 tells of its document, and one of version 1 does not. schemas §3.2"""

    number: NumberInClear | None = None
    issued_on: date | None = None
    changes: tuple[DocumentId, ...] | None = None


def told(document: Document, version: Version) -> Told:
    if version == 1:
        return Told()
    named = () if document.business.type is BusinessType.NEW else tuple(dict.fromkeys(named_documents(document)))
    return Told(NumberInClear.of(document.number), document.issued_on, named or None)


def submission_key_with_blobs(document: Document, sender: AgencyCode, as_blobs: Sequence[int]) -> SubmissionKey:
    """As `submission_key`, of a document some of whose attachments travel as blobs."""
    return submission_key(document, sender, pack_content(document, in_place=_digests(document, as_blobs)))


def submission_key(item: Document | Status, sender: AgencyCode, content: bytes) -> SubmissionKey:
    """What makes two submissions, or two arrivals, the same one. `sender` in the directory's code."""
    digest = hashlib.sha256(content).hexdigest()
    match item:
        case Document():
            return SubmissionKey(Kind.DOCUMENT, sender, item.id, str(int(item.business.type)), digest)
        case Status():
            return SubmissionKey(Kind.STATUS, sender, item.concerns.document_id, str(item.code), digest)
