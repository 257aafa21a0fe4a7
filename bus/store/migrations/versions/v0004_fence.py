"""Owners of a store that several machines share are numbered, so that one of before can never write again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("owner", sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("owner", sa.Column("holder", sa.Text().with_variant(sa.Text(collation="C"), "postgresql")))
    op.add_column("owner", sa.Column("since", sa.BigInteger))
