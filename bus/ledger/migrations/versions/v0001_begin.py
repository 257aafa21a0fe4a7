"""The first tables: what came, what follows from it, what people said."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "ledger1"
down_revision = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_OPEN: dict[str, Any] = {"sqlite_where": sa.text("open = 1"), "postgresql_where": sa.text("open")}

_EVENT = (
    ("number", "BIGINT NOT NULL"),
    ("received_at", "BIGINT NOT NULL"),
    ("stream", 'TEXT COLLATE "C" NOT NULL'),
    ("epoch", "INTEGER NOT NULL"),
    ('"offset"', "BIGINT NOT NULL"),
    ("at", "BIGINT NOT NULL"),
    ("kind", 'TEXT COLLATE "C" NOT NULL'),
    ("message", 'TEXT COLLATE "C" NOT NULL'),
    ("mailbox", 'TEXT COLLATE "C" NOT NULL'),
    ("publisher", 'TEXT COLLATE "C" NOT NULL'),
    ("standing", 'TEXT COLLATE "C" NOT NULL'),
    ("about", "BIGINT"),
    ("size", "BIGINT NOT NULL"),
    ("docket", "BYTEA NOT NULL"),
    ("signature", "BYTEA NOT NULL"),
)


def upgrade() -> None:
    _events()
    _kept()
    _document()
    _delivery()
    _obligation()
    _said()
    _access()


def _events() -> None:
    """The table of a year is made when its first event comes: bus/ledger/years.py."""
    if op.get_bind().dialect.name == "postgresql":
        columns = ", ".join(f"{name} {type_}" for name, type_ in _EVENT)
        op.execute(f"CREATE TABLE event ({columns}, PRIMARY KEY (number)) PARTITION BY RANGE (number)")
        op.execute("ALTER TABLE event ALTER COLUMN signature SET STORAGE PLAIN")
    else:
        nothing = ", ".join(f"NULL AS {name}" for name, _ in _EVENT)
        op.execute(f"CREATE VIEW event AS SELECT {nothing} WHERE 0")


def _kept() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("stream", _TEXT, primary_key=True),
        sa.Column("next", sa.BigInteger, nullable=False),
        sa.Column("last_offset", sa.BigInteger),
        sa.Column("last_sha256", _TEXT),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "year",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    )
    op.create_table(
        "seen",
        sa.Column("message", _TEXT, primary_key=True),
        sa.Column("mailbox", _TEXT, primary_key=True),
        sa.Column("genuine", sa.Boolean, primary_key=True),
        sa.Column("docket_sha256", sa.LargeBinary, nullable=False),
        sa.Column("event", _NUMBER, nullable=False),
        sa.Column("document", _NUMBER),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "receipt_line",
        sa.Column("message", _TEXT, primary_key=True),
        sa.Column("mailbox", _TEXT, primary_key=True),
        sa.Column("sender", _TEXT, primary_key=True),
        sa.Column("docket_sha256", sa.LargeBinary, primary_key=True),
        sa.Column("outcome", _TEXT, nullable=False),
        sa.Column("code", _TEXT),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", _NUMBER, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "calendar",
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("edition", sa.Integer, primary_key=True),
        sa.Column("taken_at", sa.BigInteger, nullable=False),
        sa.Column("signed", sa.LargeBinary, nullable=False),
    )


def _document() -> None:
    op.create_table(
        "document",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("issuer", _TEXT, nullable=False),
        sa.Column("document", _TEXT, nullable=False),
        sa.Column("form", _TEXT, nullable=False),
        sa.Column("known", sa.Boolean, nullable=False),
        sa.Column("sender", _TEXT, nullable=False),
        sa.Column("mailbox", _TEXT, nullable=False),
        sa.Column("message", _TEXT),
        sa.Column("business", sa.SmallInteger),
        sa.Column("code_number", _TEXT),
        sa.Column("code_notation", _TEXT),
        sa.Column("code_form", _TEXT),
        sa.Column("issued_on", _TEXT),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("due_on", _TEXT),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("attachments", sa.Integer, nullable=False),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("changes", _TEXT),
        sa.Column("changed_by", _TEXT),
    )
    op.create_index("document_code", "document", ["code_form", "issued_on"])
    op.create_index("document_form", "document", ["form", "issuer"])
    op.create_index("document_sender", "document", ["sender", "sent_at", "number"])
    op.create_index("document_sent", "document", ["sent_at", "number"])


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("document", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("agency", _TEXT, primary_key=True),
        sa.Column("mailbox", _TEXT, nullable=False),
        sa.Column("sender", _TEXT, nullable=False),
        sa.Column("message", _TEXT),
        sa.Column("carried", _TEXT),
        sa.Column("business", sa.SmallInteger),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.Column("outcome", _TEXT),
        sa.Column("refusal", _TEXT),
        sa.Column("receipted_at", sa.BigInteger),
        sa.Column("state", _TEXT),
        sa.Column("change", _TEXT, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("at_01", sa.BigInteger),
        sa.Column("at_02", sa.BigInteger),
        sa.Column("at_03", sa.BigInteger),
        sa.Column("at_04", sa.BigInteger),
        sa.Column("at_05", sa.BigInteger),
        sa.Column("at_06", sa.BigInteger),
        sa.Column("at_13", sa.BigInteger),
        sa.Column("at_15", sa.BigInteger),
        sa.Column("at_16", sa.BigInteger),
        sa.Column("statuses", _TEXT, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("delivery_agency", "delivery", ["agency", "sent_at", "document"])
    op.create_index("delivery_agency_state", "delivery", ["agency", "state", "sent_at", "document"])
    op.create_index("delivery_sender_state", "delivery", ["sender", "state", "sent_at", "document"])
    waiting = sa.text("outcome IS NULL AND state IS NULL")
    op.create_index("delivery_waiting", "delivery", ["sent_at"], sqlite_where=waiting, postgresql_where=waiting)
    changed = sa.text("change != 'none'")
    for name, end in (("to", "agency"), ("from", "sender")):
        columns = [end, "sent_at", "document"]
        op.create_index(f"delivery_changed_{name}", "delivery", columns, sqlite_where=changed, postgresql_where=changed)
    rare = sa.text("change != 'none' OR state = '02' OR outcome = 'refused'")
    columns = ["sent_at", "document"]
    op.create_index("delivery_exceptional", "delivery", columns, sqlite_where=rare, postgresql_where=rare)


def _obligation() -> None:
    op.create_table(
        "obligation",
        sa.Column("document", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("recipient", _TEXT, primary_key=True),
        sa.Column("clock", _TEXT, primary_key=True),
        sa.Column("debtor", _TEXT, nullable=False),
        sa.Column("creditor", _TEXT, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("warn_at", sa.BigInteger),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("met_at", sa.BigInteger),
        sa.Column("met_by", _TEXT),
        sa.Column("void_at", sa.BigInteger),
        sa.Column("void_why", _TEXT),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("calendar", _TEXT, nullable=False),
        sa.Column("provisional", sa.Boolean, nullable=False),
        sa.Column("passed_to", _TEXT),
        sqlite_with_rowid=False,
    )
    op.create_index("obligation_creditor", "obligation", ["creditor", "due_at"], **_OPEN)
    op.create_index("obligation_debtor", "obligation", ["debtor", "due_at"], **_OPEN)
    op.create_index("obligation_due", "obligation", ["due_at"], **_OPEN)
    op.create_table(
        "daily",
        sa.Column("day", _TEXT, primary_key=True),
        sa.Column("agency", _TEXT, primary_key=True),
        sa.Column("measure", _TEXT, primary_key=True),
        sa.Column("detail", _TEXT, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("daily_agency", "daily", ["agency", "measure", "day"])
    op.create_table(
        "moved",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("document", _NUMBER, nullable=False),
        sa.Column("recipient", _TEXT, nullable=False),
        sa.Column("clock", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("why", _TEXT, nullable=False),
        sa.Column("before", sa.BigInteger),
        sa.Column("after", sa.BigInteger),
    )
    op.create_index("moved_obligation", "moved", ["document", "recipient", "clock"])


def _said() -> None:
    op.create_table(
        "alert",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("cause", _TEXT, nullable=False),
        sa.Column("subject", _TEXT, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("facts", _TEXT, nullable=False),
        sa.UniqueConstraint("cause", "subject", "since", name="alert_once"),
    )
    op.create_index("alert_open", "alert", ["ended_at", "cause", "subject"])
    op.create_table(
        "silence",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("cause", _TEXT, nullable=False),
        sa.Column("subject", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("by", _TEXT, nullable=False),
        sa.Column("begins_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "notice",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("alert", _NUMBER, nullable=False),
        sa.Column("what", _TEXT, nullable=False),
        sa.Column("channel", _TEXT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("error", _TEXT),
        sa.UniqueConstraint("alert", "what", "channel", name="notice_once"),
    )
    op.create_index("notice_next", "notice", ["next_at"])


def _access() -> None:
    op.create_table(
        "access",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", _TEXT, nullable=False),
        sa.Column("role", _TEXT, nullable=False),
        sa.Column("agency", _TEXT),
        sa.Column("what", _TEXT, nullable=False),
        sa.Column("subject", _TEXT, nullable=False),
        sa.Column("found", sa.Integer),
        sa.Column("before", _TEXT, nullable=False),
        sa.Column("hash", _TEXT, nullable=False),
    )
    op.create_table(
        "owner",
        sa.Column("mailbox", _TEXT, primary_key=True),
        sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("holder", _TEXT),
        sa.Column("since", sa.BigInteger),
    )
