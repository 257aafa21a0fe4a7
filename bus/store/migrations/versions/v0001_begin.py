"""The first tables: outbox, inbox, dossiers, history."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Revisions 1 to 3 were released for SQLite alone: what they make there stays as it was.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _box(
        "outbox",
        sa.Column("expects_receipts", sa.Boolean, nullable=False),
        sa.Column("headers", _TEXT),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("tried", sa.Boolean, nullable=False),
        sa.UniqueConstraint("message", name="outbox_message"),
    )
    _box(
        "inbox",
        sa.Column("sender", _TEXT, nullable=False),
        sa.UniqueConstraint("message", "sender", name="inbox_message"),
    )
    op.create_table(
        "outbox_recipient",
        _of("outbox"),
        sa.Column("mailbox", _TEXT, primary_key=True),
        sa.Column("routing", _TEXT, nullable=False),
        sa.Column("confirmed", sa.Boolean, nullable=False),
        sa.Column("outcome", _TEXT),
        sa.Column("code", _TEXT),
        sa.Column("at", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    _history()
    op.create_table("owner", sa.Column("mailbox", _TEXT, primary_key=True))


def _box(name: str, *own: sa.Column[object] | sa.UniqueConstraint) -> None:
    op.create_table(
        name,
        sa.Column("sequence", _SEQUENCE, primary_key=True, autoincrement=False),
        sa.Column("message", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("size", _SEQUENCE, nullable=False),
        sa.Column("entered_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("document", _TEXT),
        sa.Column("submission", _TEXT),
        sa.Column("ref", _TEXT),
        sa.Column("error", _TEXT),
        *own,
        sa.Column("docket", sa.LargeBinary, nullable=False),
    )
    op.create_table(f"{name}_body", _of(name), sa.Column("body", sa.LargeBinary, nullable=False))
    if op.get_bind().dialect.name == "postgresql":  # sealed bytes do not get smaller: it need not try
        op.execute(f"ALTER TABLE {name}_body ALTER COLUMN body SET STORAGE EXTERNAL")
    at_once: list[str | sa.TextClause] = ["state", sa.text("priority DESC"), "sequence", "size", "next_at"]
    _index(name, "at_once", at_once, where="state = 'waiting' AND next_at IS NULL")
    _index(name, "later", ["next_at", "priority", "sequence", "size"], where="next_at IS NOT NULL")
    op.create_index(f"{name}_state", name, ["state", "sequence"])
    _index(name, "submission", ["submission"], where="submission IS NOT NULL")
    _index(name, "document", ["document"], where="document IS NOT NULL")


def _index(box: str, name: str, columns: Sequence[str | sa.TextClause], *, where: str) -> None:
    condition = sa.text(where)
    op.create_index(f"{box}_{name}", box, columns, sqlite_where=condition, postgresql_where=condition)


def _of(box: str) -> sa.Column[object]:
    return sa.Column(
        "sequence",
        _SEQUENCE,
        sa.ForeignKey(f"{box}.sequence", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )


def _history() -> None:
    op.create_table(
        "dossier",
        sa.Column("issuer", _TEXT, primary_key=True),
        sa.Column("document", _TEXT, primary_key=True),
        sa.Column("handler", _TEXT, primary_key=True),
        sa.Column("state", _TEXT),
        sa.Column("change", _TEXT, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("code", _TEXT),
        sa.Column("issued_on", _TEXT),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("ref", _TEXT),
        sa.Column("document_form", _TEXT, nullable=False),
        sa.Column("code_form", _TEXT),
    )
    op.create_index("dossier_document_form", "dossier", ["issuer", "document_form"])
    op.create_index("dossier_code_form", "dossier", ["issuer", "code_form", "issued_on"])
    op.create_table(
        "status",
        sa.Column("number", _SEQUENCE, primary_key=True),
        sa.Column("issuer", _TEXT, nullable=False),
        sa.Column("document", _TEXT, nullable=False),
        sa.Column("handler", _TEXT, nullable=False),
        sa.Column("code", _TEXT, nullable=False),
        sa.Column("verdict", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("message", _TEXT, nullable=False),
        sa.Column("description", _TEXT),
        sa.Column("document_form", _TEXT, nullable=False),
    )
    op.create_index("status_document_form", "status", ["document_form", "issuer"])
    op.create_table(
        "event",
        sa.Column("number", _SEQUENCE, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("message", _TEXT),
        sa.Column("issuer", _TEXT),
        sa.Column("document", _TEXT),
        sa.Column("document_form", _TEXT),
        sa.Column("detail", _TEXT, nullable=False),
    )
    op.create_index("event_document_form", "event", ["document_form"])
    op.create_index("event_message", "event", ["message"])
