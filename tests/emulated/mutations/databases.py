"""What is done by hand to the databases and their backups."""

from typing import Any

from patchbay_operations.checks.facts import Facts

from tests.emulated.mutations.mutation import Mutation


def _writer(facts: Facts) -> dict[str, Any]:
    return next(one for one in facts.databases if not one.get("ReadReplicaSourceDBInstanceIdentifier"))


def _modify_writer(facts: Facts, **settings: Any) -> None:
    facts.access.client("rds").modify_db_instance(
        DBInstanceIdentifier=_writer(facts)["DBInstanceIdentifier"], ApplyImmediately=True, **settings
    )


def _copies_in_one_zone(facts: Facts) -> None:
    """Dev's, where a database may be deleted."""
    rds = facts.access.client("rds")
    writer = _writer(facts)
    (reader,) = [one for one in facts.databases if one != writer]
    rds.delete_db_instance(DBInstanceIdentifier=reader["DBInstanceIdentifier"], SkipFinalSnapshot=True)
    rds.create_db_instance_read_replica(
        DBInstanceIdentifier=reader["DBInstanceIdentifier"],
        SourceDBInstanceIdentifier=writer["DBInstanceIdentifier"],
        AvailabilityZone=writer["AvailabilityZone"],
        DBInstanceClass=reader["DBInstanceClass"],
        DBParameterGroupName=reader["DBParameterGroups"][0]["DBParameterGroupName"],
        VpcSecurityGroupIds=[group["VpcSecurityGroupId"] for group in reader["VpcSecurityGroups"]],
        Tags=reader["TagList"],
    )


def _database_without_tls(facts: Facts) -> None:
    off = {"ParameterName": "require_secure_transport", "ParameterValue": "0", "ApplyMethod": "immediate"}
    facts.access.client("rds").modify_db_parameter_group(
        DBParameterGroupName=_writer(facts)["DBParameterGroups"][0]["DBParameterGroupName"], Parameters=[off]
    )


def _other_parameters(facts: Facts) -> None:
    rds, writer, name = facts.access.client("rds"), _writer(facts), "by-hand"
    (used,) = writer["DBParameterGroups"]
    rds.copy_db_parameter_group(
        SourceDBParameterGroupIdentifier=used["DBParameterGroupName"],
        TargetDBParameterGroupIdentifier=name,
        TargetDBParameterGroupDescription="by hand",
    )
    rds.modify_db_instance(DBInstanceIdentifier=writer["DBInstanceIdentifier"], DBParameterGroupName=name)


def _unlocked_vault(facts: Facts) -> None:
    facts.access.client("backup").delete_backup_vault_lock_configuration(BackupVaultName="patchbay-production-backups")


def _database_without_its_tag(facts: Facts) -> None:
    facts.access.client("rds").remove_tags_from_resource(
        ResourceName=_writer(facts)["DBInstanceArn"], TagKeys=["patchbay:backup"]
    )


DATABASES = (
    Mutation("both copies in one zone", "dev", "copies apart", "databases-read", _copies_in_one_zone),
    Mutation(
        "no standby",
        "production",
        "standby",
        "databases-write has no standby",
        lambda facts: _modify_writer(facts, MultiAZ=False),
    ),
    Mutation(
        "no deletion protection",
        "production",
        "deletion protection",
        "databases-write can be deleted",
        lambda facts: _modify_writer(facts, DeletionProtection=False),
    ),
    Mutation(
        "backups of a day",
        "production",
        "backups",
        "databases-write keeps backups for 1 days",
        lambda facts: _modify_writer(facts, BackupRetentionPeriod=1),
    ),
    Mutation("a database without TLS", "dev", "encryption in transit", "databases-write", _database_without_tls),
    Mutation("parameters that wait for a reboot", "dev", "parameters", "databases-write has not", _other_parameters),
    Mutation("a vault without a lock", "production", "backup vaults", "is not locked", _unlocked_vault),
    Mutation(
        "a database that no plan takes in",
        "production",
        "backup vaults",
        "no backup plan takes in database patchbay-production-databases-write",
        _database_without_its_tag,
    ),
)
