"""A cluster's cache."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from patchbay_config.errors import ConfigError
from patchbay_infra.cache.component import Cache
from patchbay_infra.cache.config import CacheConfig
from patchbay_infra.context import Context

from .data_services import (
    CLIENTS,
    DATA_KEY,
    LOGS_KEY,
    assert_logs_are_encrypted_and_expire,
    assert_reached_by_clients_only,
    assert_tagged_uniquely,
    network,
    refusal,
)
from .mocks import PRODUCTION, STAGING, ZONES, Recorded, mock_arn, record

CONFIG: Mapping[str, Any] = {"nodeType": "cache.r7g.large"}
GROUP = "elasticache/replicationGroup:ReplicationGroup"


def cache(
    values: Mapping[str, Any] = CONFIG, context: Context = PRODUCTION, names: tuple[str, ...] = ("cache-main",)
) -> Recorded:
    def program() -> Mapping[str, Any]:
        (made, *_) = (
            Cache(
                name,
                CacheConfig.model_validate(values),
                context=context,
                network=network(),
                data_key_arn=DATA_KEY,
                logs_key_arn=LOGS_KEY,
                clients=CLIENTS,
                opts=pulumi.ResourceOptions(),
            )
            for name in names
        )
        return {
            "address": made.address,
            "port": made.port,
            "user": [made.user_name, made.user_arn],
            "group": [made.replication_group_id, made.replication_group_arn],
            "members": made.member_ids,
            "security group": made.security_group_id,
        }

    return record(program, outputs={GROUP: {"primaryEndpointAddress": "cache.example.com"}})


def test_a_second_node_takes_over_in_another_zone() -> None:
    recorded = cache()
    inputs = recorded.one(GROUP).inputs
    assert inputs["numCacheClusters"] == 2
    assert inputs["multiAzEnabled"] is True
    assert inputs["automaticFailoverEnabled"] is True
    (subnets,) = recorded.of("elasticache/subnetGroup:SubnetGroup")
    assert subnets.inputs["subnetIds"] == [f"subnet-{zone}" for zone in ZONES]
    assert inputs["subnetGroupName"] == subnets.inputs["name"]


def test_a_single_node_asks_for_no_failover_that_aws_would_refuse() -> None:
    inputs = cache({**CONFIG, "nodes": 1}, STAGING).one(GROUP).inputs
    assert inputs["numCacheClusters"] == 1
    assert inputs["multiAzEnabled"] is False
    assert inputs["automaticFailoverEnabled"] is False


def test_it_speaks_redis_protocol_unsharded_and_encrypted() -> None:
    inputs = cache().one(GROUP).inputs
    assert (inputs["engine"], inputs["clusterMode"]) == ("valkey", "disabled")
    assert inputs["transitEncryptionEnabled"] is True
    assert inputs["transitEncryptionMode"] == "required"
    assert inputs["atRestEncryptionEnabled"] is True
    assert inputs["kmsKeyId"] == DATA_KEY


def test_a_full_cache_refuses_processes_rather_than_losing_one() -> None:
    recorded = cache()
    parameters = recorded.one("elasticache/parameterGroup:ParameterGroup")
    assert parameters.inputs["parameters"] == [{"name": "maxmemory-policy", "value": "noeviction"}]
    assert parameters.inputs["family"] == "valkey8"
    assert recorded.one(GROUP).inputs["parameterGroupName"] == parameters.inputs["name"]


def test_the_only_user_is_the_runtime_s_and_needs_no_password() -> None:
    recorded = cache()
    user = recorded.one("elasticache/user:User").inputs
    assert user["authenticationMode"] == {"type": "iam"}
    assert user["userName"] == user["userId"]
    assert not {"passwords", "noPasswordRequired", "passwordsWo"} & set(user)
    group = recorded.one("elasticache/userGroup:UserGroup").inputs
    assert group["userIds"] == [user["userId"]]
    assert recorded.one(GROUP).inputs["userGroupIds"] == [group["userGroupId"]]
    assert "authToken" not in recorded.one(GROUP).inputs


def test_the_runtime_reaches_its_own_keys_and_nothing_that_harms_the_server() -> None:
    rights = cache().one("elasticache/user:User").inputs["accessString"].split()
    assert rights[0] == "on"
    assert [one for one in rights if one[0] in "~&"] == ["~patchbay:*", "&patchbay:*"]
    assert "+@all" not in rights
    # Later rights override earlier ones.
    assert rights.index("-@all") < rights.index("+@read") < rights.index("-@dangerous") < rights.index("+info")
    assert [one for one in rights[rights.index("-@dangerous") :] if one.startswith("+")] == ["+info", "+time"]


def test_what_happens_and_what_is_slow_is_logged() -> None:
    recorded = cache()
    names = {f"/aws/vendedlogs/elasticache/patchbay-production-cache-main/{log}" for log in ("slow-log", "engine-log")}
    assert_logs_are_encrypted_and_expire(recorded, names)
    deliveries = recorded.one(GROUP).inputs["logDeliveryConfigurations"]
    assert {(one["logType"], one["destination"].rsplit("/", 1)[1]) for one in deliveries} == {
        ("slow-log", "slow-log"),
        ("engine-log", "engine-log"),
    }
    assert {one["destination"] for one in deliveries} == names


def test_nobody_but_the_clients_reaches_it_and_it_reaches_nobody() -> None:
    recorded = cache()
    group = recorded.one("ec2/securityGroup:SecurityGroup")
    assert_reached_by_clients_only(recorded, group, 6379)
    assert recorded.one(GROUP).inputs["securityGroupIds"] == [group.id]


def test_the_outputs_are_what_clients_rights_and_alarms_need() -> None:
    assert cache().outputs == {
        "address": "cache.example.com",
        "port": 6379,
        "user": ["patchbay-production-cache-main", mock_arn("cache-main-runtime")],
        "group": ["cache-main-id", mock_arn("cache-main")],
        "members": ["cache-main-id-001", "cache-main-id-002"],
        "security group": "cache-main-id",
    }


def test_each_cluster_of_an_environment_has_a_cache_of_its_own() -> None:
    recorded = cache(names=("cache-one", "cache-two"))
    assert_tagged_uniquely(recorded)
    for token, name in ((GROUP, "replicationGroupId"), ("elasticache/user:User", "userId")):
        assert len({one.inputs[name] for one in recorded.of(token)}) == 2


def test_a_name_that_aws_would_cut_is_refused_with_the_remedy() -> None:
    with pytest.raises(ConfigError, match="shorten the name of the environment or of the cluster"):
        cache(names=("cache-" + "x" * 20,))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"engineVersion": "6.2"}, "engineVersion: "),
        ({"nodeType": "db.r7g.large"}, "nodeType: "),
        ({"nodes": 0}, "nodes: Input should be greater than or equal to 1"),
        ({"snapshotWindow": "03:30-04:30"}, "`snapshotWindow` and `maintenanceWindow` overlap; move one of them"),
        ({"snapshotDays": 90}, "snapshotDays: Input should be less than or equal to 35"),
        ({"authToken": "x"}, "authToken: unknown key; correct its spelling or remove it"),
    ],
)
def test_a_wrong_config_is_refused_with_the_field_and_the_remedy(change: Mapping[str, Any], told: str) -> None:
    assert told in refusal(CacheConfig, {**CONFIG, **change})


def test_production_refuses_a_cache_without_a_replica() -> None:
    config = CacheConfig.model_validate({**CONFIG, "nodes": 1})
    assert config.faults(production=True) == [("nodes", "production fails over to a replica; set 2 or more")]
    assert config.faults(production=False) == []
    assert CacheConfig.model_validate(CONFIG).faults(production=True) == []
