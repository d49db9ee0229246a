"""Which instances wait for a reboot until their parameter group is in force; moto's never do.

Source: RDS' user guide, "Major version upgrades for RDS for MariaDB", and API reference, ModifyDBInstance: another
group is in force only after a reboot that somebody asks for, also where changes are made at once.
"""

import copy
from typing import Any

from moto.rds.models import DBInstance

from patchbay_standins.aws.operations.rds.api import SERVICE, backend
from patchbay_standins.aws.service import BY_MOTO, Call, Served


def await_reboot(instance: Any) -> None:
    instance.waits_for_reboot = True


def _statuses(instance: Any) -> list[Any]:
    found = []
    for group in map(copy.copy, instance.db_parameter_groups()):
        group.ParameterApplyStatus = "pending-reboot" if getattr(instance, "waits_for_reboot", False) else "in-sync"
        found.append(group)
    return found


DBInstance.db_parameter_group_status_list = property(_statuses)  # type: ignore[assignment]


@SERVICE.operation("RebootDBInstance")
def reboot_db_instance(call: Call) -> Served:
    backend(call).describe_db_instances(call["DBInstanceIdentifier"])[0].waits_for_reboot = False  # type: ignore[attr-defined]
    return BY_MOTO
