"""Opening what the inbox holds: sealed bytes to a document or status whose docket tells the truth about it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bus import envelope, judging
from bus.abreast import abreast
from bus.envelope import Envelope
from bus.errors import BadBlob, BadMessage, Refused
from bus.mailroom import Member, submission_key, submission_key_apart
from bus.ports import Store
from bus.records import BlobKey, Box, InboxEntry, SubmissionKey
from bus.segments import Manifest, opened
from schemas.codes import StatusCode
from schemas.content import unpack_apart, unpack_content
from schemas.docket import Blob, Docket, DocumentKey
from schemas.document import Document
from schemas.status import Status

READ_AT_ONCE = 4
"""Segments read from the store together."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A `schemas.document.Source`: an attachment in the segments that the inbox holds, opened while it is read."""

    store: Store = field(repr=False)
    key: BlobKey
    blob: Blob
    manifest: Manifest

    def pieces(self, size: int) -> Iterator[bytes]:
        held = bytearray()
        try:
            for piece in opened(self.blob, self.manifest, self.sealed(), message=self.key.message):
                held += piece
                whole = len(held) - len(held) % size
                yield from (bytes(held[at : at + size]) for at in range(0, whole, size))
                del held[:whole]
        except BadBlob as error:
            raise ValueError(str(error)) from error
        if held:
            yield bytes(held)

    def sealed(self) -> Iterator[bytes]:
        """The segments in their order, as far as there are any."""
        first = 1
        while True:
            with self.store.read() as tx:
                segments = tx.segments(Box.IN, self.key, first=first, limit=READ_AT_ONCE)
            if not segments:
                return
            yield from (segment.data for segment in segments)
            first = segments[-1].number + 1


@dataclass(frozen=True, slots=True)
class Opened:
    entry: InboxEntry
    item: Document | Status
    key: SubmissionKey
    """Of the content: the second line of defence against filing twice."""
    about: DocumentKey
    apart: Mapping[int, Stored] = field(default_factory=dict)
    """The attachments that travel apart, by their numbers; whether all of one is here is not said."""


@dataclass(frozen=True, slots=True)
class _Unsealed:
    entry: InboxEntry
    content: bytes


def open_entry(entry: InboxEntry, member: Member, store: Store) -> Opened:
    """Raises what `open_all` gives."""
    (opened,) = open_all([entry], member, store)
    if isinstance(opened, Refused):
        raise opened
    return opened


def open_all(entries: Sequence[InboxEntry], member: Member, store: Store) -> list[Opened | Refused]:
    """One result each, in order: CannotOpen, BadMessage where the content is not what the docket says, BadBlob where a
    manifest in it is not, or BadSignature where the entry is not what was taken in."""
    kept = abreast(entries, lambda entry: (entry, judging.kept(member, entry)), but=Refused)
    unsealed = abreast(kept, lambda each: _unseal(*each, member), but=Refused)
    return abreast(unsealed, lambda each: _unpack(each, member, store), but=Refused)


def _unseal(entry: InboxEntry, parsed: Envelope, member: Member) -> _Unsealed:
    return _Unsealed(entry, envelope.open_(parsed, mailbox=member.mailbox, keys=member.identity.sealing))


def _unpack(each: _Unsealed, member: Member, store: Store) -> Opened:
    entry, docket, content = each.entry, each.entry.docket, each.content
    if docket.blobs:
        return _open_apart(entry, content, docket.blobs, member, store)
    try:
        item = unpack_content(docket.kind, content)
    except ValueError as exc:
        raise BadMessage(why=f"its content does not fit the schema: {_first_line(exc)}") from exc
    return Opened(entry, item, submission_key(item, docket.sender.agency, content), _about(docket, item, member))


def _open_apart(entry: InboxEntry, content: bytes, blobs: tuple[Blob, ...], member: Member, store: Store) -> Opened:
    docket, numbers = entry.docket, [blob.attachment for blob in blobs]
    try:
        item, in_place = unpack_apart(content, numbers)
    except ValueError as exc:
        raise BadMessage(why=f"its content does not fit the schema: {_first_line(exc)}") from exc
    about = _about(docket, item, member)
    if any(item.attachments[blob.attachment - 1].size != blob.size for blob in blobs):
        raise BadMessage(why="its docket says something else than its content")
    apart = {
        blob.attachment: Stored(
            store,
            BlobKey(docket.sender.mailbox, docket.id, blob.id),
            blob,
            Manifest.parse(in_place[blob.attachment], blob, message=docket.id),
        )
        for blob in blobs
    }
    attachments = tuple(
        each.model_copy(update={"source": apart[number]}) if number in apart else each
        for number, each in enumerate(item.attachments, start=1)
    )
    key = submission_key_apart(item, docket.sender.agency, numbers)
    return Opened(entry, item.model_copy(update={"attachments": attachments}), key, about, apart)


def _about(docket: Docket, item: Document | Status, member: Member) -> DocumentKey:
    """What the docket says in the clear must be what the content says: the ledger believes dockets."""
    about = docket.document
    match item:
        case Document():
            said = (docket.business_type, docket.priority, docket.attachments)
            same = about is not None and (about.id, about.issuer) == (item.id, docket.sender.agency)
            same = same and said == (item.business.type, item.priority, len(item.attachments))
        case Status():
            # 13 is about the sender's own document, every other status about its one recipient's.
            issuer = docket.sender if item.code is StatusCode.TAKE_BACK else docket.recipients[0]
            said_of = (item.concerns.document_id, issuer.agency)
            same = about is not None and len(docket.recipients) == 1 and (about.id, about.issuer) == said_of
            same = same and docket.status is item.code
    if about is None or not same or member.canonical(item.sender.code) != docket.sender.agency:
        raise BadMessage(why="its docket says something else than its content")
    return about


def _first_line(exc: Exception) -> str:
    return (str(exc) or type(exc).__name__).splitlines()[0]
