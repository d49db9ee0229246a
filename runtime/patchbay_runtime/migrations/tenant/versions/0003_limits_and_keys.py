"""The processes that a run may have made, and what came with its idempotency key."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add both; runs that there are count from here on, and their keys fit every payload."""
    op.add_column("runs", sa.Column("processes", sa.Integer, nullable=False, server_default="1"))
    op.add_column("runs", sa.Column("payload_digest", sa.CHAR(64, collation="ascii_bin")))


def downgrade() -> None:
    """Drop both."""
    op.drop_column("runs", "payload_digest")
    op.drop_column("runs", "processes")
