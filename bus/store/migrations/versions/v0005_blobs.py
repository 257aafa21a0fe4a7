"""Segments of large attachments beside each box, and how far each message that has such has come."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    for box in ("outbox", "inbox"):
        op.drop_index(f"{box}_later", table_name=box)
        where = sa.text("next_at IS NOT NULL")
        op.create_index(
            f"{box}_later",
            box,
            ["next_at", "priority", "sequence", "size", "state"],
            sqlite_where=where,
            postgresql_where=where,
        )
        _apart(box)


def _apart(box: str) -> None:
    op.create_table(
        f"{box}_blob",
        sa.Column("number", _SEQUENCE, primary_key=True),
        sa.Column("sender", _TEXT, nullable=False),
        sa.Column("message", _TEXT, nullable=False),
        sa.Column("blob", _TEXT, nullable=False),
        sa.Column("sequence", _SEQUENCE, sa.ForeignKey(f"{box}.sequence", ondelete="SET NULL")),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("message", "sender", "blob", name=f"{box}_blob_key"),
    )
    op.create_index(f"{box}_blob_sequence", f"{box}_blob", ["sequence"])
    op.create_table(
        f"{box}_segment",
        sa.Column("of", _SEQUENCE, sa.ForeignKey(f"{box}_blob.number"), primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        f"{box}_transfer",
        sa.Column(
            "sequence",
            _SEQUENCE,
            sa.ForeignKey(f"{box}.sequence", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("began_at", sa.BigInteger, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("kind", _TEXT),
        sa.Column("mark", _TEXT),
        sa.Column("looked", sa.Boolean, nullable=False),
        sa.Column("behind", _TEXT),
        sa.Column("finished_at", sa.BigInteger),
    )
