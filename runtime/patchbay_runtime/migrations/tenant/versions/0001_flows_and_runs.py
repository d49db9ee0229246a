"""Flows, runs and processes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT

revision = "0001"
down_revision = None

IDENTIFIER = sa.CHAR(32, collation="ascii_bin")
WORD = sa.String(40, collation="ascii_bin")
STATUS = sa.String(10, collation="ascii_bin")
TIME = DATETIME(fsp=6)
NOW = sa.text("CURRENT_TIMESTAMP(6)")


def upgrade() -> None:
    """Create the tenant's tables."""
    op.create_table(
        "flows",
        sa.Column("name", WORD, primary_key=True),
        sa.Column("latest_version", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "flow_versions",
        sa.Column("flow", WORD, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("document", LONGTEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False, server_default=NOW),
        if_not_exists=True,
    )
    op.create_table(
        "runs",
        sa.Column("id", IDENTIFIER, primary_key=True),
        sa.Column("flow", WORD, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", STATUS, nullable=False),
        sa.Column("open_processes", sa.Integer, nullable=False),
        sa.Column("failed_process", IDENTIFIER),
        sa.Column("idempotency_key", sa.String(200, collation="utf8mb4_bin")),
        sa.Column("created_at", TIME, nullable=False, server_default=NOW),
        sa.Column("finished_at", TIME),
        sa.UniqueConstraint("flow", "idempotency_key", name="one_run_per_key"),
        if_not_exists=True,
    )
    op.create_table(
        "processes",
        sa.Column("id", IDENTIFIER, primary_key=True),
        sa.Column("run", IDENTIFIER, nullable=False),
        sa.Column("parent", IDENTIFIER),
        sa.Column("flow", WORD, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("step", WORD, nullable=False),
        sa.Column("shape", WORD, nullable=False),
        sa.Column("element", sa.String(120, collation="ascii_bin"), nullable=False, server_default=""),
        sa.Column("status", STATUS, nullable=False),
        sa.Column("leaf", sa.Integer, nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("payload", LONGTEXT),
        sa.Column("variables", LONGTEXT),
        sa.Column("output", LONGTEXT),
        sa.Column("error", LONGTEXT),
        sa.Column("available_at", TIME, nullable=False, server_default=NOW),
        sa.Column("started_at", TIME),
        sa.Column("finished_at", TIME),
        if_not_exists=True,
    )
    op.create_index("of_run", "processes", ["run", "parent"], if_not_exists=True)
    op.create_index("unfinished", "processes", ["status", "available_at"], if_not_exists=True)


def downgrade() -> None:
    """Drop the tenant's tables."""
    for table in ("processes", "runs", "flow_versions", "flows"):
        op.drop_table(table)
