"""Resources that AWS knows by the name that the program gives them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

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

    def __call__(self, inputs: Inputs, access: Access) -> str | None:
        name = str(inputs[self.input])
        client = access.client(self.service, region=inputs.get("region"))
        answer = getattr(client, self.call)(**{self.parameter: [name] if self.many else name})
        value: Any = answer
        for part in self.path:
            if isinstance(value, list) and not value:
                return None
            value = value[part]
        return str(value) if self.path else name


def _log_group(inputs: Inputs, access: Access) -> str | None:
    client = access.client("logs", region=inputs.get("region"))
    groups = client.describe_log_groups(logGroupNamePrefix=inputs["name"])["logGroups"]
    return next((group["logGroupName"] for group in groups if group["logGroupName"] == inputs["name"]), None)


def _alarm(inputs: Inputs, access: Access) -> str | None:
    alarms = access.client("cloudwatch").describe_alarms(AlarmNames=[inputs["name"]])["MetricAlarms"]
    return str(alarms[0]["AlarmName"]) if alarms else None


def _topic(inputs: Inputs, access: Access) -> str | None:
    for page in access.client("sns").get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            if topic["TopicArn"].rsplit(":", 1)[1] == inputs["name"]:
                return str(topic["TopicArn"])
    return None


def _firewall(list_call: str, result: str) -> Callable[[Inputs, Access], str | None]:
    def find(inputs: Inputs, access: Access) -> str | None:
        for item in getattr(access.client("wafv2"), list_call)(Scope=inputs["scope"])[result]:
            if item["Name"] == inputs["name"]:
                return f"{item['Id']}/{item['Name']}/{inputs['scope']}"
        return None

    return find


def _zone(inputs: Inputs, access: Access) -> str | None:
    name = inputs["name"].rstrip(".") + "."
    for zone in access.client("route53").list_hosted_zones_by_name(DNSName=name, MaxItems="1")["HostedZones"]:
        if zone["Name"] == name:
            return str(zone["Id"]).removeprefix("/hostedzone/")
    return None


def _budget(inputs: Inputs, access: Access) -> str | None:
    account = inputs.get("accountId") or access.client("sts").get_caller_identity()["Account"]
    access.client("budgets").describe_budget(AccountId=account, BudgetName=inputs["name"])
    return f"{account}:{inputs['name']}"


def _anomaly(list_call: str, result: str, name: str, arn: str) -> Callable[[Inputs, Access], str | None]:
    def find(inputs: Inputs, access: Access) -> str | None:
        for item in getattr(access.client("ce"), list_call)()[result]:
            if item[name] == inputs["name"]:
                return str(item[arn])
        return None

    return find


def _bucket(inputs: Inputs, access: Access) -> str | None:
    access.client("s3").head_bucket(Bucket=inputs["bucket"])
    return str(inputs["bucket"])


FINDERS: Final[Mapping[str, Callable[[Inputs, Access], str | None]]] = {
    "aws:budgets/budget:Budget": _budget,
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
    "aws:sns/topic:Topic": _topic,
    "aws:wafv2/ipSet:IpSet": _firewall("list_ip_sets", "IPSets"),
    "aws:wafv2/webAcl:WebAcl": _firewall("list_web_acls", "WebACLs"),
}
