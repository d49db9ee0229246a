"""An instance made of another one's automated backups, at a point in time."""

import datetime
from typing import Any

from moto.rds.models import RDSBackend

from patchbay_standins.aws.moto_objects import arguments, shown
from patchbay_standins.aws.operations.rds import automated_backups, instances, limits
from patchbay_standins.aws.operations.rds.api import SERVICE, backend
from patchbay_standins.aws.service import AwsError, Call, Result

# What the caller may choose; all else is the source's.
_CHOSEN = (
    "db_instance_class",
    "db_subnet_group_name",
    "deletion_protection",
    "multi_az",
    "publicly_accessible",
    "tags",
)


@SERVICE.operation("RestoreDBInstanceToPointInTime")
def restore_db_instance_to_point_in_time(call: Call) -> Result:
    held, source = backend(call), call.get("SourceDBInstanceIdentifier")
    if not source:
        raise AwsError("InvalidParameterCombination", "SourceDBInstanceIdentifier must be specified.")
    target = call["TargetDBInstanceIdentifier"]
    instance = held.describe_db_instances(source)[0]
    _check(call, held, instance, target)
    # RDS takes the engine's and the account's own where none are named, and not the source's.
    group = call.get("DBParameterGroupName") or f"default.{instance.engine}{limits.series(instance.engine_version)}"
    overrides = {name: value for name, value in arguments(call).items() if name in _CHOSEN}
    overrides |= {"db_parameter_group_name": group, "vpc_security_group_ids": call.get("VpcSecurityGroupIds", [])}
    made = held.restore_db_instance_to_point_in_time(source, target, overrides)
    made.deletion_protection = bool(call.get("DeletionProtection", False))
    instances.settle(call, made)
    return shown(call, {"DBInstance": made})


def _check(call: Call, held: RDSBackend, instance: Any, target: str) -> None:
    """Sources: RDS' reference on the operation and its parameters."""
    if int(instance.backup_retention_period) == 0:
        raise AwsError("PointInTimeRestoreNotEnabled", "Automated backups are not enabled for this database instance.")
    if target in held.databases:
        raise AwsError("DBInstanceAlreadyExists", "DB instance already exists")
    point, latest = call.get("RestoreTime"), bool(call.get("UseLatestRestorableTime", False))
    if latest == bool(point):
        raise AwsError("InvalidParameterCombination", "Specify either RestoreTime or UseLatestRestorableTime.")
    if point is None:
        return
    reach = {name: _utc(moment) for name, moment in automated_backups.window(instance).items()}
    if _utc(point) > reach["LatestTime"]:
        raise AwsError("InvalidParameterValue", f"The latest restorable time is {reach['LatestTime'].isoformat()}.")
    if _utc(point) < reach["EarliestTime"].replace(microsecond=0):
        raise AwsError("InvalidParameterValue", f"The earliest restorable time is {reach['EarliestTime'].isoformat()}.")


def _utc(moment: datetime.datetime) -> datetime.datetime:
    return moment.replace(tzinfo=datetime.UTC) if moment.tzinfo is None else moment.astimezone(datetime.UTC)
