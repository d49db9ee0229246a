"""What can be asked of the API."""

from enum import StrEnum


class Operation(StrEnum):
    """Each route is one of these, or is declared open."""

    TENANT_CREATE = "tenant.create"
    FLOW_READ = "flow.read"
    FLOW_REGISTER = "flow.register"
    RUN_LIST = "run.list"
    RUN_READ = "run.read"
    RUN_START = "run.start"
    KEY_READ = "key.read"
    KEY_MANAGE = "key.manage"
    MEMBER_READ = "member.read"
    MEMBER_MANAGE = "member.manage"
    HORIZON_READ = "horizon.read"
    AUDIT_READ = "audit.read"
    OPENING_MANAGE = "opening.manage"
