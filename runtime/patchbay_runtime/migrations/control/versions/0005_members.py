"""People, and invitations to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME

revision = "0005"
down_revision = "0004"

ID = sa.CHAR(24, collation="ascii_bin")
WORD = sa.String(40, collation="ascii_bin")
ROLE = sa.String(20, collation="ascii_bin")
NAME = sa.String(255, collation="ascii_bin")
TIME = DATETIME(fsp=6)
NOW = sa.text("CURRENT_TIMESTAMP(6)")


def upgrade() -> None:
    """Create the lists of people and of invitations, of which it has digests alone."""
    op.create_table(
        "members",
        sa.Column("id", ID, primary_key=True),
        sa.Column("tenant", WORD),
        sa.Column("issuer", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("name", sa.String(255, collation="utf8mb4_bin")),
        sa.Column("role", ROLE, nullable=False),
        sa.Column("created_at", TIME, nullable=False, server_default=NOW),
        sa.Column("created_by", sa.String(64, collation="ascii_bin"), nullable=False),
        sa.Column("signed_in_at", TIME),
        sa.Column("place", WORD, sa.Computed("COALESCE(tenant, '')", persisted=False)),
        if_not_exists=True,
    )
    op.create_index("person_of_place", "members", ["issuer", "subject", "place"], unique=True, if_not_exists=True)
    op.create_index("of_place", "members", ["place", "created_at"], if_not_exists=True)
    op.create_table(
        "invitations",
        sa.Column("id", ID, primary_key=True),
        sa.Column("tenant", WORD),
        sa.Column("role", ROLE, nullable=False),
        sa.Column("digest", sa.CHAR(64, collation="ascii_bin"), nullable=False),
        sa.Column("created_at", TIME, nullable=False, server_default=NOW),
        sa.Column("created_by", sa.String(64, collation="ascii_bin"), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        if_not_exists=True,
    )
    op.create_index("of_tenant", "invitations", ["tenant", "created_at"], if_not_exists=True)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("invitations")
    op.drop_table("members")
