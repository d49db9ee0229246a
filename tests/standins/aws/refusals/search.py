"""OpenSearch: where a domain's nodes lie, and what it needs besides."""

from typing import Any

from tests.standins.aws.account import REGION, Account, new_name
from tests.standins.aws.refusals.row import Arguments, Table

TABLE = Table("opensearch")

_TWO_ZONES = {"ZoneAwarenessEnabled": True, "ZoneAwarenessConfig": {"AvailabilityZoneCount": 2}}


@TABLE.refuses(
    "create_domain",
    "ValidationException",
    words="You must specify exactly one subnet.",
    source="cyberlabrs/terraform-aws-opensearch 7",
)
def a_domain_of_one_zone_has_two_subnets(account: Account) -> Arguments:
    return _domain({}, VPCOptions={"SubnetIds": list(account.network().subnets[:2])})


@TABLE.refuses(
    "create_domain",
    "ValidationException",
    words="You must choose an even number of data nodes for a two Availability Zone deployment",
    source="cloudposse/terraform-aws-elasticsearch 192",
)
def two_zones_share_three_nodes(account: Account) -> Arguments:
    return _domain({**_TWO_ZONES, "InstanceCount": 3}, VPCOptions={"SubnetIds": list(account.network().subnets[:2])})


@TABLE.refuses(
    "update_domain_config",
    "ValidationException",
    words="You must choose an even number of data nodes for a two Availability Zone deployment",
    source="cloudposse/terraform-aws-elasticsearch 192",
)
def two_zones_get_a_third_node(account: Account) -> Arguments:
    subnets = list(account.network().subnets[:2])
    given = _domain({**_TWO_ZONES, "InstanceCount": 2}, VPCOptions={"SubnetIds": subnets})
    account.client("opensearch").create_domain(**given)
    return {"DomainName": given["DomainName"], "ClusterConfig": {"InstanceCount": 3}}


@TABLE.refuses(
    "create_domain",
    "ValidationException",
    words="Autotune is not supported in t2/t3 instance types. Disable autotune or change your instance type.",
    source="hashicorp/terraform-provider-aws 30205",
)
def a_burstable_node_is_tuned(_: Account) -> Arguments:
    return _domain({"InstanceType": "t3.small.search"}, AutoTuneOptions={"DesiredState": "ENABLED"})


@TABLE.refuses(
    "create_domain",
    "ValidationException",
    words="does not grant sufficient permissions for Amazon OpenSearch Service to create a log stream. "
    "Please check the Resource Access Policy.",
    source="awsdocs/amazon-opensearch-service-developer-guide 59",
)
def nothing_lets_the_domain_write_its_log(account: Account) -> Arguments:
    group = f"/aws/opensearch/{new_name('logs')}"
    account.client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{REGION}:111122223333:log-group:{group}"
    return _domain(
        {}, LogPublishingOptions={"ES_APPLICATION_LOGS": {"CloudWatchLogsLogGroupArn": arn, "Enabled": True}}
    )


def _domain(cluster: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return {
        "DomainName": new_name("search"),
        "EngineVersion": "OpenSearch_2.19",
        "ClusterConfig": {"InstanceType": "r7g.large.search", "InstanceCount": 1, **cluster},
        "AutoTuneOptions": {"DesiredState": "DISABLED"},
        **settings,
    }
