"""The tables of one mailbox's store, as they are today. How an older store comes to look like this is in migrations/;
a test holds the two equal.

Bodies lie apart from the rows that change: an update of a row rewrites all of it (measured with 4 KiB bodies: 17,000
changes a second this way, 12,000 with the body in the row, and 7,000 once it spills into overflow pages).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy import Text as AnyText
from sqlalchemy.sql.elements import ColumnElement

from bus.store.sql.texts import Words

metadata = MetaData()

# PostgreSQL would sort by a language's rules, which a new version of its machine's C library may change under an index.
Text = AnyText().with_variant(AnyText(collation="C"), "postgresql")

Free = AnyText().with_variant(Words(), "postgresql")
"""Written by strangers: a document system, an error."""

# SQLite makes only an INTEGER PRIMARY KEY the row's own number; PostgreSQL needs the wide type.
Sequence = BigInteger().with_variant(Integer, "sqlite")
Bytes = Sequence
"""How many. SQLite's INTEGER has no limit of 2 GiB."""

WAITING: ColumnElement[str] = literal_column("'waiting'")
"""Written into the statement: a partial index is used only where its condition can be read there."""


def _box(name: str, *own: Column[object] | UniqueConstraint) -> Table:
    """What the outbox and the inbox have in common. Times are microseconds (sql/times.py)."""
    return Table(
        name,
        metadata,
        Column("sequence", Sequence, primary_key=True, autoincrement=False),
        Column("message", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("priority", SmallInteger, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("next_at", BigInteger),  # only where it is waited for: null in the end states
        Column("size", Bytes, nullable=False),  # of the body still kept
        Column("entered_at", BigInteger, nullable=False),
        Column("finished_at", BigInteger),
        Column("document", Text),  # normal_forms.document_form
        Column("submission", Text),  # normal_forms.submission_text
        Column("ref", Free),  # what the document system calls it
        Column("error", Free),
        *own,
        Column("docket", LargeBinary, nullable=False),
    )


def _at_once(table: Table) -> ColumnElement[bool]:
    return (table.c.state == WAITING) & table.c.next_at.is_(None)


def _box_indexes(table: Table) -> None:
    column, name = table.c, table.name
    submitted, later = column.submission.is_not(None), column.next_at.is_not(None)
    at_once, about = _at_once(table), column.document.is_not(None)
    # Two ways to be due: in order of urgency for what may go at once, in order of time for what was put off.
    Index(
        f"{name}_at_once",
        column.state,  # the same in all of it; without it SQLite takes the index of states and sorts all that wait
        column.priority.desc(),
        column.sequence,
        column.size,
        column.next_at,  # always null here, and read from here: the row itself is left alone
        sqlite_where=at_once,
    )
    Index(
        f"{name}_later",
        column.next_at,
        column.priority,
        column.sequence,
        column.size,
        column.state,  # the states of large attachments are left out, without a look at the row
        sqlite_where=later,
    )
    Index(f"{name}_state", column.state, column.sequence)
    Index(f"{name}_submission", column.submission, sqlite_where=submitted)
    Index(f"{name}_document", column.document, sqlite_where=about)


def _bodies(name: str, of: Table, *own: Column[bytes]) -> Table:
    return Table(
        name,
        metadata,
        Column(
            "sequence", Sequence, ForeignKey(of.c.sequence, ondelete="CASCADE"), primary_key=True, autoincrement=False
        ),
        Column("body", LargeBinary, nullable=False),
        *own,
    )


def _blobs(box: Table) -> tuple[Table, Table, Table]:
    """The large attachments of a box's messages: blobs, their segments, and how far each message's transfer is.

    A blob without an entry is an orphan: none's yet, or, with a `begun_at` of 0, none's any more.
    """
    name = box.name
    blob = Table(
        f"{name}_blob",
        metadata,
        Column("number", Sequence, primary_key=True),
        Column("sender", Text, nullable=False),
        Column("message", Text, nullable=False),
        Column("blob", Text, nullable=False),
        Column("sequence", Sequence, ForeignKey(box.c.sequence, ondelete="SET NULL")),
        Column("begun_at", BigInteger, nullable=False),
        UniqueConstraint("message", "sender", "blob", name=f"{name}_blob_key"),
    )
    Index(f"{name}_blob_sequence", blob.c.sequence)
    segment = Table(
        f"{name}_segment",
        metadata,
        Column("of", Sequence, ForeignKey(blob.c.number), primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("data", LargeBinary, nullable=False),
    )
    transfer = Table(
        f"{name}_transfer",
        metadata,
        Column(
            "sequence", Sequence, ForeignKey(box.c.sequence, ondelete="CASCADE"), primary_key=True, autoincrement=False
        ),
        Column("began_at", BigInteger, nullable=False),
        Column("done", Integer, nullable=False),
        Column("kind", Text),
        Column("mark", Text),
        Column("looked", Boolean, nullable=False),
        Column("behind", Text),
        Column("finished_at", BigInteger),
    )
    return blob, segment, transfer


outbox = _box(
    "outbox",
    Column("expects_receipts", Boolean, nullable=False),
    Column("headers", Text),  # JSON; null where there are none
    Column("sent_at", BigInteger),
    Column("tried", Boolean, nullable=False),
    UniqueConstraint("message", name="outbox_message"),
)
outbox.append_column(Column("expires_at", BigInteger))  # only while it is not finished
Index(
    "outbox_expires",
    outbox.c.expires_at,
    sqlite_where=outbox.c.expires_at.is_not(None),
)
_box_indexes(outbox)
outbox_body = _bodies("outbox_body", outbox, Column("kept_key", LargeBinary))

recipient = Table(
    "outbox_recipient",
    metadata,
    Column(
        "sequence", Sequence, ForeignKey(outbox.c.sequence, ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("mailbox", Text, primary_key=True),
    Column("routing", Text, nullable=False),
    Column("confirmed", Boolean, nullable=False),  # read only while the entry waits
    Column("outcome", Text),
    Column("code", Text),
    Column("at", BigInteger),
    # Bytes of the body, and of what travels apart, for as long as it counts as under way; null in receipts.
    Column("size", Bytes),
    Column("blobs", Bytes),
    sqlite_with_rowid=False,
)
Index(
    "outbox_recipient_under_way",
    recipient.c.mailbox,
    recipient.c.size,
    recipient.c.blobs,
    recipient.c.outcome,  # always null here, and read from here
    sqlite_where=recipient.c.outcome.is_(None) & recipient.c.size.is_not(None),
)

inbox = _box(
    "inbox",
    Column("sender", Text, nullable=False),
    UniqueConstraint("message", "sender", name="inbox_message"),
)
inbox.append_column(Column("answered", Integer, nullable=False, server_default="0"))
inbox.append_column(Column("blobs", Bytes, nullable=False, server_default="0"))  # bytes of what travels apart
_box_indexes(inbox)
Index(
    "inbox_held",
    inbox.c.sender,
    inbox.c.size,
    inbox.c.blobs,
    sqlite_where=inbox.c.size > literal_column("0"),
)
inbox_body = _bodies("inbox_body", inbox)
outbox_blob, outbox_segment, outbox_transfer = _blobs(outbox)
inbox_blob, inbox_segment, inbox_transfer = _blobs(inbox)

dossier = Table(
    "dossier",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("document", Text, primary_key=True),
    Column("handler", Text, primary_key=True),
    Column("state", Text),
    Column("change", Text, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("code", Text),
    Column("issued_on", Text),
    Column("updated_at", BigInteger, nullable=False),
    Column("ref", Free),
    Column("document_form", Text, nullable=False),  # normal_forms.document_form
    Column("code_form", Text),  # normal_forms.code_form
    Column("priority", SmallInteger, nullable=False, server_default="0"),
    Column("due_on", Text),
    Column("told", Text),
    Column("watched", Text),  # Dossier.watched
    Index("dossier_document_form", "issuer", "document_form"),
    Index("dossier_code_form", "issuer", "code_form", "issued_on"),
)

Index(
    "dossier_watched",
    dossier.c.watched,
    sqlite_where=dossier.c.watched.is_not(None),
)

status = Table(
    "status",
    metadata,
    Column("number", Sequence, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("handler", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("message", Text, nullable=False),
    Column("description", Free),
    Column("document_form", Text, nullable=False),
    Index("status_document_form", "document_form", "issuer"),
)

event = Table(
    "event",
    metadata,
    Column("number", Sequence, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("message", Text),
    Column("issuer", Text),
    Column("document", Text),
    Column("document_form", Text),
    Column("detail", Free, nullable=False),
    Index("event_document_form", "document_form"),
    Index("event_message", "message"),
)

owner = Table(
    "owner",
    metadata,
    Column("mailbox", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("holder", Text),
    Column("since", BigInteger),
)
"""One row: whose store this is; and, where several machines share it, who holds its lease (sql/lease.py): the epoch,
the holder's name, and since when."""
