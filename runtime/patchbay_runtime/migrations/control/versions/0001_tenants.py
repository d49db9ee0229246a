"""Tenants."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the list of tenants."""
    op.create_table(
        "tenants",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("created_at", sa.DateTime, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")),
        if_not_exists=True,
    )


def downgrade() -> None:
    """Drop the list of tenants; their schemas stay."""
    op.drop_table("tenants")
