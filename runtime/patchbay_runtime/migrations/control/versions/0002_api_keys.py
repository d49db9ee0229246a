"""API keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME

revision = "0002"
down_revision = "0001"

WORD = sa.String(40, collation="ascii_bin")
TIME = DATETIME(fsp=6)


def upgrade() -> None:
    """Create the list of keys, of which it has digests alone."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.CHAR(24, collation="ascii_bin"), primary_key=True),
        sa.Column("tenant", WORD),
        sa.Column("name", WORD, nullable=False),
        sa.Column("role", sa.String(20, collation="ascii_bin"), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True)),
        sa.Column("digest", sa.CHAR(64, collation="ascii_bin"), nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("created_at", TIME, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP(6)")),
        sa.Column("created_by", sa.String(64, collation="ascii_bin"), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME),
        if_not_exists=True,
    )
    op.create_index("of_tenant", "api_keys", ["tenant", "created_at"], if_not_exists=True)


def downgrade() -> None:
    """Drop the list of keys."""
    op.drop_table("api_keys")
