"""By what the sealing key is known again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table of the check value, of one row."""
    op.create_table(
        "sealing_key",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("check_value", sa.CHAR(64, collation="ascii_bin"), nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("sealing_key")
