"""The processes that a run may have made, what came with its idempotency key, and how large what is shown is."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add them; runs that there are count from here on, and their keys fit every payload."""
    op.add_column("runs", sa.Column("processes", sa.Integer, nullable=False, server_default="1"), if_not_exists=True)
    op.add_column("runs", sa.Column("payload_digest", sa.CHAR(64, collation="ascii_bin")), if_not_exists=True)
    op.add_column("processes", sa.Column("shown_size", sa.Integer), if_not_exists=True)
    op.create_index("page_of_run", "processes", ["run"], if_not_exists=True)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("page_of_run", "processes")
    op.drop_column("processes", "shown_size")
    op.drop_column("runs", "payload_digest")
    op.drop_column("runs", "processes")
