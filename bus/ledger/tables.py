"""The tables of a ledger, as they are today. How an older ledger comes to look like this is in migrations/.

Three sorts. *Kept*: what came, as it came (`event`, `seen`, `checkpoint`, `calendar`). *Derived*: what follows from
it, made anew by a rebuild (`derived`). *Said*: what people and the ledger itself added (alerts, silences, access).
Times are microseconds (bus/store/sql/times.py), days are ISO texts.
"""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    literal_column,
)

from bus.ledger.derived import Free, Number, Text, derived

metadata = MetaData()

GENUINE: Final = "genuine"
"""The standing of an event whose signature stands. Any other standing is the code of an error."""

# -- kept --------------------------------------------------------------------------------------------------------------

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

YEAR: Final = 10_000_000_000
"""Events are numbered from `year of receipt * YEAR` on, in the broker's order: those of a year are a span."""

year = Table(
    "year",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
)
"""The years that have a table of events."""


def _event_columns() -> tuple[Column[Any], ...]:
    return (
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
        Column("about", Number),  # document.number; null: a receipt, or not genuine and about none that is known
        Column("size", Number, nullable=False),  # of the whole body, which is not kept
        Column("docket", LargeBinary, nullable=False),  # as signed
        Column("signature", LargeBinary, nullable=False),  # schemas/framing: algorithm, key id, value
    )


event = Table("event", metadata, *_event_columns(), info={"years": True})
"""All years' together. Append-only. On PostgreSQL the past is a partition a year, on SQLite a table a year under a view
of this name: it is dropped whole (bus/ledger/years.py)."""


@lru_cache(maxsize=64)
def event_of(of: int) -> Table:
    """The events of one year of receipt. Not in `metadata`: years come and go."""
    table = Table(f"event_{of}", MetaData(), *_event_columns())
    Index(f"event_{of}_about", table.c.about, sqlite_where=table.c.about.is_not(None))
    is_unproven = table.c.standing != literal_column(f"'{GENUINE}'")
    Index(f"event_{of}_unproven", table.c.received_at, sqlite_where=is_unproven)
    return table


seen = Table(
    "seen",
    metadata,
    Column("message", Text, primary_key=True),
    Column("mailbox", Text, primary_key=True),
    Column("genuine", Boolean, primary_key=True),  # what is forged must not stand in the way of what is not
    Column("docket_sha256", LargeBinary, nullable=False),
    Column("event", Number, nullable=False),
    Column("document", Number),  # document.number that it is about; null: a receipt, or not genuine
    sqlite_with_rowid=False,
)
"""Deduplicates, and leads from a receipt's line to the document."""

receipt_line = Table(
    "receipt_line",
    metadata,
    Column("message", Text, primary_key=True),
    Column("mailbox", Text, primary_key=True),  # who answers
    Column("sender", Text, primary_key=True),  # the mailbox whose message it was
    Column("docket_sha256", LargeBinary, primary_key=True),  # for exactly this docket
    Column("outcome", Text, nullable=False),
    Column("code", Text),
    Column("at", BigInteger, nullable=False),
    Column("event", Number, nullable=False),  # of the receipt
    sqlite_with_rowid=False,
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


# -- derived -----------------------------------------------------------------------------------------------------------

now = derived(metadata)
"""The tables in use: bus/ledger/derived.py."""

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

# -- said --------------------------------------------------------------------------------------------------------------

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
