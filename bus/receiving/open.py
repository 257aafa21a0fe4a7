"""Opening what the inbox holds: sealed bytes to a document or status whose docket tells the truth about it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bus.directory.agencies import Directory
from bus.directory.member import Member
from bus.dossiers.find import named_documents
from bus.errors import BadBlob, BadMessage, BusError, Refused, Words
from bus.ports.records import BlobKey, InboxEntry, SubmissionKey
from bus.ports.store import Store
from bus.receiving import judge as judging
from bus.receiving.verified import Verified
from bus.sending.address import submission_key, submission_key_with_blobs, told
from bus.wire import envelope
from bus.wire.batch import map_each
from bus.wire.envelope import Envelope
from bus.wire.segments import Manifest, opened
from schemas.codes import BusinessType, StatusCode
from schemas.content import unpack_content, unpack_with_blobs
from schemas.docket import MAX_ADDRESSES, MAX_NAMED, Address, Blob, Docket, DocumentKey
from schemas.document import Document
from schemas.status import Status
from schemas.values import VIETNAM, AgencyCode


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
                if not held and len(piece) == size:  # as ever, but for the last: no copy is made of it
                    yield piece
                    continue
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
                segments = tx.inbox.segments(self.key, first=first, limit=1)
            if not segments:
                return
            segment = segments[0]
            yield segment.data
            first = segment.number + 1


@dataclass(frozen=True, slots=True)
class Opened:
    entry: InboxEntry
    item: Document | Status
    key: SubmissionKey
    """Of the content: the second line of defence against filing twice."""
    about: DocumentKey
    docket_sha256: str
    """Of the docket as it was signed, hexadecimal."""
    blobs: Mapping[int, Stored] = field(default_factory=dict)
    """The attachments that travel as blobs, by their numbers; whether all of one is here is not said."""


@dataclass(frozen=True, slots=True)
class _Unsealed:
    entry: InboxEntry
    docket_sha256: str
    content: bytes


def open_entry(entry: InboxEntry, member: Member, store: Store, verified: Verified) -> Opened:
    """Raises what `open_all` gives."""
    (opened,) = open_all([entry], member, store, verified)
    if isinstance(opened, Refused):
        raise opened
    return opened


def open_all(entries: Sequence[InboxEntry], member: Member, store: Store, verified: Verified) -> list[Opened | Refused]:
    """One result each, in order: CannotOpen, BadMessage where the content is not what the docket says, BadBlob where a
    manifest in it is not, or BadSignature where the entry is not what was taken in."""
    kept = map_each(entries, lambda entry: (entry, judging.reverify(member, entry, verified)), keeping=Refused)
    unsealed = map_each(kept, lambda each: _unseal(*each, member), keeping=Refused)
    return map_each(unsealed, lambda each: _unpack(each, member, store), keeping=Refused)


def _unseal(entry: InboxEntry, parsed: Envelope, member: Member) -> _Unsealed:
    return _Unsealed(
        entry, parsed.docket_sha256, envelope.open_(parsed, mailbox=member.mailbox, keys=member.identity.sealing)
    )


def _unpack(each: _Unsealed, member: Member, store: Store) -> Opened:
    entry, docket, content = each.entry, each.entry.docket, each.content
    if docket.blobs:
        return _unpack_with_blobs(each, docket.blobs, member, store)
    try:
        item = unpack_content(docket.kind, content)
    except ValueError as exc:
        raise BadMessage(
            why=Words(
                f"nội dung không đúng lược đồ: “{_first_line(exc)}”",
                f"its content does not fit the schema: {_first_line(exc)}",
            )
        ) from exc
    key = submission_key(item, docket.sender.agency, content)
    return Opened(entry, item, key, _about(docket, item, member), each.docket_sha256)


def _unpack_with_blobs(each: _Unsealed, blobs: tuple[Blob, ...], member: Member, store: Store) -> Opened:
    docket, numbers = each.entry.docket, [blob.attachment for blob in blobs]
    try:
        item, in_place = unpack_with_blobs(each.content, numbers)
    except ValueError as exc:
        raise BadMessage(
            why=Words(
                f"nội dung không đúng lược đồ: “{_first_line(exc)}”",
                f"its content does not fit the schema: {_first_line(exc)}",
            )
        ) from exc
    about = _about(docket, item, member)
    if any(item.attachments[blob.attachment - 1].size != blob.size for blob in blobs):
        raise BadMessage(
            why=Words("phiếu gửi nói khác với nội dung", "its docket says something else than its content")
        )
    stored = {
        blob.attachment: Stored(
            store,
            BlobKey(docket.sender.mailbox, docket.id, blob.id),
            blob,
            Manifest.parse(in_place[blob.attachment], blob, message=docket.id),
        )
        for blob in blobs
    }
    attachments = tuple(
        one.model_copy(update={"source": stored[number]}) if number in stored else one
        for number, one in enumerate(item.attachments, start=1)
    )
    key = submission_key_with_blobs(item, docket.sender.agency, numbers)
    item = item.model_copy(update={"attachments": attachments})
    return Opened(each.entry, item, key, about, each.docket_sha256, stored)


def _about(docket: Docket, item: Document | Status, member: Member) -> DocumentKey:
    """What the docket says in the clear must be what the content says: the ledger believes dockets."""
    about = docket.document
    match item:
        case Document():
            if len(item.recipients) > MAX_ADDRESSES:  # schemas §8.1; before any of them is looked up
                raise BadMessage(
                    why=Words(
                        f"nó nêu {len(item.recipients)} nơi nhận; nhiều nhất {MAX_ADDRESSES}",
                        f"it names {len(item.recipients)} recipients; {MAX_ADDRESSES} are the most",
                    )
                )
            said = (docket.business_type, docket.priority, docket.attachments)
            same = about is not None and (about.id, about.issuer) == (item.id, docket.sender.agency)
            same = same and said == (item.business.type, item.priority, len(item.attachments))
            same = same and has_same_recipients(docket, item, member)
            if item.business.type is not BusinessType.NEW and len(named := named_documents(item)) > MAX_NAMED:
                raise BadMessage(
                    why=Words(
                        f"nó nêu {len(named)} văn bản; nhiều nhất {MAX_NAMED}",
                        f"it names {len(named)} documents; {MAX_NAMED} are the most",
                    )
                )
            same = same and (docket.number, docket.issued_on, docket.changes) == told(item, docket.version)
        case Status():
            # 13 is about the sender's own document, every other status about its one recipient's.
            issuer = docket.sender if item.code is StatusCode.TAKE_BACK else docket.recipients[0]
            said_of = (item.concerns.document_id, issuer.agency)
            same = about is not None and len(docket.recipients) == 1 and (about.id, about.issuer) == said_of
            same = same and docket.status is item.code
    if about is None or not same or member.canonical(item.sender.code) != docket.sender.agency:
        raise BadMessage(
            why=Words("phiếu gửi nói khác với nội dung", "its docket says something else than its content")
        )
    return about


def has_same_recipients(docket: Docket, document: Document, member: Member) -> bool:
    """Whether docket and content name the same recipients, as far as this mailbox can know. schemas §5.5

    Each address stands for a recipient of the content, so there are no more of them; and of this mailbox's own agencies
    both name the same. A recipient is an agency by its code, an alias, or the successor to which a closed code is
    forwarded, on the day the message was made or today.
    """
    if len(docket.recipients) > len(document.recipients):
        return False
    addressed = {address.agency for address in docket.recipients}
    named = {party.code for party in document.recipients}
    if named == addressed:
        return True
    directories = (member.directory, member.directory.as_of(docket.created_at.astimezone(VIETNAM).date()))
    named_here = set[AgencyCode]()
    for code in named:
        found = [address for address in (_resolved(directory, code) for directory in directories) if address]
        agencies = {code, member.canonical(code), *(address.agency for address in found)}
        if addressed.isdisjoint(agencies) and any(address.mailbox == member.mailbox for address in found):
            return False
        named_here |= agencies
    ours = {address.agency for address in docket.recipients if address.mailbox == member.mailbox}
    return ours <= named_here


def _resolved(directory: Directory, code: AgencyCode) -> Address | None:
    try:
        return directory.address(code)
    except BusError:
        return None


def _first_line(exc: Exception) -> str:
    return (str(exc) or type(exc).__name__).splitlines()[0]
