"""The environment's search."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from patchbay_config.errors import ConfigError
from patchbay_infra.context import Context
from patchbay_infra.search.component import Search
from patchbay_infra.search.config import SearchConfig

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

ADMIN = "arn:aws:iam::111122223333:role/platform-admin"
CONFIG: Mapping[str, Any] = {
    "instanceType": "r7g.large.search",
    "dedicatedMasters": {"instanceType": "m7g.large.search"},
    "adminRoleArns": [ADMIN],
}
DOMAIN = "opensearch/domain:Domain"
DOMAIN_ARN = "arn:aws:es:eu-central-1:111122223333:domain/patchbay-production-search"


def search(values: Mapping[str, Any] = CONFIG, context: Context = PRODUCTION, name: str = "search") -> Recorded:
    def program() -> Mapping[str, Any]:
        made = Search(
            name,
            SearchConfig.model_validate(values),
            context=context,
            network=network(),
            data_key_arn=DATA_KEY,
            logs_key_arn=LOGS_KEY,
            clients=CLIENTS,
            opts=pulumi.ResourceOptions(),
        )
        return {
            "endpoint": made.endpoint,
            "arn": made.domain_arn,
            "name": made.domain_name,
            "master": made.master_role_arn,
            "group": made.security_group_id,
        }

    return record(program, outputs={DOMAIN: {"endpoint": "search.example.com"}})


def statements(document: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = json.loads(document)["Statement"]
    return found


def test_production_spreads_data_over_three_zones_and_keeps_its_quorum_apart() -> None:
    nodes = search().one(DOMAIN).inputs["clusterConfig"]
    assert nodes == {
        "instanceType": "r7g.large.search",
        "instanceCount": 3,
        "zoneAwarenessEnabled": True,
        "zoneAwarenessConfig": {"availabilityZoneCount": 3},
        "dedicatedMasterEnabled": True,
        "dedicatedMasterType": "m7g.large.search",
        "dedicatedMasterCount": 3,
    }


@pytest.mark.parametrize("zones", [1, 2, 3])
def test_the_domain_has_one_subnet_in_each_zone_as_aws_asks(zones: int) -> None:
    domain = search({**CONFIG, "zoneCount": zones, "instanceCount": zones * 2}, STAGING).one(DOMAIN)
    assert domain.inputs["vpcOptions"]["subnetIds"] == [f"subnet-{zone}" for zone in ZONES[:zones]]
    assert domain.inputs["clusterConfig"]["zoneAwarenessEnabled"] is (zones > 1)
    assert ("zoneAwarenessConfig" in domain.inputs["clusterConfig"]) is (zones > 1)


def test_everything_is_encrypted_at_rest_between_nodes_and_to_clients() -> None:
    inputs = search().one(DOMAIN).inputs
    assert inputs["encryptAtRest"] == {"enabled": True, "kmsKeyId": DATA_KEY}
    assert inputs["nodeToNodeEncryption"] == {"enabled": True}
    assert inputs["domainEndpointOptions"]["enforceHttps"] is True
    assert inputs["domainEndpointOptions"]["tlsSecurityPolicy"].startswith("Policy-Min-TLS-1-2")


def test_the_master_user_is_a_role_and_there_is_no_password() -> None:
    recorded = search()
    options = recorded.one(DOMAIN).inputs["advancedSecurityOptions"]
    assert options == {
        "enabled": True,
        "internalUserDatabaseEnabled": False,
        "masterUserOptions": {"masterUserArn": mock_arn("search-master")},
    }


def test_only_the_admins_take_the_master_role_and_it_has_rights_on_this_domain_only() -> None:
    recorded = search()
    (trust,) = statements(recorded.one("iam/role:Role").inputs["assumeRolePolicy"])
    assert trust["Condition"] == {"ArnLike": {"aws:PrincipalArn": [ADMIN]}}
    assert trust["Action"] == ["sts:AssumeRole"]
    (rights,) = statements(recorded.one("iam/rolePolicy:RolePolicy").inputs["policy"])
    assert rights["Resource"] == [f"{DOMAIN_ARN}/*"]
    assert all(action.startswith("es:ESHttp") and "*" not in action for action in rights["Action"])


def test_other_accounts_are_kept_out() -> None:
    (policy,) = statements(search().one(DOMAIN).inputs["accessPolicies"])
    assert policy["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert policy["Resource"] == [f"{DOMAIN_ARN}/*"]


def test_its_logs_are_kept_and_only_this_domain_writes_them() -> None:
    recorded = search()
    names = {
        f"/aws/opensearch/patchbay-production-search/{log}"
        for log in ("index-slow", "search-slow", "application", "audit")
    }
    assert_logs_are_encrypted_and_expire(recorded, names)
    options = recorded.one(DOMAIN).inputs["logPublishingOptions"]
    assert {one["logType"] for one in options} == {
        "INDEX_SLOW_LOGS",
        "SEARCH_SLOW_LOGS",
        "ES_APPLICATION_LOGS",
        "AUDIT_LOGS",
    }
    (write,) = statements(recorded.one("cloudwatch/logResourcePolicy:LogResourcePolicy").inputs["policyDocument"])
    assert write["Principal"] == {"Service": "es.amazonaws.com"}
    assert write["Condition"]["ArnLike"] == {"aws:SourceArn": DOMAIN_ARN}
    assert set(write["Resource"]) == {f"{one['cloudwatchLogGroupArn']}:*" for one in options}


def test_nobody_but_the_clients_reaches_it_and_it_reaches_nobody() -> None:
    recorded = search()
    group = recorded.one("ec2/securityGroup:SecurityGroup")
    assert_reached_by_clients_only(recorded, group, 443)
    assert recorded.one(DOMAIN).inputs["vpcOptions"]["securityGroupIds"] == [group.id]


def test_the_outputs_are_what_clients_need() -> None:
    assert search().outputs == {
        "endpoint": "search.example.com",
        "arn": mock_arn("search"),
        "name": "patchbay-production-search",
        "master": mock_arn("search-master"),
        "group": "search-id",
    }


def test_everything_can_be_found_by_its_name_tag() -> None:
    assert_tagged_uniquely(search())


def test_a_name_that_aws_would_refuse_is_refused_before_anything_is_made() -> None:
    with pytest.raises(ConfigError, match="longer than 28 characters; shorten the environment's name"):
        search(name="search-of-everything")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"engineVersion": "Elasticsearch_7.10"}, "engineVersion: "),
        ({"instanceType": "r7g.large"}, "instanceType: "),
        ({"instanceCount": 4}, "`instanceCount` is no multiple of `zoneCount`; change one"),
        ({"zoneCount": 4}, "zoneCount: "),
        ({"dedicatedMasters": {"instanceType": "m7g.large.search", "count": 2}}, "dedicatedMasters.count: "),
        ({"adminRoleArns": []}, "adminRoleArns: "),
        ({"adminRoleArns": ["arn:aws:iam::111122223333:role/*"]}, "adminRoleArns: holds what is no role's ARN"),
        ({"adminRoleArns": ["arn:aws:iam::111122223333:user/somebody"]}, "adminRoleArns: holds what is no role's ARN"),
        ({"volumeGib": 5}, "volumeGib: Input should be greater than or equal to 10"),
        ({"masterPassword": "x"}, "masterPassword: unknown key; correct its spelling or remove it"),
    ],
)
def test_a_wrong_config_is_refused_with_the_field_and_the_remedy(change: Mapping[str, Any], told: str) -> None:
    assert told in refusal(SearchConfig, {**CONFIG, **change})


def test_roles_of_aws_sign_in_may_be_named_by_their_beginning() -> None:
    arn = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Platform_*"
    assert SearchConfig.model_validate({**CONFIG, "adminRoleArns": [arn]}).admin_role_arns == (arn,)


def test_production_refuses_a_single_zone_and_masters_among_the_data() -> None:
    weak = SearchConfig.model_validate({**CONFIG, "zoneCount": 1, "dedicatedMasters": None})
    assert [field for field, _ in weak.faults(production=True)] == ["zoneCount", "dedicatedMasters"]
    assert weak.faults(production=False) == []
    assert SearchConfig.model_validate(CONFIG).faults(production=True) == []
