"""Tables of a tenant's schema; the schema `tenant` is translated to the tenant's own for every statement.

No foreign keys between runs and processes: inserting a process would lock its run's row for the rest of the
transaction, and forty processes that end together would then deadlock on the counter.
"""

from sqlalchemy import (
    CHAR,
    VARBINARY,
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT

tenant = MetaData(schema="tenant")

_ID = CHAR(32, collation="ascii_bin")
_WORD = String(40, collation="ascii_bin")
_TIME = DATETIME(fsp=6)
_NOW = text("CURRENT_TIMESTAMP(6)")

flows = Table(
    "flows",
    tenant,
    Column("name", _WORD, primary_key=True),
    Column("latest_version", Integer, nullable=False),
    # Of flows from before webhooks had secrets: until then their senders need none.
    Column("unproven_until", _TIME),
)

flow_versions = Table(
    "flow_versions",
    tenant,
    Column("flow", _WORD, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", LONGTEXT, nullable=False),
    Column("created_at", _TIME, nullable=False, server_default=_NOW),
)

webhook_secrets = Table(
    "webhook_secrets",
    tenant,
    Column("flow", _WORD, primary_key=True),
    # `webhooks.sealing`.
    Column("sealed", VARBINARY(255), nullable=False),
    # The one before it, good until this time.
    Column("older", VARBINARY(255)),
    Column("older_until", _TIME),
)

runs = Table(
    "runs",
    tenant,
    Column("id", _ID, primary_key=True),
    Column("flow", _WORD, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String(10, collation="ascii_bin"), nullable=False),
    # Processes that are waiting or running; the run ends when it reaches zero.
    Column("open_processes", Integer, nullable=False),
    # The most that may have come of it by its splits so far.
    Column("processes", Integer, nullable=False, server_default="1"),
    Column("failed_process", _ID),
    Column("idempotency_key", String(200, collation="utf8mb4_bin")),
    # SHA-256 of the payload that came with the key.
    Column("payload_digest", CHAR(64, collation="ascii_bin")),
    Column("created_at", _TIME, nullable=False, server_default=_NOW),
    Column("finished_at", _TIME),
    # In the list; given after the run can be seen, from the counter below.
    Column("place", BigInteger),
    UniqueConstraint("flow", "idempotency_key", name="one_run_per_key"),
    Index("one_run_per_place", "place", unique=True),
)

run_counter = Table(
    "run_counter",
    tenant,
    # One row.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

processes = Table(
    "processes",
    tenant,
    Column("id", _ID, primary_key=True),
    Column("run", _ID, nullable=False),
    Column("parent", _ID),
    Column("flow", _WORD, nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", _WORD, nullable=False),
    Column("shape", _WORD, nullable=False),
    # Which element of each split above it the process works on, such as "3" or "3.0"; empty before any split.
    Column("element", String(120, collation="ascii_bin"), nullable=False, server_default=""),
    Column("status", String(10, collation="ascii_bin"), nullable=False),
    # Ended without a child: its output is the run's.
    Column("leaf", Integer, nullable=False, server_default="0"),
    # Failed executions so far.
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("payload", LONGTEXT),
    Column("variables", LONGTEXT),
    Column("output", LONGTEXT),
    Column("error", LONGTEXT),
    # Characters of its payload, or of its output once it has one. Null: from before they were counted.
    Column("shown_size", Integer),
    # Not before this time: now, the end of a delay or of a backoff.
    Column("available_at", _TIME, nullable=False, server_default=_NOW),
    Column("started_at", _TIME),
    Column("finished_at", _TIME),
    Index("of_run", "run", "parent"),
    # In the order of their identifiers, which every index ends with.
    Index("page_of_run", "run"),
    Index("unfinished", "status", "available_at"),
)
