"""The secrets of webhooks, sealed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create their table. A flow that there is gets a secret with its next version, or when one is asked for."""
    op.create_table(
        "webhook_secrets",
        sa.Column("flow", sa.String(40, collation="ascii_bin"), primary_key=True),
        sa.Column("sealed", sa.VARBINARY(255), nullable=False),
        sa.Column("older", sa.VARBINARY(255)),
        sa.Column("older_until", DATETIME(fsp=6)),
        if_not_exists=True,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("webhook_secrets")
