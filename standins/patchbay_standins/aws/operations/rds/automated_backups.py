"""Automated backups, and their copies in another region: moto has none of the latter."""

import hashlib
from typing import Any

from moto.rds.models import rds_backends

from patchbay_standins.aws.operations.rds.api import SERVICE, backend
from patchbay_standins.aws.service import AwsError, Call, Result

Backup = dict[str, Any]


class Copies:
    """The backups that a region gets from others, by the source instance's ARN."""

    def __init__(self) -> None:
        self.by_source: dict[str, Backup] = {}


def _described(instance: Any, region: str) -> Backup:
    return {
        "DBInstanceArn": instance.db_instance_arn,
        "DbiResourceId": instance.dbi_resource_id,
        "DBInstanceIdentifier": instance.db_instance_identifier,
        "Region": region,
        "AllocatedStorage": int(instance.allocated_storage),
        "Port": int(instance.port),
        "InstanceCreateTime": instance.instance_create_time,
        "MasterUsername": instance.master_username,
        "Engine": instance.engine,
        "EngineVersion": instance.engine_version,
        "LicenseModel": instance.license_model,
        "Encrypted": instance.storage_encrypted,
        "StorageType": instance.storage_type,
        "BackupRetentionPeriod": int(instance.backup_retention_period),
        "PreferredBackupWindow": instance.preferred_backup_window,
    }


def window(instance: Any) -> dict[str, Any]:
    """From when to when it can be restored; AWS is up to five minutes behind, which nobody has to wait for here."""
    return {"EarliestTime": instance.instance_create_time, "LatestTime": instance.latest_restorable_time}


def _arn(call: Call, source: str) -> str:
    mark = hashlib.sha256(f"{call.region}/{source}".encode()).hexdigest()[:26]
    return call.arn(f"auto-backup:ab-{mark}")


def _source(call: Call) -> Any:
    """The instance that the call names by its ARN, in whichever region."""
    arn = call["SourceDBInstanceArn"]
    region, name = arn.split(":")[3], arn.split(":")[-1]
    return rds_backends[call.account][region].describe_db_instances(name)[0]


@SERVICE.operation("DescribeDBInstanceAutomatedBackups")
def describe_db_instance_automated_backups(call: Call) -> Result:
    held = backend(call)
    found = [
        _described(instance, call.region)
        | {
            "Status": "active",
            "RestoreWindow": window(instance),
            "DBInstanceAutomatedBackupsArn": _arn(call, instance.db_instance_arn),
        }
        for instance in held.databases.values()
        if int(instance.backup_retention_period)
    ]
    found += [
        {"DBInstanceIdentifier": backup.db_instance_identifier, "Region": call.region, "Status": "retained"}
        for backup in held.describe_db_instance_automated_backups()
        if backup.status == "retained"
    ]
    found += call.state(Copies).by_source.values()
    names = ("DBInstanceIdentifier", "DbiResourceId", "DBInstanceAutomatedBackupsArn")
    wanted = {name: call[name] for name in names if call.get(name)}
    found = [backup for backup in found if all(backup.get(name) == value for name, value in wanted.items())]
    if not found and "DBInstanceAutomatedBackupsArn" in wanted:
        raise AwsError("DBInstanceAutomatedBackupNotFound", "The automated backup was not found.", status=404)
    return {"DBInstanceAutomatedBackups": found}


@SERVICE.operation("StartDBInstanceAutomatedBackupsReplication")
def start_db_instance_automated_backups_replication(call: Call) -> Result:
    copies = call.state(Copies).by_source
    source = call["SourceDBInstanceArn"]
    instance = _source(call)
    if instance.region == call.region:
        raise AwsError("InvalidParameterValue", "The source must be in another region.")
    if source in copies:
        raise AwsError("InvalidDBInstanceAutomatedBackupState", "The backups are replicated to this region already.")
    if not int(instance.backup_retention_period):
        raise AwsError("InvalidDBInstanceState", "Automated backups are not enabled for the source.")
    if instance.storage_encrypted and not call.get("KmsKeyId"):
        raise AwsError("InvalidParameterCombination", "An encrypted source needs a KMS key of this region.")
    arn = _arn(call, source)
    copies[source] = _described(instance, instance.region) | {
        "Status": "replicating",
        "DBInstanceAutomatedBackupsArn": arn,
        "BackupRetentionPeriod": int(call.get("BackupRetentionPeriod", 7)),
        **({"KmsKeyId": call["KmsKeyId"]} if call.get("KmsKeyId") else {}),
        "DBInstanceAutomatedBackupsReplications": [{"DBInstanceAutomatedBackupsArn": arn}],
    }
    instance.db_instance_automated_backups_replications = [{"DBInstanceAutomatedBackupsArn": arn}]
    return {"DBInstanceAutomatedBackup": copies[source]}


@SERVICE.operation("StopDBInstanceAutomatedBackupsReplication")
def stop_db_instance_automated_backups_replication(call: Call) -> Result:
    stopped = call.state(Copies).by_source.pop(call["SourceDBInstanceArn"], None)
    if stopped is None:
        raise AwsError("InvalidDBInstanceAutomatedBackupState", "The backups are not replicated to this region.")
    _source(call).db_instance_automated_backups_replications = None
    return {"DBInstanceAutomatedBackup": {**stopped, "Status": "deleting"}}
