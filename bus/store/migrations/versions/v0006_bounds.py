"""What is under way to each recipient and held of each sender can be summed from an index; a document for many units of
one mailbox is answered in several commits."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_BYTES = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("outbox_recipient", sa.Column("size", _BYTES))
    op.add_column("outbox_recipient", sa.Column("blobs", _BYTES))
    op.add_column("inbox", sa.Column("answered", sa.Integer, nullable=False, server_default="0"))
    op.add_column("inbox", sa.Column("blobs", _BYTES, nullable=False, server_default="0"))
    under_way = sa.text("outcome IS NULL AND size IS NOT NULL")
    op.create_index(
        "outbox_recipient_under_way",
        "outbox_recipient",
        ["mailbox", "size", "blobs", "outcome"],
        sqlite_where=under_way,
        postgresql_where=under_way,
    )
    held = sa.text("size > 0")
    op.create_index("inbox_held", "inbox", ["sender", "size", "blobs"], sqlite_where=held, postgresql_where=held)
    op.execute(
        """
        UPDATE outbox_recipient SET blobs = 0, size = (
            SELECT outbox.size FROM outbox WHERE outbox.sequence = outbox_recipient.sequence
                AND outbox.submission IS NOT NULL AND outbox.size > 0
        )
        WHERE outcome IS NULL
        """
    )
