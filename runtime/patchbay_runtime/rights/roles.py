"""Which role may do what: the one table that checks, tests and `docs/access.md` are made from."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from patchbay_runtime.rights.operations import Operation


class Role(StrEnum):
    """A named set of operations."""

    OWNER = "owner"
    DEVELOPER = "developer"
    OPERATOR = "operator"
    VIEWER = "viewer"
    ADMINISTRATOR = "administrator"
    SUPPORT = "support"


TENANT_ROLES: Final = (Role.OWNER, Role.DEVELOPER, Role.OPERATOR, Role.VIEWER)
"""Of people and keys that belong to a tenant."""

PLATFORM_ROLES: Final = (Role.ADMINISTRATOR, Role.SUPPORT)
"""Of people and keys that belong to none: they hold in every tenant."""

_VIEWER: Final = frozenset({Operation.FLOW_READ, Operation.RUN_LIST, Operation.RUN_READ})
_OPERATOR: Final = _VIEWER | {Operation.RUN_START}
_DEVELOPER: Final = _OPERATOR | {Operation.FLOW_REGISTER}
_OWNER: Final = _DEVELOPER | {
    Operation.KEY_READ,
    Operation.KEY_MANAGE,
    Operation.MEMBER_READ,
    Operation.MEMBER_MANAGE,
    Operation.AUDIT_READ,
}

OPERATIONS: Final[Mapping[Role, frozenset[Operation]]] = {
    Role.OWNER: _OWNER,
    Role.DEVELOPER: _DEVELOPER,
    Role.OPERATOR: _OPERATOR,
    Role.VIEWER: _VIEWER,
    Role.ADMINISTRATOR: frozenset(Operation),
    Role.SUPPORT: _VIEWER | {Operation.HORIZON_READ},
}


def roles_that_may(operation: Operation, *, in_a_tenant: bool) -> list[Role]:
    """The roles with the operation; outside of tenants only those of the platform."""
    roles = (*TENANT_ROLES, *PLATFORM_ROLES) if in_a_tenant else PLATFORM_ROLES
    return [role for role in roles if operation in OPERATIONS[role]]
