"""RDS: what moto's instances lose or share, its groups' checks, and backups that are copied to another region."""

from patchbay_standins.aws.operations.rds import (
    automated_backups,
    instances,
    parameter_groups,
    parameter_status,
    restore,
    subnet_groups,
)
from patchbay_standins.aws.operations.rds.api import SERVICE

__all__ = [
    "SERVICE",
    "automated_backups",
    "instances",
    "parameter_groups",
    "parameter_status",
    "restore",
    "subnet_groups",
]
