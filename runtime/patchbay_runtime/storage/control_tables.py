"""Tables of the control schema."""

from sqlalchemy import CHAR, JSON, Column, Computed, DateTime, Index, Integer, MetaData, String, Table, text
from sqlalchemy.dialects.mysql import DATETIME

control = MetaData()

_TIME = DATETIME(fsp=6)

tenants = Table(
    "tenants",
    control,
    Column("name", String(40), primary_key=True),
    Column("created_at", DateTime, nullable=False, server_default=text("CURRENT_TIMESTAMP")),
)

api_keys = Table(
    "api_keys",
    control,
    Column("id", CHAR(24, collation="ascii_bin"), primary_key=True),
    # None: a key of the platform.
    Column("tenant", String(40, collation="ascii_bin")),
    Column("name", String(40, collation="ascii_bin"), nullable=False),
    Column("role", String(20, collation="ascii_bin"), nullable=False),
    # None: all operations of the role.
    Column("scopes", JSON(none_as_null=True)),
    Column("digest", CHAR(64, collation="ascii_bin"), nullable=False),
    # For which a key was asked for: a rotation asks for as many.
    Column("days", Integer, nullable=False),
    Column("created_at", _TIME, nullable=False, server_default=text("CURRENT_TIMESTAMP(6)")),
    Column("created_by", String(64, collation="ascii_bin"), nullable=False),
    Column("expires_at", _TIME, nullable=False),
    Column("revoked_at", _TIME),
    Column("ends_at", _TIME, Computed("LEAST(expires_at, COALESCE(revoked_at, expires_at))", persisted=False)),
    Index("of_tenant", "tenant", "created_at"),
    Index("of_tenant_by_end", "tenant", "ends_at"),
)

members = Table(
    "members",
    control,
    Column("id", CHAR(24, collation="ascii_bin"), primary_key=True),
    # None: of the platform.
    Column("tenant", String(40, collation="ascii_bin")),
    Column("issuer", String(255, collation="ascii_bin"), nullable=False),
    Column("subject", String(255, collation="ascii_bin"), nullable=False),
    # What the provider calls somebody: for people to read, and for nothing else.
    Column("name", String(255, collation="utf8mb4_bin")),
    Column("role", String(20, collation="ascii_bin"), nullable=False),
    Column("created_at", _TIME, nullable=False, server_default=text("CURRENT_TIMESTAMP(6)")),
    Column("created_by", String(64, collation="ascii_bin"), nullable=False),
    Column("signed_in_at", _TIME),
    # A unique index takes any number of NULLs.
    Column("place", String(40, collation="ascii_bin"), Computed("COALESCE(tenant, '')", persisted=False)),
    Index("person_of_place", "issuer", "subject", "place", unique=True),
    Index("of_place", "place", "created_at"),
)

invitations = Table(
    "invitations",
    control,
    Column("id", CHAR(24, collation="ascii_bin"), primary_key=True),
    # None: to the platform.
    Column("tenant", String(40, collation="ascii_bin")),
    Column("role", String(20, collation="ascii_bin"), nullable=False),
    Column("digest", CHAR(64, collation="ascii_bin"), nullable=False),
    Column("created_at", _TIME, nullable=False, server_default=text("CURRENT_TIMESTAMP(6)")),
    Column("created_by", String(64, collation="ascii_bin"), nullable=False),
    Column("expires_at", _TIME, nullable=False),
    Index("of_tenant", "tenant", "created_at"),
)

sealing_key = Table(
    "sealing_key",
    control,
    # One row.
    Column("id", Integer, primary_key=True, autoincrement=False),
    # `webhooks.sealing`.
    Column("check_value", CHAR(64, collation="ascii_bin"), nullable=False),
)
