"""Messages that expire, documents that are due, and how urgent the document is that a status is about."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("outbox", sa.Column("expires_at", sa.BigInteger))
    op.create_index(
        "outbox_expires",
        "outbox",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.add_column("dossier", sa.Column("priority", sa.SmallInteger, nullable=False, server_default="0"))
    for name in ("due_on", "told", "watched"):
        op.add_column("dossier", sa.Column(name, _TEXT))
    op.create_index(
        "dossier_watched",
        "dossier",
        ["watched"],
        sqlite_where=sa.text("watched IS NOT NULL"),
        postgresql_where=sa.text("watched IS NOT NULL"),
    )
