"""Who calls."""

from dataclasses import dataclass

from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.rights.roles import OPERATIONS, Role


@dataclass(frozen=True)
class Principal:
    """Who calls, of one tenant or, with None, of the platform. `scopes` narrow the role; None: they do not."""

    id: str
    tenant: str | None
    role: Role
    scopes: frozenset[Operation] | None = None

    @property
    def operations(self) -> frozenset[Operation]:
        """What this principal may do."""
        return granted(self.role, self.scopes)

    def may_enter(self, tenant: str | None) -> bool:
        """Whether what is the tenant's or, with None, the platform's may be this principal's business."""
        return self.tenant is None or self.tenant == tenant

    def may_give(self, role: Role, scopes: frozenset[Operation] | None) -> bool:
        """Whether a key of that role and those scopes can do nothing that this principal cannot.

        A principal with scopes gives none without: an operation that a role gets later would be more than its own.
        """
        if self.scopes is not None and scopes is None:
            return False
        return (OPERATIONS[role] if scopes is None else scopes) <= self.operations


def granted(role: Role, scopes: frozenset[Operation] | None) -> frozenset[Operation]:
    """The operations of a role that is narrowed to `scopes`."""
    return OPERATIONS[role] if scopes is None else OPERATIONS[role] & scopes
