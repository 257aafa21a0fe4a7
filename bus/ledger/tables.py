"""The tables of a ledger, as they are today. How an older ledger comes to look like this is in migrations/.

Three sorts. *Kept*: what came, as it came (`event`, `seen`, `checkpoint`, `calendar`). *Derived*: what follows from it,
made anew by a rebuild (`derived`). *Said*: what people and the ledger itself added (alerts, silences, access). Times are
microseconds (bus/store/sql/times.py), days are ISO texts.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
)
from sqlalchemy import Text as AnyText

from bus.store.sql.texts import Words

metadata = MetaData()

Text = AnyText().with_variant(AnyText(collation="C"), "postgresql")
Free = AnyText().with_variant(Words(), "postgresql")
"""Written by strangers."""
Number = BigInteger().with_variant(Integer, "sqlite")

GENUINE: Final = "genuine"
"""The standing of an event whose signature stands. Any other standing is the code of an error."""

# -- kept ---------------------------------------------------------------------------------------------------------------

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("next", BigInteger, nullable=False),  # offset to read from; offsets have gaps
    Column("last_offset", BigInteger),  # of the last message read, and its SHA-256: read again at each start, so that
    Column("last_sha256", Text),  # a stream made anew is noticed
    Column("epoch", Integer, nullable=False),  # which stream of that name: one more each time it was made anew
    Column("at", BigInteger, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("received_at", BigInteger, nullable=False),  # when the ledger read it
    Column("stream", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),  # when its sender made it
    Column("kind", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("mailbox", Text, nullable=False),  # its sender's, as the docket says
    Column("publisher", Text, nullable=False),  # whose exchange it came by: the broker's word
    Column("standing", Text, nullable=False),
    Column("issuer", Text),
    Column("document", Text),
    Column("size", Number, nullable=False),  # of the whole body, which is not kept
    Column("docket", LargeBinary, nullable=False),  # as signed
    Column("signature", LargeBinary, nullable=False),  # schemas/framing: algorithm, key id, value
    Index("event_document", "document", "issuer"),
    Index("event_received", "received_at"),
)
"""Append-only, in the broker's order. On PostgreSQL a partition a year of receipt, on SQLite a table a year under a view
of this name: the past is dropped whole."""

seen = Table(
    "seen",
    metadata,
    Column("message", Text, primary_key=True),
    Column("mailbox", Text, primary_key=True),
    Column("docket_sha256", Text, nullable=False),
    Column("event", Number, nullable=False),
    Column("document", Number),  # document.number that it is about; of a receipt null
)
"""Deduplicates, and leads from a receipt's line to the document."""

receipt_line = Table(
    "receipt_line",
    metadata,
    Column("message", Text, primary_key=True),
    Column("mailbox", Text, primary_key=True),  # who answers
    Column("sender", Text, primary_key=True),  # the mailbox whose message it was
    Column("docket_sha256", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("code", Text),
    Column("at", BigInteger, nullable=False),
    Column("event", Number, nullable=False),  # of the receipt
)
"""Of genuine receipts only. The first line of a mailbox for a message counts; a `held` replaces a `refused`."""

calendar = Table(
    "calendar",
    metadata,
    Column("year", Integer, primary_key=True),
    Column("edition", Integer, primary_key=True),
    Column("taken_at", BigInteger, nullable=False),
    Column("signed", LargeBinary, nullable=False),
)


# -- derived ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Derived:
    """One set of derived tables. A rebuild makes a second one beside, and they change places in one transaction."""

    document: Table
    delivery: Table
    obligation: Table
    daily: Table


def derived(metadata: MetaData, prefix: str = "") -> Derived:
    document = Table(
        f"{prefix}document",
        metadata,
        Column("number", Number, primary_key=True, autoincrement=False),  # number of the first event about it
        Column("issuer", Text, nullable=False),
        Column("document", Text, nullable=False),
        Column("form", Text, nullable=False),  # the id folded: bus/ledger/folded.py
        Column("known", Boolean, nullable=False),  # False: only statuses or receipts of it came so far
        Column("sender", Text, nullable=False),
        Column("mailbox", Text, nullable=False),
        Column("message", Text),
        Column("business", SmallInteger),
        Column("code_number", Text),  # số
        Column("code_notation", Text),  # ký hiệu
        Column("code_form", Text),  # "12/qd-ubnd": folded
        Column("issued_on", Text),
        Column("sent_at", BigInteger, nullable=False),  # of an unknown one: the earliest time heard of it
        Column("priority", SmallInteger, nullable=False),
        Column("due_on", Text),
        Column("expires_at", BigInteger),
        Column("attachments", Integer, nullable=False),
        Column("size", Number, nullable=False),
        Column("changes", Text),  # JSON: keys of documents that it revokes, updates or replaces
        Column("changed_by", Text),  # JSON: [{"issuer", "id", "business", "at"}]: changes of it that came
        UniqueConstraint("document", "issuer", name=f"{prefix}document_key"),
        Index(f"{prefix}document_sender", "sender", "sent_at", "number"),
        Index(f"{prefix}document_sent", "sent_at", "number"),
        Index(f"{prefix}document_form", "form"),
        Index(f"{prefix}document_code", "code_form", "issued_on"),
    )
    delivery = Table(
        f"{prefix}delivery",
        metadata,
        Column("document", Number, primary_key=True, autoincrement=False),
        Column("agency", Text, primary_key=True),  # the recipient
        Column("mailbox", Text, nullable=False),
        Column("sender", Text, nullable=False),  # of the document
        Column("business", SmallInteger),
        Column("sent_at", BigInteger, nullable=False),
        Column("outcome", Text),  # of its receipt: held, refused; null: none came
        Column("refusal", Text),  # the error code of a refused receipt
        Column("receipted_at", BigInteger),
        Column("state", Text),  # the furthest of 01 to 06 that counts: bus/handling/statuses.py
        Column("change", Text, nullable=False),  # bus.handling.statuses.Change
        Column("withdrawn", Boolean, nullable=False),
        *(Column(f"at_{code}", BigInteger) for code in ("01", "02", "03", "04", "05", "06", "13", "15", "16")),
        # ^ first time of each status, as its sender says it
        Column("statuses", Text, nullable=False),  # JSON: [[code, at, event number], ...] in order of time
        Column("last_at", BigInteger, nullable=False),
        Index(f"{prefix}delivery_agency", "agency", "sent_at", "document"),
        Index(f"{prefix}delivery_state", "state", "sent_at", "document"),
    )
    obligation = Table(
        f"{prefix}obligation",
        metadata,
        Column("document", Number, primary_key=True, autoincrement=False),
        Column("recipient", Text, primary_key=True),  # with `document`: which delivery
        Column("clock", Text, primary_key=True),  # bus/handling/clocks.py
        Column("debtor", Text, nullable=False),
        Column("creditor", Text, nullable=False),
        Column("started_at", BigInteger, nullable=False),
        Column("warn_at", BigInteger),
        Column("due_at", BigInteger),  # null: no limit in law, only waited for
        Column("met_at", BigInteger),
        Column("met_by", Text),  # the status or receipt that met it: "03", "receipt"
        Column("void_at", BigInteger),  # no longer owed: withdrawn, refused, changed recipients
        Column("void_why", Text),
        Column("open", Boolean, nullable=False),  # neither met nor void
        Column("calendar", Text, nullable=False),  # editions it was counted with: "2026-3", "2027-0"
        Column("provisional", Boolean, nullable=False),  # a year of it is unconfirmed
        Column("passed_to", Text),  # the successor that owes it now; debtor is then that agency
    )
    o = obligation.c
    for name, columns in (("debtor", (o.debtor, o.due_at)), ("creditor", (o.creditor, o.due_at)), ("due", (o.due_at,))):
        Index(f"{prefix}obligation_{name}", *columns, sqlite_where=o.open, postgresql_where=o.open)
    daily = Table(
        f"{prefix}daily",
        metadata,
        Column("day", Text, primary_key=True),  # of Việt Nam, of sending
        Column("agency", Text, primary_key=True),
        Column("measure", Text, primary_key=True),  # bus/ledger/counters.py
        Column("detail", Text, primary_key=True),  # a code, a clock, a bucket of time; "" where there is none
        Column("amount", BigInteger, nullable=False),
        Index(f"{prefix}daily_agency", "agency", "measure", "day"),
    )
    return Derived(document, delivery, obligation, daily)


now = derived(metadata)
"""The tables in use."""

moved = Table(
    "moved",
    metadata,
    Column("number", Number, primary_key=True),
    Column("document", Number, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("clock", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("why", Text, nullable=False),  # "calendar 2026-4", "successor H30"
    Column("before", BigInteger),  # its due time, or null
    Column("after", BigInteger),
    Index("moved_obligation", "document", "recipient", "clock"),
)
"""The history of obligations whose due time or debtor moved after they began."""

# -- said ---------------------------------------------------------------------------------------------------------------

alert = Table(
    "alert",
    metadata,
    Column("number", Number, primary_key=True),
    Column("cause", Text, nullable=False),  # bus/ledger/alerts/causes.py
    Column("subject", Text, nullable=False),  # a mailbox, an agency, a certificate; "" for the ledger itself
    Column("since", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),  # last found so
    Column("ended_at", BigInteger),
    Column("facts", Free, nullable=False),  # JSON: of its sentences
    UniqueConstraint("cause", "subject", "since", name="alert_once"),
    Index("alert_open", "ended_at", "cause", "subject"),
)

silence = Table(
    "silence",
    metadata,
    Column("number", Number, primary_key=True),
    Column("cause", Text, nullable=False),  # "*": every one
    Column("subject", Text, nullable=False),  # "*": every one
    Column("reason", Free, nullable=False),
    Column("by", Free, nullable=False),
    Column("begins_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
)

notice = Table(
    "notice",
    metadata,
    Column("number", Number, primary_key=True),
    Column("alert", Number, nullable=False),
    Column("what", Text, nullable=False),  # "raised", "ended"
    Column("channel", Text, nullable=False),  # its name in the TOML
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger),  # null: sent, or given up
    Column("sent_at", BigInteger),
    Column("error", Free),
    UniqueConstraint("alert", "what", "channel", name="notice_once"),
    Index("notice_next", "next_at"),
)
"""The outbox of alerts: one message for one channel."""

access = Table(
    "access",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("who", Free, nullable=False),  # a key's name, a certificate's, a user of this machine
    Column("role", Text, nullable=False),
    Column("agency", Text),  # of whom it is
    Column("what", Text, nullable=False),  # "document.show", "report.make"
    Column("subject", Free, nullable=False),  # of what: JSON
    Column("found", Integer),  # how many rows it was shown
    Column("before", Text, nullable=False),  # the hash of the row before
    Column("hash", Text, nullable=False),
)
"""Who asked for what of whom, each row holding the hash of the one before."""

owner = Table(
    "owner",
    metadata,
    Column("mailbox", Text, primary_key=True),  # "ledger"
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("holder", Text),
    Column("since", BigInteger),
)
"""As in a mailbox's store: whose it is, and who holds its lease (bus/store/sql/lease.py)."""
