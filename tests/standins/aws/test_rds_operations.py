"""RDS through boto3."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.standins.aws.account import REGION, ZONES, Account
from tests.standins.aws.launched import NAME_TAG, launched

WRITER, READER = "writer", "reader"
WRITER_ARN = f"arn:aws:rds:{REGION}:111122223333:db:{WRITER}"
OTHER_REGION = "eu-west-1"


@dataclass(frozen=True)
class Databases:
    account: Account
    client: Any
    key: str
    subnets: dict[str, str]

    def instance(self, name: str) -> Any:
        return self.client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        network = account.network()
        security_group = account.security_group(network)
        subnets = dict(zip(ZONES, network.subnets, strict=True))
        client, key = account.client("rds"), account.key()
        for name, zones in {WRITER: ZONES[:2], READER: (ZONES[2], ZONES[0])}.items():
            client.create_db_subnet_group(
                DBSubnetGroupName=name,
                DBSubnetGroupDescription="example",
                SubnetIds=[subnets[zone] for zone in zones],
                Tags=NAME_TAG,
            )
        client.create_db_parameter_group(
            DBParameterGroupName="example", DBParameterGroupFamily="mariadb11.4", Description="example", Tags=NAME_TAG
        )
        common = {
            "DBInstanceClass": "db.r7g.large",
            "VpcSecurityGroupIds": [security_group],
            "DBParameterGroupName": "example",
            "DeletionProtection": True,
            "MonitoringInterval": 60,
            "MonitoringRoleArn": "arn:aws:iam::111122223333:role/example",
            "EnablePerformanceInsights": True,
            "PerformanceInsightsKMSKeyId": key,
            "PerformanceInsightsRetentionPeriod": 7,
            "CACertificateIdentifier": "rds-ca-rsa2048-g1",
            "Tags": NAME_TAG,
        }
        client.create_db_instance(
            DBInstanceIdentifier=WRITER,
            Engine="mariadb",
            EngineVersion="11.4",
            AllocatedStorage=100,
            StorageType="gp3",
            StorageEncrypted=True,
            MasterUsername="example",
            KmsKeyId=key,
            MasterUserPassword="only-for-tests",
            MultiAZ=True,
            DBSubnetGroupName=WRITER,
            BackupRetentionPeriod=14,
            PreferredBackupWindow="01:00-02:00",
            PreferredMaintenanceWindow="sun:03:00-sun:04:00",
            EnableCloudwatchLogsExports=["error", "slowquery"],
            **common,
        )
        client.create_db_instance_read_replica(
            DBInstanceIdentifier=READER,
            SourceDBInstanceIdentifier=WRITER_ARN,
            AvailabilityZone=ZONES[2],
            DBSubnetGroupName=READER,
            EnableCloudwatchLogsExports=["error"],
            **common,
        )
        yield Databases(account, client, key, subnets)


def test_a_multi_az_instance_and_its_standby_are_in_zones_of_its_subnet_group(databases: Databases) -> None:
    writer = databases.instance(WRITER)
    assert {writer["AvailabilityZone"], writer["SecondaryAvailabilityZone"]} == set(ZONES[:2])
    assert databases.instance(READER)["AvailabilityZone"] == ZONES[2]


def test_monitoring_and_insights_are_kept(databases: Databases) -> None:
    for name in (WRITER, READER):
        instance = databases.instance(name)
        assert instance["MonitoringInterval"] == 60
        assert instance["PerformanceInsightsEnabled"]
        assert instance["PerformanceInsightsKMSKeyId"] == databases.key
        assert instance["PerformanceInsightsRetentionPeriod"] == 7


def test_a_replica_is_encrypted_as_its_source_is(databases: Databases) -> None:
    assert databases.instance(READER)["KmsKeyId"] == databases.instance(WRITER)["KmsKeyId"] == databases.key


def test_a_replica_shares_nothing_with_its_source(databases: Databases) -> None:
    writer, reader = databases.instance(WRITER), databases.instance(READER)
    assert writer["DbiResourceId"] != reader["DbiResourceId"]
    assert reader["ReadReplicaSourceDBInstanceIdentifier"] == WRITER
    assert reader["BackupRetentionPeriod"] == 0
    assert reader["DBSubnetGroup"]["DBSubnetGroupName"] == READER
    databases.client.modify_db_instance(
        DBInstanceIdentifier=READER, CloudwatchLogsExportConfiguration={"DisableLogTypes": ["error"]}
    )
    assert (
        "EnabledCloudwatchLogsExports" not in databases.instance(READER)
        or not databases.instance(READER)["EnabledCloudwatchLogsExports"]
    )
    assert databases.instance(WRITER)["EnabledCloudwatchLogsExports"] == ["error", "slowquery"]


def test_changes_apply(databases: Databases) -> None:
    databases.client.modify_db_instance(
        DBInstanceIdentifier=WRITER,
        DBInstanceClass="db.r7g.xlarge",
        BackupRetentionPeriod=20,
        PerformanceInsightsRetentionPeriod=31,
        CloudwatchLogsExportConfiguration={"EnableLogTypes": ["audit", "error"]},
        ApplyImmediately=True,
    )
    writer = databases.instance(WRITER)
    assert (writer["DBInstanceClass"], writer["BackupRetentionPeriod"]) == ("db.r7g.xlarge", 20)
    assert writer["PerformanceInsightsRetentionPeriod"] == 31
    assert writer["EnabledCloudwatchLogsExports"] == ["error", "slowquery", "audit"]


def test_backups_are_copied_to_another_region_and_no_longer(databases: Databases) -> None:
    other = databases.account.client("rds", OTHER_REGION)
    key = databases.account.key(OTHER_REGION)
    with pytest.raises(ClientError, match="KMS key"):
        other.start_db_instance_automated_backups_replication(SourceDBInstanceArn=WRITER_ARN)
    started = other.start_db_instance_automated_backups_replication(
        SourceDBInstanceArn=WRITER_ARN, KmsKeyId=key, BackupRetentionPeriod=9
    )["DBInstanceAutomatedBackup"]
    [found] = other.describe_db_instance_automated_backups(
        DBInstanceAutomatedBackupsArn=started["DBInstanceAutomatedBackupsArn"]
    )["DBInstanceAutomatedBackups"]
    assert (found["Status"], found["BackupRetentionPeriod"], found["KmsKeyId"]) == ("replicating", 9, key)
    assert databases.instance(WRITER)["DBInstanceAutomatedBackupsReplications"]
    other.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=WRITER_ARN)
    assert not other.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    [own] = databases.client.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    assert own["DBInstanceArn"] == WRITER_ARN


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        (
            "delete_db_instance",
            {"DBInstanceIdentifier": WRITER, "SkipFinalSnapshot": True},
            "InvalidParameterCombination",
        ),
        ("delete_db_instance", {"DBInstanceIdentifier": WRITER}, "InvalidParameterCombination"),
        ("delete_db_subnet_group", {"DBSubnetGroupName": READER}, "InvalidDBSubnetGroupStateFault"),
        ("delete_db_parameter_group", {"DBParameterGroupName": "example"}, "InvalidDBParameterGroupState"),
        ("describe_db_parameter_groups", {"DBParameterGroupName": "absent"}, "DBParameterGroupNotFound"),
    ],
)
def test_what_aws_refuses_is_refused(
    databases: Databases, operation: str, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(databases.client, operation)(**arguments)
    assert error.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            {"KmsKeyId": "alias/aws/rds"},
            "InvalidParameterCombination",
            "Your request does not require the KMS key parameter",
        ),
        (
            {"SourceDBInstanceIdentifier": WRITER, "DBSubnetGroupName": READER},
            "DBSubnetGroupNotAllowedFault",
            "DbSubnetGroupName should not be specified for read replicas",
        ),
    ],
)
def test_a_replica_that_aws_would_not_make_is_refused_and_leaves_nothing(
    databases: Databases, arguments: dict[str, Any], code: str, told: str
) -> None:
    with pytest.raises(ClientError, match=told) as refused:
        databases.client.create_db_instance_read_replica(
            **{"DBInstanceIdentifier": "another", "SourceDBInstanceIdentifier": WRITER_ARN, **arguments}
        )
    assert refused.value.response["Error"]["Code"] == code
    assert {one["DBInstanceIdentifier"] for one in databases.client.describe_db_instances()["DBInstances"]} == {
        WRITER,
        READER,
    }


def test_no_replica_is_made_of_an_instance_whose_password_secrets_manager_keeps(databases: Databases) -> None:
    client = databases.client
    client.create_db_instance(
        DBInstanceIdentifier="managed",
        Engine="mariadb",
        EngineVersion="11.4",
        DBInstanceClass="db.r7g.large",
        AllocatedStorage=20,
        StorageType="gp3",
        MasterUsername="example",
        ManageMasterUserPassword=True,
        BackupRetentionPeriod=7,
    )
    assert databases.instance("managed")["MasterUserSecret"]["SecretStatus"] == "active"
    with pytest.raises(ClientError, match="engine mariadb where ManageMasterUserPassword is enabled is not supported"):
        client.create_db_instance_read_replica(
            DBInstanceIdentifier="another", SourceDBInstanceIdentifier="managed", DBInstanceClass="db.r7g.large"
        )
    client.delete_db_instance(DBInstanceIdentifier="managed", SkipFinalSnapshot=True)


def test_a_subnet_group_needs_two_zones_and_outlives_its_change(databases: Databases) -> None:
    one = {"DBSubnetGroupName": WRITER, "SubnetIds": [databases.subnets[ZONES[0]]]}
    with pytest.raises(ClientError, match="DBSubnetGroupDoesNotCoverEnoughAZs"):
        databases.client.modify_db_subnet_group(**one)
    databases.client.modify_db_subnet_group(
        DBSubnetGroupName=WRITER, SubnetIds=list(databases.subnets.values()), DBSubnetGroupDescription="changed"
    )
    [group] = databases.client.describe_db_subnet_groups(DBSubnetGroupName=WRITER)["DBSubnetGroups"]
    assert (len(group["Subnets"]), group["DBSubnetGroupDescription"]) == (3, "changed")


def test_parameters_are_changed_and_reset(databases: Databases) -> None:
    group = {"DBParameterGroupName": "example"}
    parameter = {"ParameterName": "require_secure_transport", "ParameterValue": "1", "ApplyMethod": "immediate"}
    databases.client.modify_db_parameter_group(Parameters=[parameter], **group)
    assert databases.client.describe_db_parameters(Source="user", **group)["Parameters"] == [parameter]
    databases.client.reset_db_parameter_group(Parameters=[parameter], **group)
    assert not databases.client.describe_db_parameters(Source="user", **group)["Parameters"]


def test_deleted_instances_leave_only_the_final_snapshot(databases: Databases) -> None:
    client = databases.client
    for name, ending in ((READER, {"SkipFinalSnapshot": True}), (WRITER, {"FinalDBSnapshotIdentifier": "last"})):
        client.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
        client.delete_db_instance(DBInstanceIdentifier=name, **ending)
    client.delete_db_subnet_group(DBSubnetGroupName=WRITER)
    client.delete_db_subnet_group(DBSubnetGroupName=READER)
    client.delete_db_parameter_group(DBParameterGroupName="example")
    assert not client.describe_db_instances()["DBInstances"]
    assert not client.describe_db_subnet_groups()["DBSubnetGroups"]
    assert [snapshot["DBSnapshotIdentifier"] for snapshot in client.describe_db_snapshots()["DBSnapshots"]] == ["last"]
