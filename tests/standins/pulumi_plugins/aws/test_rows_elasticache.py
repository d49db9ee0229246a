"""Rows of ElastiCache, tried with the arguments of the cache component."""

from collections.abc import Iterator

import pytest

from tests.standins.aws.account import Account
from tests.standins.aws.launched import launched
from tests.standins.pulumi_plugins.aws.rows import change, destroy, program, settle
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

CACHE = """
user = aws.elasticache.User("app", user_id="app", user_name="app", engine="valkey", access_string=ACCESS,
    authentication_mode=aws.elasticache.UserAuthenticationModeArgs(type="iam"), tags={"Name": "app"}, opts=opts)
other = aws.elasticache.User("other", user_id="other", user_name="other", engine="valkey", access_string="off -@all",
    authentication_mode=aws.elasticache.UserAuthenticationModeArgs(type="iam"), tags={"Name": "other"}, opts=opts)
users = aws.elasticache.UserGroup("users", user_group_id="users", engine="valkey",
    user_ids=[user.user_id, other.user_id][:USERS], tags={"Name": "users"}, opts=opts)
parameters = aws.elasticache.ParameterGroup("parameters", name="valkey8", family="valkey8", description="Example",
    parameters=[aws.elasticache.ParameterGroupParameterArgs(name=name, value=value) for name, value in PARAMETERS],
    tags={"Name": "valkey8"}, opts=opts)
spread = aws.elasticache.SubnetGroup("subnets", name="cache", description="Data", subnet_ids=subnets,
    tags={"Name": "cache"}, opts=opts)
logs = {log: aws.cloudwatch.LogGroup(log, name=f"/cache/{log}", retention_in_days=30, tags={"Name": log}, opts=opts)
    for log in ("slow-log", "engine-log")}
cache = aws.elasticache.ReplicationGroup("cache", replication_group_id="cache", description="Queues", engine="valkey",
    engine_version="8.0", auto_minor_version_upgrade=True, node_type=NODE_TYPE, cluster_mode=MODE,
    num_cache_clusters=NODES, multi_az_enabled=True, automatic_failover_enabled=True, port=6379,
    transit_encryption_enabled=True, transit_encryption_mode="required", at_rest_encryption_enabled=True,
    kms_key_id=key.arn, parameter_group_name=parameters.name, subnet_group_name=spread.name,
    security_group_ids=[group.id], user_group_ids=[users.user_group_id], snapshot_retention_limit=SNAPSHOTS,
    snapshot_window="01:00-02:00", maintenance_window="sun:03:00-sun:04:00",
    log_delivery_configurations=[aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
        destination=logs[log].name, destination_type="cloudwatch-logs", log_format="json", log_type=log)
        for log in LOGS],
    tags={"Name": "cache"}, opts=opts)
pulumi.export("address", cache.primary_endpoint_address)
pulumi.export("port", cache.port)
pulumi.export("members", cache.member_clusters)
pulumi.export("user", user.arn)
"""
FIRST = """
MODE = "disabled"
ACCESS, USERS, NODE_TYPE, NODES, SNAPSHOTS, LOGS = "on ~* +@all", 1, "cache.r7g.large", 2, 1, ["slow-log", "engine-log"]
PARAMETERS = [("maxmemory-policy", "noeviction"), ("timeout", "60")]
"""
SECOND = """
MODE = "compatible"
ACCESS, USERS, NODE_TYPE, NODES, SNAPSHOTS, LOGS = "on ~x* +@all", 2, "cache.r7g.xlarge", 3, 7, ["slow-log"]
PARAMETERS = [("maxmemory-policy", "noeviction")]
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account


def test_a_cache_is_made_kept_changed_and_deleted(stack: Stack, account: Account) -> None:
    settle(stack, program(account, FIRST + CACHE))
    client = account.client("elasticache")
    [group] = client.describe_replication_groups()["ReplicationGroups"]
    assert group["UserGroupIds"] == ["users"]
    assert len(group["LogDeliveryConfigurations"]) == 2
    outputs = stack.outputs()
    assert outputs["address"] == group["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    assert (outputs["port"], outputs["members"]) == (6379, ["cache-001", "cache-002"])
    assert outputs["user"] == "arn:aws:elasticache:eu-central-1:111122223333:user:app"

    change(stack, program(account, SECOND + CACHE), updated=4)
    [group] = client.describe_replication_groups()["ReplicationGroups"]
    assert (group["CacheNodeType"], group["SnapshotRetentionLimit"]) == ("cache.r7g.xlarge", 7)
    assert len(group["MemberClusters"]) == 3
    assert group["ClusterMode"] == "compatible"
    assert [one["LogType"] for one in group["LogDeliveryConfigurations"]] == ["slow-log"]
    [users] = client.describe_user_groups()["UserGroups"]
    assert users["UserIds"] == ["app", "other"]
    [parameter] = client.describe_cache_parameters(CacheParameterGroupName="valkey8", Source="user")["Parameters"]
    assert parameter["ParameterName"] == "maxmemory-policy"

    destroy(stack)
    assert not client.describe_replication_groups()["ReplicationGroups"]
    assert not client.describe_users()["Users"]
    assert not client.describe_user_groups()["UserGroups"]
    assert not client.describe_cache_subnet_groups()["CacheSubnetGroups"]
    assert not client.describe_cache_parameter_groups()["CacheParameterGroups"]
