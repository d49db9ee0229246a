"""The places of runs in the list; those that there are get theirs from the reconciler."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the places, and the counter that they come from."""
    op.add_column("runs", sa.Column("place", sa.BigInteger), if_not_exists=True)
    op.create_index("one_run_per_place", "runs", ["place"], unique=True, if_not_exists=True)
    op.create_table(
        "run_counter",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.execute("INSERT IGNORE INTO run_counter (id, last) VALUES (1, 0)")


def downgrade() -> None:
    """Drop both."""
    op.drop_table("run_counter")
    op.drop_index("one_run_per_place", "runs")
    op.drop_column("runs", "place")
