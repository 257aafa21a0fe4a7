"""Opening what the inbox holds: sealed bytes to a document or status whose docket tells the truth about it."""

from dataclasses import dataclass

from bus import envelope
from bus.errors import BadMessage
from bus.judging import check_kept
from bus.mailroom import Member, submission_key
from bus.records import InboxEntry, SubmissionKey
from schemas.codes import StatusCode
from schemas.content import unpack_content
from schemas.docket import Docket, DocumentKey
from schemas.document import Document
from schemas.status import Status


@dataclass(frozen=True, slots=True)
class Opened:
    entry: InboxEntry
    item: Document | Status
    key: SubmissionKey
    """Of the content: the second line of defence against filing twice."""
    about: DocumentKey


def open_entry(entry: InboxEntry, member: Member) -> Opened:
    """Raises CannotOpen, BadMessage where the content is not what the docket says, or BadSignature where the entry is
    not what was taken in."""
    parsed = envelope.parse(entry.body, known=entry.docket)
    check_kept(member, parsed, entry.docket)
    content = envelope.open_(parsed, mailbox=member.mailbox, keys=member.identity.sealing)
    try:
        item = unpack_content(entry.docket.kind, content)
    except ValueError as exc:
        raise BadMessage(why=f"its content does not fit the schema: {_first_line(exc)}") from exc
    return Opened(
        entry, item, submission_key(item, entry.docket.sender.agency, content), _about(entry.docket, item, member)
    )


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
