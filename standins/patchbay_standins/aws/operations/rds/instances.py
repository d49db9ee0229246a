"""Database instances: where they run, what moto does not keep, and replicas that share nothing with their source."""

import base64
import hashlib
from typing import Any

from moto.core.utils import utcnow

from patchbay_standins.aws.moto_objects import arguments, shown
from patchbay_standins.aws.operations.rds import limits
from patchbay_standins.aws.operations.rds.api import SERVICE, backend
from patchbay_standins.aws.operations.rds.parameter_status import await_reboot
from patchbay_standins.aws.service import AwsError, Call, Result


def _place(call: Call, instance: Any) -> None:
    """Puts the instance, and the standby of a multi-AZ one, into zones of its subnet group."""
    group = getattr(instance, "db_subnet_group", None)
    zones = [subnet["SubnetAvailabilityZone"]["Name"] for subnet in group.subnets] if group else []
    if zones and instance.availability_zone not in zones:
        if call.get("AvailabilityZone"):
            raise AwsError(
                "InvalidVPCNetworkStateFault", f"The DB subnet group has no subnet in {call['AvailabilityZone']}."
            )
        instance.availability_zone = zones[0]
    others = [zone for zone in zones if zone != instance.availability_zone]
    instance.secondary_availability_zone = others[0] if instance.multi_az and others else None


def _check_zone(call: Call) -> None:
    if call.get("MultiAZ") and call.get("AvailabilityZone"):
        raise AwsError(
            "InvalidParameterCombination",
            "Requesting a specific availability zone is not valid for Multi-AZ instances.",
        )


def _keep(call: Call, instance: Any) -> None:
    """What moto takes under another name than it shows."""
    if call.get("EnablePerformanceInsights") is not None:
        instance.performance_insights_enabled = call["EnablePerformanceInsights"]
    if getattr(instance, "performance_insights_enabled", False):
        if call.get("PerformanceInsightsKMSKeyId"):
            instance.performance_insights_kms_key_id = call["PerformanceInsightsKMSKeyId"]
        days = call.get("PerformanceInsightsRetentionPeriod")
        instance.performance_insights_retention_period = days or getattr(
            instance, "performance_insights_retention_period", 7
        )
    else:
        instance.performance_insights_enabled = False
        instance.performance_insights_kms_key_id = None
        instance.performance_insights_retention_period = None
    instance.network_type = call.get("NetworkType", getattr(instance, "network_type", "IPV4"))
    instance.dedicated_log_volume = call.get("DedicatedLogVolume", getattr(instance, "dedicated_log_volume", False))


def _identify(instance: Any) -> None:
    """moto gives each instance the same resource id."""
    mark = hashlib.sha256(f"{instance.db_instance_arn}/{instance.instance_create_time.isoformat()}".encode()).digest()
    instance.dbi_resource_id = f"db-{base64.b32encode(mark).decode()[:26]}"


def settle(call: Call, instance: Any) -> None:
    """What every new instance gets, however it was made."""
    _place(call, instance)
    _keep(call, instance)
    _identify(instance)


def _named(call: Call, name: str) -> Any:
    return backend(call).describe_db_instances(name)[0]


@SERVICE.operation("CreateDBInstance")
def create_db_instance(call: Call) -> Result:
    _check_zone(call)
    group = call.get("DBSubnetGroupName")
    if group and group not in backend(call).subnet_groups:
        raise AwsError("DBSubnetGroupNotFoundFault", f"DBSubnetGroup {group} not found.", status=404)
    limits.require_new(call)
    instance = backend(call).create_db_instance(arguments(call))
    try:
        _place(call, instance)
    except AwsError:
        del backend(call).databases[call["DBInstanceIdentifier"]]
        raise
    _keep(call, instance)
    _identify(instance)
    if instance.manage_master_user_password:
        _ = instance.master_user_secret.secret_status  # its first reading ends the creation
    return shown(call, {"DBInstance": instance})


def _check_source(call: Call, source: Any) -> None:
    """Sources: RDS' reference on the operation, and the issues that report AWS' words."""
    if source.backup_retention_period == 0:
        raise AwsError("InvalidDBInstanceState", "Automated backups are not enabled for this database instance.")
    # terraform-aws-modules/terraform-aws-rds 512
    if source.manage_master_user_password and not source.engine.startswith("sqlserver"):
        raise AwsError(
            "InvalidParameterValue",
            f"Creating read replicas for source instance with engine {source.engine} where ManageMasterUserPassword "
            "is enabled is not supported",
        )
    if source.region != call.region:
        return
    # cloudposse/terraform-aws-rds-replica 5
    if call.get("KmsKeyId"):
        raise AwsError(
            "InvalidParameterCombination",
            "Your request does not require the KMS key parameter. "
            "Please remove the KMS key parameter and try your request again.",
        )
    # hashicorp/terraform-provider-aws 40426: with the ARN another group of the same VPC is taken.
    if call.get("DBSubnetGroupName") and not call["SourceDBInstanceIdentifier"].startswith("arn:"):
        raise AwsError(
            "DBSubnetGroupNotAllowedFault",
            "DbSubnetGroupName should not be specified for read replicas that are created in the same region as the "
            "master",
        )


@SERVICE.operation("CreateDBInstanceReadReplica")
def create_db_instance_read_replica(call: Call) -> Result:
    held = backend(call)
    name = call["DBInstanceIdentifier"]
    if name in held.databases:
        raise AwsError("DBInstanceAlreadyExists", "DB instance already exists")
    _check_zone(call)
    source = held.find_db_from_id(call["SourceDBInstanceIdentifier"])
    _check_source(call, source)
    replica: Any = held.create_db_instance_read_replica({**arguments(call), "tags": call.get("Tags", [])})
    # moto's replica is a shallow copy of its source.
    replica.enabled_cloudwatch_logs_exports = list(call.get("EnableCloudwatchLogsExports", ()))
    replica.vpc_security_group_ids = list(call.get("VpcSecurityGroupIds", source.vpc_security_group_ids))
    replica.deletion_protection = call.get("DeletionProtection", False)
    replica.multi_az = call.get("MultiAZ", False)
    replica.backup_retention_period = int(call.get("BackupRetentionPeriod", 0))
    replica.db_instance_automated_backups_replications = None
    replica.instance_create_time = utcnow()
    replica.performance_insights_enabled = False
    if source.region == call.region:
        replica.source_db_instance_identifier = source.db_instance_identifier
    try:
        _place(call, replica)
    except AwsError:
        del held.databases[name]
        source.replicas.pop()
        raise
    _keep(call, replica)
    _identify(replica)
    return shown(call, {"DBInstance": replica})


@SERVICE.operation("PromoteReadReplica")
def promote_read_replica(call: Call) -> Result:
    held = backend(call)
    name = call["DBInstanceIdentifier"]
    if not _named(call, name).is_replica:
        raise AwsError("InvalidDBInstanceState", f"{name} is not a read replica.")
    promoted: Any = held.promote_read_replica(arguments(call))
    # moto leaves it a copy of its source.
    promoted.source_db_instance_identifier = None
    promoted.backup_retention_period = int(call.get("BackupRetentionPeriod", 1))
    for other in held.databases.values():
        if name in other.replicas:
            other.replicas.remove(name)
    return shown(call, {"DBInstance": promoted})


@SERVICE.operation("ModifyDBInstance")
def modify_db_instance(call: Call) -> Result:
    instance = _named(call, call["DBInstanceIdentifier"])
    limits.require_change(call, instance)
    changes = arguments(call)
    if changes.get("preferred_maintenance_window"):
        changes["preferred_maintenance_window"] = changes["preferred_maintenance_window"].lower()
    if instance.manage_master_user_password and changes.get("manage_master_user_password"):
        # moto would make a second secret and forget the first.
        del changes["manage_master_user_password"]
        changes.pop("master_user_secret_kms_key_id", None)
    logs = changes.get("cloudwatch_logs_export_configuration")
    if logs:
        present = instance.enabled_cloudwatch_logs_exports
        changes["cloudwatch_logs_export_configuration"] = {
            "EnableLogTypes": [log for log in logs.get("EnableLogTypes", ()) if log not in present],
            "DisableLogTypes": [log for log in logs.get("DisableLogTypes", ()) if log in present],
        }
    if call.get("NewDBInstanceIdentifier"):
        changes["new_db_instance_identifier"] = call["NewDBInstanceIdentifier"]
    group = instance.db_parameter_group_name
    instance = backend(call).modify_db_instance(call["DBInstanceIdentifier"], changes)
    if instance.db_parameter_group_name != group:
        await_reboot(instance)
    _place(call, instance)
    _keep(call, instance)
    return shown(call, {"DBInstance": instance})


@SERVICE.operation("DeleteDBInstance")
def delete_db_instance(call: Call) -> Result:
    held = backend(call)
    instance = _named(call, call["DBInstanceIdentifier"])
    snapshot = call.get("FinalDBSnapshotIdentifier")
    if instance.is_replica and snapshot:
        # cloud-custodian/cloud-custodian 436
        raise limits.refused("FinalDBSnapshotIdentifier can not be specified when deleting a replica instance")
    if not (call.get("SkipFinalSnapshot", False) or snapshot or instance.is_replica):
        raise AwsError(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )
    answer = shown(call, {"DBInstance": instance})
    replicas = [held.databases[name] for name in instance.replicas if name in held.databases]
    held.delete_db_instance(**arguments(call))
    for replica in replicas:
        # RDS makes the replicas of a deleted instance instances of their own.
        replica.is_replica = False
        replica.source_db_instance_identifier = None
    return {"DBInstance": {**answer["DBInstance"], "DBInstanceStatus": "deleting"}}
