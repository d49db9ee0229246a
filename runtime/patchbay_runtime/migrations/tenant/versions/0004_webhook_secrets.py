"""The secrets of webhooks, sealed, and the time that senders of earlier flows have to be given one."""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME

revision = "0004"
down_revision = "0003"

# For whoever has to reach the senders, each at its own administration.
UNPROVEN_DAYS = 30
WORD = sa.String(40, collation="ascii_bin")
TIME = DATETIME(fsp=6)

# Those that a run of this migration that was cut off has marked keep their time.
_EARLIER = sa.text(
    "SELECT name, latest_version FROM flows"
    " WHERE unproven_until IS NULL AND name NOT IN (SELECT flow FROM webhook_secrets)"
)
_DOCUMENT = sa.text("SELECT document FROM flow_versions WHERE flow = :name AND version = :latest_version")
_MARK = sa.text("UPDATE flows SET unproven_until = NOW(6) + INTERVAL :days DAY WHERE name = :name")


def upgrade() -> None:
    """Create their table, and let the webhooks that there are go on without a proof for UNPROVEN_DAYS."""
    op.create_table(
        "webhook_secrets",
        sa.Column("flow", WORD, primary_key=True),
        sa.Column("sealed", sa.VARBINARY(255), nullable=False),
        sa.Column("older", sa.VARBINARY(255)),
        sa.Column("older_until", TIME),
        if_not_exists=True,
    )
    op.add_column("flows", sa.Column("unproven_until", TIME), if_not_exists=True)
    connection = op.get_bind()
    # One document at a time: a pod that migrates has little memory.
    for flow in connection.execute(_EARLIER).mappings().all():
        document = connection.execute(_DOCUMENT, dict(flow)).scalar_one()
        if _asks_for_nothing(document):
            connection.execute(_MARK, {"name": flow["name"], "days": UNPROVEN_DAYS})


def downgrade() -> None:
    """Drop both."""
    op.drop_column("flows", "unproven_until")
    op.drop_table("webhook_secrets")


def _asks_for_nothing(document: str) -> bool:
    """Whether it starts with an http-trigger that does not say how its senders are known."""
    flow = json.loads(document)
    start = flow["steps"][flow["start"]]
    return start["shape"] == "http-trigger" and "access" not in start.get("config", {})
