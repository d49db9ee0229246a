"""RDS: instances, read replicas and their parameter groups."""

import datetime
from typing import Any

from tests.standins.aws.account import Account, new_name
from tests.standins.aws.refusals.row import Arguments, Table

TABLE = Table("rds")


@TABLE.refuses(
    "create_db_instance",
    "InvalidParameterCombination",
    words="Cannot find version 10.3.31 for mariadb",
    source="ansible-collections/amazon.aws 1238",
)
def the_version_is_no_longer_offered(_: Account) -> Arguments:
    return _instance(EngineVersion="10.3.31")


@TABLE.refuses(
    "create_db_instance",
    "InvalidParameterCombination",
    words="with DBParameterGroupFamily mariadb10.11 cannot be used for this instance. "
    "Please use a Parameter Group with DBParameterGroupFamily mariadb11.4",
    source="aws-quickstart/quickstart-r3-corda 25",
)
def the_parameter_group_is_of_another_family(account: Account) -> Arguments:
    return _instance(DBParameterGroupName=_parameter_group(account, "mariadb10.11"))


@TABLE.refuses(
    "create_db_instance",
    "InvalidParameterCombination",
    words="You can't specify IOPS or storage throughput for engine mariadb and a storage size less than 400.",
    source="hashicorp/terraform-provider-aws 28160",
)
def a_small_disk_has_iops(_: Account) -> Arguments:
    return _instance(Iops=3000)


@TABLE.refuses(
    "create_db_instance",
    "InvalidParameterCombination",
    words="Max storage size must be greater than storage size",
    source="ministryofjustice/cloud-platform-environments 7483",
)
def the_storage_limit_is_the_storage(_: Account) -> Arguments:
    return _instance(MaxAllocatedStorage=100)


@TABLE.refuses(
    "create_db_instance",
    "InvalidParameterCombination",
    words="The maximum allocated storage must be increased by at least 10 percent.",
    source="ministryofjustice/cloud-platform-environments 24410",
)
def the_storage_limit_is_hardly_above_the_storage(_: Account) -> Arguments:
    return _instance(MaxAllocatedStorage=105)


@TABLE.refuses(
    "create_db_instance",
    "InvalidParameterCombination",
    words="Invalid storage size for engine name mariadb and storage type gp3: 10",
    source="convox/rack 2846",
)
def the_disk_is_too_small(_: Account) -> Arguments:
    return _instance(AllocatedStorage=10)


@TABLE.refuses(
    "modify_db_instance",
    "InvalidParameterCombination",
    words="Cannot upgrade mariadb from 11.4.8 to 11.4.5",
    source="ministryofjustice/cloud-platform-environments 25312",
)
def the_version_steps_back(account: Account) -> Arguments:
    return {"DBInstanceIdentifier": _made(account, EngineVersion="11.4.8"), "EngineVersion": "11.4.5"}


@TABLE.refuses(
    "modify_db_instance",
    "InvalidParameterCombination",
    words="The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
    source="aws-controllers-k8s/community 1265",
)
def a_major_upgrade_is_not_said_to_be_one(account: Account) -> Arguments:
    return {"DBInstanceIdentifier": _made(account), "EngineVersion": "11.8"}


@TABLE.refuses(
    "modify_db_instance",
    "InvalidParameterCombination",
    words="cannot be used for this instance. Please use a Parameter Group with DBParameterGroupFamily mariadb11.8",
    source="aws-quickstart/quickstart-r3-corda 25",
)
def an_upgrade_keeps_the_old_familys_parameters(account: Account) -> Arguments:
    group = _parameter_group(account, "mariadb11.4")
    name = _made(account, DBParameterGroupName=group)
    return {
        "DBInstanceIdentifier": name,
        "EngineVersion": "11.8",
        "AllowMajorVersionUpgrade": True,
        "DBParameterGroupName": group,
    }


@TABLE.refuses(
    "modify_db_instance",
    "DBUpgradeDependencyFailure",
    words="One or more of the DB Instance's read replicas need to be upgraded",
    source="app-sre/qontract-reconcile 4873",
)
def an_upgrade_leaves_the_read_copy_behind(account: Account) -> Arguments:
    source = _made(account)
    account.client("rds").create_db_instance_read_replica(**_replica(source))
    return {"DBInstanceIdentifier": source, "EngineVersion": "11.8", "AllowMajorVersionUpgrade": True}


@TABLE.refuses(
    "delete_db_instance",
    "InvalidParameterCombination",
    words="Cannot delete protected DB Instance, please disable deletion protection and try again.",
    source="hashicorp/terraform-provider-aws 26233",
)
def the_instance_is_protected(account: Account) -> Arguments:
    return {"DBInstanceIdentifier": _made(account, DeletionProtection=True), "SkipFinalSnapshot": True}


@TABLE.refuses(
    "delete_db_instance",
    "DBSnapshotAlreadyExists",
    words="Cannot create the snapshot because a snapshot with the identifier",
    source="cloud-custodian/cloud-custodian 309",
)
def the_last_snapshots_name_is_taken(account: Account) -> Arguments:
    name, snapshot = _made(account), new_name("final")
    account.client("rds").create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=snapshot)
    return {"DBInstanceIdentifier": name, "FinalDBSnapshotIdentifier": snapshot}


@TABLE.refuses(
    "delete_db_instance",
    "InvalidParameterCombination",
    words="FinalDBSnapshotIdentifier can not be specified when deleting a replica instance",
    source="cloud-custodian/cloud-custodian 436",
)
def a_replica_leaves_a_snapshot(account: Account) -> Arguments:
    replica = new_name("replica")
    account.client("rds").create_db_instance_read_replica(
        DBInstanceIdentifier=replica, SourceDBInstanceIdentifier=_made(account), DBInstanceClass="db.r7g.large"
    )
    return {"DBInstanceIdentifier": replica, "FinalDBSnapshotIdentifier": new_name("final")}


@TABLE.refuses(
    "create_db_instance_read_replica",
    "InvalidParameterValue",
    words="engine mariadb where ManageMasterUserPassword is enabled is not supported",
    source="terraform-aws-modules/terraform-aws-rds 512",
)
def secrets_manager_keeps_the_sources_password(account: Account) -> Arguments:
    given = _instance(ManageMasterUserPassword=True)
    del given["MasterUserPassword"]
    account.client("rds").create_db_instance(**given)
    return _replica(given["DBInstanceIdentifier"])


@TABLE.refuses(
    "create_db_instance_read_replica",
    "InvalidParameterCombination",
    words="Your request does not require the KMS key parameter.",
    source="cloudposse/terraform-aws-rds-replica 5",
)
def a_replica_of_the_same_region_names_a_key(account: Account) -> Arguments:
    return {**_replica(_made(account)), "KmsKeyId": account.key()}


@TABLE.refuses(
    "create_db_instance_read_replica",
    "InvalidDBInstanceState",
    source="API reference: CreateDBInstanceReadReplica",
)
def the_source_has_no_backups(account: Account) -> Arguments:
    return _replica(_made(account, BackupRetentionPeriod=0))


@TABLE.refuses(
    "create_db_parameter_group",
    "InvalidParameterValue",
    words="ParameterGroupFamily mariadb12 is not a valid parameter group family",
    source="aws-cloudformation/cloudformation-coverage-roadmap 703",
)
def the_family_is_none(_: Account) -> Arguments:
    return {
        "DBParameterGroupName": new_name("parameters"),
        "DBParameterGroupFamily": "mariadb12",
        "Description": "example",
    }


@TABLE.refuses(
    "modify_db_parameter_group",
    "InvalidParameterCombination",
    words="cannot use immediate apply method for static parameter",
    source="ministryofjustice/cloud-platform-environments 3649",
)
def a_static_parameter_is_to_count_at_once(account: Account) -> Arguments:
    parameter = {"ParameterName": "performance_schema", "ParameterValue": "1", "ApplyMethod": "immediate"}
    return {"DBParameterGroupName": _parameter_group(account, "mariadb11.4"), "Parameters": [parameter]}


@TABLE.refuses(
    "restore_db_instance_to_point_in_time",
    "PointInTimeRestoreNotEnabled",
    source="API reference: RestoreDBInstanceToPointInTime",
)
def no_backups_are_kept_to_restore_from(account: Account) -> Arguments:
    return _restore(account, BackupRetentionPeriod=0)


@TABLE.refuses(
    "restore_db_instance_to_point_in_time",
    "DBInstanceAlreadyExists",
    source="API reference: RestoreDBInstanceToPointInTime",
)
def the_restored_instance_would_be_one_that_is_there(account: Account) -> Arguments:
    told = _restore(account)
    return {**told, "TargetDBInstanceIdentifier": told["SourceDBInstanceIdentifier"]}


@TABLE.refuses(
    "restore_db_instance_to_point_in_time",
    "InvalidParameterCombination",
    source="API reference: RestoreDBInstanceToPointInTime",
)
def a_time_is_named_and_the_latest_one_too(account: Account) -> Arguments:
    return {**_restore(account), "RestoreTime": datetime.datetime.now(datetime.UTC)}


@TABLE.refuses(
    "restore_db_instance_to_point_in_time",
    "InvalidParameterValue",
    source="API reference: RestoreDBInstanceToPointInTime",
)
def the_time_is_after_the_latest_restorable_one(account: Account) -> Arguments:
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    return {**_restore(account), "RestoreTime": later, "UseLatestRestorableTime": False}


@TABLE.refuses(
    "restore_db_instance_to_point_in_time",
    "InvalidParameterValue",
    source="API reference: RestoreDBInstanceToPointInTime",
)
def the_time_is_before_the_first_backup(account: Account) -> Arguments:
    earlier = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=2)
    return {**_restore(account), "RestoreTime": earlier, "UseLatestRestorableTime": False}


def _instance(**settings: Any) -> dict[str, Any]:
    """The arguments that make an instance."""
    return {
        "DBInstanceIdentifier": new_name("database"),
        "Engine": "mariadb",
        "EngineVersion": "11.4",
        "DBInstanceClass": "db.r7g.large",
        "AllocatedStorage": 100,
        "StorageType": "gp3",
        "MasterUsername": "example",
        "MasterUserPassword": "only-for-tests",
        "BackupRetentionPeriod": 7,
        **settings,
    }


def _made(account: Account, **settings: Any) -> str:
    given = _instance(**settings)
    account.client("rds").create_db_instance(**given)
    return str(given["DBInstanceIdentifier"])


def _replica(source: str) -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": new_name("replica"),
        "SourceDBInstanceIdentifier": source,
        "DBInstanceClass": "db.r7g.large",
    }


def _parameter_group(account: Account, family: str) -> str:
    name = new_name("parameters")
    account.client("rds").create_db_parameter_group(
        DBParameterGroupName=name, DBParameterGroupFamily=family, Description="example"
    )
    return name


def _restore(account: Account, **settings: Any) -> Arguments:
    """The latest state of an instance with backups, in a new one."""
    made = _instance(**({"BackupRetentionPeriod": 7} | settings))
    account.client("rds").create_db_instance(**made)
    return {
        "SourceDBInstanceIdentifier": made["DBInstanceIdentifier"],
        "TargetDBInstanceIdentifier": new_name("restored"),
        "UseLatestRestorableTime": True,
    }
