"""Rows of RDS, tried with the arguments of the databases component."""

from collections.abc import Iterator

import pytest

from tests.standins.aws.account import Account
from tests.standins.aws.launched import launched
from tests.standins.pulumi_plugins.aws.rows import change, destroy, program, settle
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

DATABASES = """
def spread(name, chosen, description="Zones"):
    return aws.rds.SubnetGroup(name, name=name, description=description, subnet_ids=chosen, tags={"Name": name},
        opts=opts)

write, read = spread("write", subnets[:2], DESCRIPTION), spread("read", [subnets[2], subnets[0]])
parameters = aws.rds.ParameterGroup("parameters", name="example", family="mariadb11.4", description="Example",
    parameters=[aws.rds.ParameterGroupParameterArgs(name=name, value=value, apply_method=method)
        for name, value, method in PARAMETERS],
    tags={"Name": "example"}, opts=opts)
trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "monitoring.rds.amazonaws.com"}}
role = aws.iam.Role("monitoring", name="monitoring",
    assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}), opts=opts)
common = dict(auto_minor_version_upgrade=True, instance_class=CLASS, max_allocated_storage=500, storage_encrypted=True,
    vpc_security_group_ids=[group.id], publicly_accessible=False, port=3306,
    ca_cert_identifier="rds-ca-rsa2048-g1", iam_database_authentication_enabled=True,
    parameter_group_name=parameters.name, maintenance_window="sun:03:00-sun:04:00", copy_tags_to_snapshot=True,
    deletion_protection=False, skip_final_snapshot=True, monitoring_interval=60, monitoring_role_arn=role.arn,
    performance_insights_enabled=True, performance_insights_kms_key_id=key.arn,
    performance_insights_retention_period=7, enabled_cloudwatch_logs_exports=LOGS, opts=opts)
writer = aws.rds.Instance("write", identifier="write", engine="mariadb", engine_version="11.4", multi_az=True,
    storage_type="gp3", allocated_storage=100, db_subnet_group_name=write.name, username="example",
    kms_key_id=key.arn, password_wo=pulumi.Output.secret(PASSWORD), password_wo_version=NUMBER,
    backup_retention_period=14,
    backup_window="01:00-02:00", delete_automated_backups=True, tags={"Name": "write"}, **common)
reader = aws.rds.Instance("read", identifier="read", replicate_source_db=writer.arn, multi_az=False,
    availability_zone=zones[2], db_subnet_group_name=read.name, backup_retention_period=0,
    tags={"Name": "read"}, **common)
elsewhere = aws.kms.Key("elsewhere", description="Copies", region="eu-west-1", tags={"Name": "copies"}, opts=opts)
aws.rds.InstanceAutomatedBackupsReplication("copy", region="eu-west-1", source_db_instance_arn=writer.arn,
    kms_key_id=elsewhere.arn, retention_period=7, opts=opts)
pulumi.export("writer", writer.id)
pulumi.export("address", writer.address)
pulumi.export("port", writer.port)
pulumi.export("readerZone", reader.availability_zone)
pulumi.export("standby", writer.multi_az)
"""
FIRST = """
DESCRIPTION, CLASS, LOGS = "Zones", "db.r7g.large", ["error", "slowquery"]
PASSWORD, NUMBER = "only-for-tests", 1
PARAMETERS = [("require_secure_transport", "1", "immediate"), ("max_connections", "400", "pending-reboot")]
"""
SECOND = """
DESCRIPTION, CLASS, LOGS = "Zones of it", "db.r7g.xlarge", ["error", "iam-db-auth-error"]
PASSWORD, NUMBER = "another-only-for-tests", 2
PARAMETERS = [("require_secure_transport", "1", "immediate"), ("long_query_time", "2", "immediate")]
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account


def test_databases_are_made_kept_changed_and_deleted(stack: Stack, account: Account) -> None:
    settle(stack, program(account, FIRST + DATABASES))
    client = account.client("rds")
    instances = {one["DBInstanceIdentifier"]: one for one in client.describe_db_instances()["DBInstances"]}
    outputs = stack.outputs()
    assert outputs["writer"] == instances["write"]["DbiResourceId"]
    assert outputs["address"] == instances["write"]["Endpoint"]["Address"]
    assert (outputs["port"], outputs["readerZone"], outputs["standby"]) == (3306, "eu-central-1c", True)
    assert "MasterUserSecret" not in instances["write"]
    assert instances["read"]["ReadReplicaSourceDBInstanceIdentifier"] == "write"
    assert instances["read"]["IAMDatabaseAuthenticationEnabled"]

    change(stack, program(account, SECOND + DATABASES), updated=4)
    instances = {one["DBInstanceIdentifier"]: one for one in client.describe_db_instances()["DBInstances"]}
    for instance in instances.values():
        assert instance["DBInstanceClass"] == "db.r7g.xlarge"
        assert set(instance["EnabledCloudwatchLogsExports"]) == {"error", "iam-db-auth-error"}
    changed = client.describe_db_parameters(DBParameterGroupName="example", Source="user")["Parameters"]
    assert {one["ParameterName"] for one in changed} == {"require_secure_transport", "long_query_time"}

    stack.write(program(account, SECOND.replace("another-only", "a-third-only") + DATABASES))
    stack.succeed("preview", "--expect-no-changes")

    destroy(stack)
    assert not client.describe_db_instances()["DBInstances"]
    assert not client.describe_db_subnet_groups()["DBSubnetGroups"]
    copies = account.client("rds", "eu-west-1").describe_db_instance_automated_backups()
    assert not copies["DBInstanceAutomatedBackups"]


def test_a_change_by_hand_shows_and_is_taken_back_and_a_protected_database_stays(
    stack: Stack, account: Account
) -> None:
    text = program(account, FIRST + DATABASES)
    stack.up(text)
    client = account.client("rds")
    client.modify_db_instance(DBInstanceIdentifier="write", BackupRetentionPeriod=1, ApplyImmediately=True)
    stack.fail("refresh", "--yes", "--expect-no-changes")
    assert "backupRetentionPeriod" in stack.succeed("preview", "--diff").output
    stack.up(text)
    [writer] = client.describe_db_instances(DBInstanceIdentifier="write")["DBInstances"]
    assert writer["BackupRetentionPeriod"] == 14
    client.modify_db_instance(DBInstanceIdentifier="write", DeletionProtection=True)
    assert "deletion protection" in stack.fail("destroy", "--yes").output
    client.modify_db_instance(DBInstanceIdentifier="write", DeletionProtection=False)
    destroy(stack)


COPY = """
shape = dict(instance_class="db.r7g.large", skip_final_snapshot=True, opts=opts)
first, second = (aws.rds.Instance(name, identifier=name, engine="mariadb", engine_version="11.4", allocated_storage=100,
    username="example", password_wo=pulumi.Output.secret("only-for-tests"), password_wo_version=1,
    backup_retention_period=1, **shape) for name in ("first", "second"))
aws.rds.Instance("copy", identifier="copy", engine="mariadb", backup_retention_period=DAYS,
    replicate_source_db=SOURCE(), **shape)
"""


def test_a_read_copy_without_a_source_is_promoted_and_none_gets_another_source(stack: Stack, account: Account) -> None:
    rds = account.client("rds")
    settle(stack, program(account, "SOURCE, DAYS = lambda: first.identifier, 0\n" + COPY))
    [copy] = rds.describe_db_instances(DBInstanceIdentifier="copy")["DBInstances"]
    assert copy["ReadReplicaSourceDBInstanceIdentifier"].endswith("first")

    stack.write(program(account, "SOURCE, DAYS = lambda: second.identifier, 0\n" + COPY))
    refused = stack.fail("up", "--yes", "--skip-preview")
    assert "replicateSourceDb: RDS gives a read copy no other source" in refused.output

    change(stack, program(account, "SOURCE, DAYS = lambda: None, 3\n" + COPY), updated=1)
    [promoted] = rds.describe_db_instances(DBInstanceIdentifier="copy")["DBInstances"]
    assert not promoted.get("ReadReplicaSourceDBInstanceIdentifier")
    assert (promoted["DbiResourceId"], promoted["BackupRetentionPeriod"]) == (copy["DbiResourceId"], 3)
    destroy(stack)
