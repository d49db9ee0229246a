"""When API keys end, by which they are shown and deleted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add it; MariaDB works it out of the columns that there are."""
    ends_at = sa.Computed("LEAST(expires_at, COALESCE(revoked_at, expires_at))", persisted=False)
    op.add_column("api_keys", sa.Column("ends_at", DATETIME(fsp=6), ends_at), if_not_exists=True)
    op.create_index("of_tenant_by_end", "api_keys", ["tenant", "ends_at"], if_not_exists=True)


def downgrade() -> None:
    """Drop it."""
    op.drop_index("of_tenant_by_end", "api_keys")
    op.drop_column("api_keys", "ends_at")
