"""ElastiCache through boto3."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.standins.aws.account import ZONES
from tests.standins.aws.launched import NAME_TAG, launched, tags


@dataclass(frozen=True)
class Cache:
    client: Any
    group: Any  # what CreateReplicationGroup answered


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cache]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        network = account.network()
        security_group = account.security_group(network)
        client = account.client("elasticache")
        client.create_cache_subnet_group(
            CacheSubnetGroupName="example",
            CacheSubnetGroupDescription="example",
            SubnetIds=list(network.subnets),
            Tags=NAME_TAG,
        )
        client.create_cache_parameter_group(
            CacheParameterGroupName="example", CacheParameterGroupFamily="redis7", Description="example", Tags=NAME_TAG
        )
        client.create_user(
            UserId="app",
            UserName="app",
            Engine="redis",
            AccessString="on ~* +@all",
            AuthenticationMode={"Type": "iam"},
            Tags=NAME_TAG,
        )
        client.create_user(
            UserId="nobody", UserName="default", Engine="redis", AccessString="off -@all", NoPasswordRequired=True
        )
        client.create_user_group(UserGroupId="example", Engine="redis", UserIds=["app", "nobody"], Tags=NAME_TAG)
        group = client.create_replication_group(
            ReplicationGroupId="example",
            ReplicationGroupDescription="example",
            AutomaticFailoverEnabled=True,
            MultiAZEnabled=True,
            NumCacheClusters=3,
            PreferredCacheClusterAZs=ZONES,
            CacheNodeType="cache.r7g.large",
            Engine="redis",
            EngineVersion="7.1",
            CacheParameterGroupName="example",
            CacheSubnetGroupName="example",
            SecurityGroupIds=[security_group],
            TransitEncryptionEnabled=True,
            AtRestEncryptionEnabled=True,
            KmsKeyId=account.key(),
            UserGroupIds=["example"],
            SnapshotRetentionLimit=7,
            LogDeliveryConfigurations=[
                {
                    "LogType": "slow-log",
                    "DestinationType": "cloudwatch-logs",
                    "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": "/example"}},
                    "LogFormat": "json",
                }
            ],
            Tags=NAME_TAG,
        )["ReplicationGroup"]
        yield Cache(client, group)


def _group(cache: Cache) -> Any:
    return cache.client.describe_replication_groups(ReplicationGroupId="example")["ReplicationGroups"][0]


def test_a_replication_group_keeps_encryption_users_logs_and_its_endpoints(cache: Cache) -> None:
    group = _group(cache)
    assert (group["MultiAZ"], group["AutomaticFailover"]) == ("enabled", "enabled")
    assert group["AtRestEncryptionEnabled"]
    assert group["TransitEncryptionEnabled"]
    assert group["KmsKeyId"].startswith("arn:aws:kms:")
    assert group["UserGroupIds"] == ["example"]
    assert group["LogDeliveryConfigurations"][0]["LogType"] == "slow-log"
    [nodes] = group["NodeGroups"]
    assert nodes["PrimaryEndpoint"]["Address"].startswith("master.example.")
    assert nodes["ReaderEndpoint"]["Port"] == 6379


def test_each_node_is_in_the_zone_that_was_asked_for_with_the_groups_settings(cache: Cache) -> None:
    members = {
        cluster["CacheClusterId"]: cluster for cluster in cache.client.describe_cache_clusters()["CacheClusters"]
    }
    assert [members[name]["PreferredAvailabilityZone"] for name in cache.group["MemberClusters"]] == list(ZONES)
    for cluster in members.values():
        assert cluster["CacheParameterGroup"]["CacheParameterGroupName"] == "example"
        assert cluster["CacheSubnetGroupName"] == "example"
        assert cluster["EngineVersion"] == "7.1"


def test_a_changed_group_shows_the_change_in_its_nodes(cache: Cache) -> None:
    cache.client.modify_replication_group(
        ReplicationGroupId="example",
        CacheNodeType="cache.r7g.xlarge",
        PreferredMaintenanceWindow="mon:05:00-mon:06:00",
        SnapshotRetentionLimit=8,
        LogDeliveryConfigurations=[{"LogType": "slow-log", "Enabled": False}],
        ApplyImmediately=True,
    )
    group = _group(cache)
    assert (group["CacheNodeType"], group["SnapshotRetentionLimit"]) == ("cache.r7g.xlarge", 8)
    assert not group["LogDeliveryConfigurations"]
    cluster = cache.client.describe_cache_clusters(CacheClusterId="example-002")["CacheClusters"][0]
    assert cluster["PreferredMaintenanceWindow"] == "mon:05:00-mon:06:00"
    assert cluster["CacheNodeType"] == "cache.r7g.xlarge"


def test_replicas_come_and_go(cache: Cache) -> None:
    arguments = {"ReplicationGroupId": "example", "ApplyImmediately": True}
    cache.client.decrease_replica_count(NewReplicaCount=1, **arguments)
    assert _group(cache)["MemberClusters"] == ["example-001", "example-002"]
    with pytest.raises(ClientError, match="CacheClusterNotFound"):
        cache.client.describe_cache_clusters(CacheClusterId="example-003")
    cache.client.increase_replica_count(NewReplicaCount=2, **arguments)
    assert _group(cache)["NodeGroups"][0]["NodeGroupMembers"][2]["PreferredAvailabilityZone"] == ZONES[2]


def test_parameters_are_changed_and_reset(cache: Cache) -> None:
    changed = [{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}]
    group = {"CacheParameterGroupName": "example"}
    cache.client.modify_cache_parameter_group(ParameterNameValues=changed, **group)
    [parameter] = cache.client.describe_cache_parameters(Source="user", **group)["Parameters"]
    assert parameter["ParameterValue"] == "noeviction"
    cache.client.reset_cache_parameter_group(ParameterNameValues=changed, **group)
    assert not cache.client.describe_cache_parameters(Source="user", **group)["Parameters"]


def test_users_have_their_way_to_prove_who_they_are_and_their_groups(cache: Cache) -> None:
    [user] = cache.client.describe_users(UserId="app")["Users"]
    assert user["Authentication"] == {"Type": "iam"}
    assert user["UserGroupIds"] == ["example"]
    assert cache.client.modify_user(UserId="app", AccessString="on ~x* +@all")["AccessString"] == "on ~x* +@all"


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("create_user_group", {"UserGroupId": "other", "Engine": "redis", "UserIds": ["app"]}, "DefaultUserRequired"),
        (
            "create_user",
            {
                "UserId": "other",
                "UserName": "another",
                "Engine": "redis",
                "AccessString": "on",
                "AuthenticationMode": {"Type": "iam"},
            },
            "InvalidParameterCombination",
        ),
        ("delete_user_group", {"UserGroupId": "example"}, "InvalidUserGroupState"),
        ("delete_user", {"UserId": "nobody"}, "DefaultUserAssociatedToUserGroup"),
        ("delete_cache_parameter_group", {"CacheParameterGroupName": "example"}, "InvalidCacheParameterGroupState"),
        ("delete_cache_subnet_group", {"CacheSubnetGroupName": "example"}, "CacheSubnetGroupInUse"),
        (
            "create_replication_group",
            {"ReplicationGroupId": "other", "ReplicationGroupDescription": "x", "MultiAZEnabled": True},
            "InvalidParameterCombination",
        ),
    ],
)
def test_what_aws_refuses_is_refused(cache: Cache, operation: str, arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        getattr(cache.client, operation)(**arguments)
    assert error.value.response["Error"]["Code"] == code


def test_everything_is_tagged(cache: Cache) -> None:
    for kind in ("replicationgroup", "subnetgroup", "parametergroup", "usergroup"):
        arn = f"arn:aws:elasticache:eu-central-1:111122223333:{kind}:example"
        assert tags(cache.client.list_tags_for_resource(ResourceName=arn)["TagList"]) == {"Name": "example"}
        cache.client.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "other", "Value": "x"}])
        cache.client.remove_tags_from_resource(ResourceName=arn, TagKeys=["Name"])
        assert tags(cache.client.list_tags_for_resource(ResourceName=arn)["TagList"]) == {"other": "x"}


def test_subnet_groups_tell_zones_and_can_change(cache: Cache) -> None:
    [group] = cache.client.describe_cache_subnet_groups(CacheSubnetGroupName="example")["CacheSubnetGroups"]
    assert [subnet["SubnetAvailabilityZone"]["Name"] for subnet in group["Subnets"]] == list(ZONES)
    kept = [subnet["SubnetIdentifier"] for subnet in group["Subnets"][:2]]
    changed = cache.client.modify_cache_subnet_group(CacheSubnetGroupName="example", SubnetIds=kept)
    assert len(changed["CacheSubnetGroup"]["Subnets"]) == 2


def test_deleted_things_leave_nothing(cache: Cache) -> None:
    client = cache.client
    client.delete_replication_group(ReplicationGroupId="example")
    client.delete_user_group(UserGroupId="example")
    client.delete_cache_parameter_group(CacheParameterGroupName="example")
    client.delete_cache_subnet_group(CacheSubnetGroupName="example")
    for user in ("app", "nobody"):
        client.delete_user(UserId=user)
    assert not client.describe_replication_groups()["ReplicationGroups"]
    assert not client.describe_cache_clusters()["CacheClusters"]
    assert not client.describe_user_groups()["UserGroups"]
    assert not client.describe_users()["Users"]
    assert not client.describe_cache_parameter_groups()["CacheParameterGroups"]
    assert not client.describe_cache_subnet_groups()["CacheSubnetGroups"]
