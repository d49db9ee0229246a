"""Resources that AWS knows by the name that the program gives them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from patchbay_operations.access import Access

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class _Named:
    """`input` names the resource; `call` describes it by `parameter`; the id is the name, or lies at `path`."""

    service: str
    call: str
    parameter: str
    input: str = "name"
    path: tuple[str | int, ...] = ()
    many: bool = False

    def __call__(self, inputs: Inputs, access: Access) -> Iterator[str]:
        name = inputs[self.input]
        answer: Any = getattr(access.client(self.service), self.call)(**{self.parameter: [name] if self.many else name})
        for part in self.path:
            if answer == []:
                return
            answer = answer[part]
        yield answer if self.path else name


def _log_group(inputs: Inputs, access: Access) -> Iterator[str]:
    # A prefix is all that can be asked for.
    pages = access.client("logs").get_paginator("describe_log_groups")
    for page in pages.paginate(logGroupNamePrefix=inputs["name"]):
        if any(group["logGroupName"] == inputs["name"] for group in page["logGroups"]):
            yield inputs["name"]


def _alarm(inputs: Inputs, access: Access) -> Iterator[str]:
    if access.client("cloudwatch").describe_alarms(AlarmNames=[inputs["name"]])["MetricAlarms"]:
        yield inputs["name"]


def _topic(inputs: Inputs, access: Access) -> Iterator[str]:
    for page in access.client("sns").get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            if topic["TopicArn"].rsplit(":", 1)[1] == inputs["name"]:
                yield topic["TopicArn"]


def _firewall(call: str, result: str) -> Callable[[Inputs, Access], Iterator[str]]:
    def find(inputs: Inputs, access: Access) -> Iterator[str]:
        for item in _all(access.client("wafv2"), call, result, "NextMarker", Scope=inputs["scope"]):
            if item["Name"] == inputs["name"]:
                yield f"{item['Id']}/{item['Name']}/{inputs['scope']}"

    return find


def _anomaly(call: str, result: str, name: str, arn: str) -> Callable[[Inputs, Access], Iterator[str]]:
    def find(inputs: Inputs, access: Access) -> Iterator[str]:
        for item in _all(access.client("ce"), call, result, "NextPageToken"):
            if item[name] == inputs["name"]:
                yield item[arn]

    return find


def _all(client: Any, call: str, result: str, marker: str, **parameters: str) -> Iterator[dict[str, Any]]:
    """The items of all pages, where boto3 has no paginator."""
    more: dict[str, str] = {}
    while True:
        answer = getattr(client, call)(**parameters, **more)
        yield from answer[result]
        if not answer.get(marker):
            return
        more = {marker: answer[marker]}


def _zone(inputs: Inputs, access: Access) -> Iterator[str]:
    name = inputs["name"].rstrip(".") + "."
    for zone in access.client("route53").list_hosted_zones_by_name(DNSName=name)["HostedZones"]:
        if zone["Name"] == name:
            yield zone["Id"].removeprefix("/hostedzone/")


def _budget(inputs: Inputs, access: Access) -> Iterator[str]:
    account = inputs.get("accountId") or access.client("sts").get_caller_identity()["Account"]
    access.client("budgets").describe_budget(AccountId=account, BudgetName=inputs["name"])
    yield f"{account}:{inputs['name']}"


def _backup_plan(inputs: Inputs, access: Access) -> Iterator[str]:
    for page in access.client("backup").get_paginator("list_backup_plans").paginate():
        for plan in page["BackupPlansList"]:
            if plan["BackupPlanName"] == inputs["name"]:
                yield plan["BackupPlanId"]


def _bucket(inputs: Inputs, access: Access) -> Iterator[str]:
    access.client("s3").head_bucket(Bucket=inputs["bucket"])
    yield inputs["bucket"]


def _detector(inputs: Inputs, access: Access) -> Iterator[str]:
    # Of a region there is one, and not always ours.
    client = access.client("guardduty")
    for identifier in client.list_detectors()["DetectorIds"]:
        if client.get_detector(DetectorId=identifier).get("Tags", {}).get("Name") == inputs["tags"]["Name"]:
            yield identifier


def _hub(_: Inputs, access: Access) -> Iterator[str]:
    """An account and region has one, without a name."""
    try:
        arn: str = access.client("securityhub").describe_hub()["HubArn"]
    except ClientError as error:
        # How Security Hub says that there is none.
        if error.response["Error"]["Code"] != "InvalidAccessException":
            raise
        return
    yield arn.split(":")[4]


FINDERS: Final[Mapping[str, Callable[[Inputs, Access], Iterator[str]]]] = {
    "aws:backup/plan:Plan": _backup_plan,
    "aws:backup/vault:Vault": _Named("backup", "describe_backup_vault", "BackupVaultName"),
    "aws:budgets/budget:Budget": _budget,
    "aws:cloudtrail/trail:Trail": _Named("cloudtrail", "get_trail", "Name", path=("Trail", "TrailARN")),
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": _anomaly(
        "get_anomaly_monitors", "AnomalyMonitors", "MonitorName", "MonitorArn"
    ),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": _anomaly(
        "get_anomaly_subscriptions", "AnomalySubscriptions", "SubscriptionName", "SubscriptionArn"
    ),
    "aws:ecr/repository:Repository": _Named("ecr", "describe_repositories", "repositoryNames", many=True),
    "aws:eks/cluster:Cluster": _Named("eks", "describe_cluster", "name"),
    "aws:elasticache/parameterGroup:ParameterGroup": _Named(
        "elasticache", "describe_cache_parameter_groups", "CacheParameterGroupName"
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": _Named(
        "elasticache", "describe_replication_groups", "ReplicationGroupId", input="replicationGroupId"
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": _Named(
        "elasticache", "describe_cache_subnet_groups", "CacheSubnetGroupName"
    ),
    "aws:elasticache/user:User": _Named("elasticache", "describe_users", "UserId", input="userId"),
    "aws:elasticache/userGroup:UserGroup": _Named(
        "elasticache", "describe_user_groups", "UserGroupId", input="userGroupId"
    ),
    "aws:guardduty/detector:Detector": _detector,
    "aws:lb/loadBalancer:LoadBalancer": _Named(
        "elbv2", "describe_load_balancers", "Names", path=("LoadBalancers", 0, "LoadBalancerArn"), many=True
    ),
    "aws:lb/targetGroup:TargetGroup": _Named(
        "elbv2", "describe_target_groups", "Names", path=("TargetGroups", 0, "TargetGroupArn"), many=True
    ),
    "aws:opensearch/domain:Domain": _Named("opensearch", "describe_domain", "DomainName", input="domainName"),
    "aws:rds/instance:Instance": _Named("rds", "describe_db_instances", "DBInstanceIdentifier", input="identifier"),
    "aws:rds/parameterGroup:ParameterGroup": _Named("rds", "describe_db_parameter_groups", "DBParameterGroupName"),
    "aws:rds/subnetGroup:SubnetGroup": _Named("rds", "describe_db_subnet_groups", "DBSubnetGroupName"),
    "aws:route53/zone:Zone": _zone,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:secretsmanager/secret:Secret": _Named("secretsmanager", "describe_secret", "SecretId", path=("ARN",)),
    "aws:securityhub/account:Account": _hub,
    "aws:sns/topic:Topic": _topic,
    "aws:wafv2/ipSet:IpSet": _firewall("list_ip_sets", "IPSets"),
    "aws:wafv2/webAcl:WebAcl": _firewall("list_web_acls", "WebACLs"),
}
