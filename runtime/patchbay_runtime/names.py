"""Names of tenants and of their schemas."""

import re
from typing import Annotated

from pydantic import StringConstraints

NAME_PATTERN = r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""A tenant's, flow's or step's name: lower-case letters, digits and inner hyphens, at most 40."""


def is_name(text: str) -> bool:
    """Whether a tenant, a flow or a step may be called so."""
    return re.fullmatch(NAME_PATTERN, text) is not None


def tenant_schema(tenant: str) -> str:
    """The database schema of a tenant; a hyphen is not worth quoting in every tool, so it becomes an underscore."""
    return f"tenant_{tenant.replace('-', '_')}"
