"""Tables of the control schema."""

from sqlalchemy import Column, DateTime, MetaData, String, Table, text

control = MetaData()

tenants = Table(
    "tenants",
    control,
    Column("name", String(40), primary_key=True),
    Column("created_at", DateTime, nullable=False, server_default=text("CURRENT_TIMESTAMP")),
)
