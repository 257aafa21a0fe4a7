"""Content keys are kept until their message is receipted, so that it can be sealed to a recipient's newer key."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("outbox_body", sa.Column("kept_key", sa.LargeBinary))
