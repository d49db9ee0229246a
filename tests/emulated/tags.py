"""How boto3 tells the tags of everything that the program makes and AWS can tag."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath
from patchbay_operations.access import answers
from patchbay_operations.checks.facts import Facts

Tags = Mapping[str, str]
_PAIRS = ("Key", "Value")
# Parameters that take several identifiers.
_LISTS = ("ResourceArns", "ResourceIdList")


@dataclass(frozen=True)
class Tagged:
    """`items`: JMESPath of identifiers in the answer of `call`; `tags`: how an identifier's tags are asked for."""

    service: str
    call: str
    items: str
    tags: tuple[str, str, str]  # call, parameter, JMESPath of the tags in the answer
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def read(self, facts: Facts) -> Iterator[tuple[str, Tags]]:
        client = facts.access.client(self.service)
        ask, parameter, path = self.tags
        for answer in answers(client, self.call, **self.parameters):
            for identifier in jmespath.search(self.items, answer):
                asked: dict[str, Any] = {parameter: [identifier] if parameter in _LISTS else identifier}
                if self.service == "route53":
                    asked = {parameter: str(identifier).rpartition("/")[2], "ResourceType": "hostedzone"}
                yield f"{self.service} {identifier}", _plain(jmespath.search(path, getattr(client, ask)(**asked)))


def _plain(tags: Any) -> Tags:
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    key, value = ("TagKey", "TagValue") if tags and "TagKey" in tags[0] else _PAIRS
    return {tag[key]: tag[value] for tag in tags or []}


_RDS = ("list_tags_for_resource", "ResourceName", "TagList")
_BY_ARN = ("list_tags_for_resource", "ResourceArn", "Tags")

TAGGED = (
    *(
        Tagged("backup", call, items, ("list_tags", "ResourceArn", "Tags"))
        for call, items in (
            ("list_backup_vaults", "BackupVaultList[].BackupVaultArn"),
            ("list_backup_plans", "BackupPlansList[].BackupPlanArn"),
        )
    ),
    Tagged(
        "cloudtrail",
        "describe_trails",
        "trailList[].TrailARN",
        ("list_tags", "ResourceIdList", "ResourceTagList[0].TagsList"),
    ),
    Tagged("events", "list_rules", "Rules[].Arn", ("list_tags_for_resource", "ResourceARN", "Tags")),
    Tagged("guardduty", "list_detectors", "DetectorIds", ("get_detector", "DetectorId", "Tags")),
    Tagged(
        "iam", "list_roles", "Roles[?contains(RoleName,'patchbay')].RoleName", ("list_role_tags", "RoleName", "Tags")
    ),
    Tagged("iam", "list_policies", "Policies[].Arn", ("list_policy_tags", "PolicyArn", "Tags"), {"Scope": "Local"}),
    Tagged(
        "iam",
        "list_open_id_connect_providers",
        "OpenIDConnectProviderList[?contains(Arn,'githubusercontent')].Arn",
        ("list_open_id_connect_provider_tags", "OpenIDConnectProviderArn", "Tags"),
    ),
    Tagged(
        "kms",
        "list_aliases",
        "Aliases[?starts_with(AliasName,'alias/patchbay')].TargetKeyId",
        ("list_resource_tags", "KeyId", "Tags"),
    ),
    Tagged("logs", "describe_log_groups", "logGroups[].logGroupName", ("list_tags_log_group", "logGroupName", "tags")),
    Tagged(
        "cloudwatch", "describe_alarms", "MetricAlarms[].AlarmArn", ("list_tags_for_resource", "ResourceARN", "Tags")
    ),
    Tagged("sns", "list_topics", "Topics[].TopicArn", _BY_ARN),
    Tagged("rds", "describe_db_instances", "DBInstances[].DBInstanceArn", _RDS),
    Tagged("rds", "describe_db_subnet_groups", "DBSubnetGroups[].DBSubnetGroupArn", _RDS),
    Tagged(
        "rds",
        "describe_db_parameter_groups",
        "DBParameterGroups[?!starts_with(DBParameterGroupName,'default.')].DBParameterGroupArn",
        _RDS,
    ),
    Tagged("elasticache", "describe_replication_groups", "ReplicationGroups[].ARN", _RDS),
    Tagged("elasticache", "describe_users", "Users[?UserId!='default'].ARN", _RDS),
    Tagged("elasticache", "describe_user_groups", "UserGroups[].ARN", _RDS),
    Tagged("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups[].ARN", _RDS),
    Tagged(
        "elasticache",
        "describe_cache_parameter_groups",
        "CacheParameterGroups[?!starts_with(CacheParameterGroupName,'default.')].ARN",
        _RDS,
    ),
    Tagged("s3", "list_buckets", "Buckets[].Name", ("get_bucket_tagging", "Bucket", "TagSet")),
    Tagged(
        "route53",
        "list_hosted_zones",
        "HostedZones[].Id",
        ("list_tags_for_resource", "ResourceId", "ResourceTagSet.Tags"),
    ),
    Tagged(
        "acm",
        "list_certificates",
        "CertificateSummaryList[].CertificateArn",
        ("list_tags_for_certificate", "CertificateArn", "Tags"),
    ),
    Tagged(
        "elbv2",
        "describe_load_balancers",
        "LoadBalancers[].LoadBalancerArn",
        ("describe_tags", "ResourceArns", "TagDescriptions[0].Tags"),
    ),
    Tagged(
        "elbv2",
        "describe_target_groups",
        "TargetGroups[].TargetGroupArn",
        ("describe_tags", "ResourceArns", "TagDescriptions[0].Tags"),
    ),
    Tagged(
        "wafv2",
        "list_web_acls",
        "WebACLs[].ARN",
        ("list_tags_for_resource", "ResourceARN", "TagInfoForResource.TagList"),
        {"Scope": "REGIONAL"},
    ),
    Tagged(
        "ecr",
        "describe_repositories",
        "repositories[].repositoryArn",
        ("list_tags_for_resource", "resourceArn", "tags"),
    ),
    Tagged(
        "secretsmanager",
        "list_secrets",
        "SecretList[?starts_with(Name,'patchbay/')].Name",
        ("describe_secret", "SecretId", "Tags"),
    ),
    Tagged(
        "ce",
        "get_anomaly_monitors",
        "AnomalyMonitors[].MonitorArn",
        ("list_tags_for_resource", "ResourceArn", "ResourceTags"),
    ),
    Tagged(
        "ce",
        "get_anomaly_subscriptions",
        "AnomalySubscriptions[].SubscriptionArn",
        ("list_tags_for_resource", "ResourceArn", "ResourceTags"),
    ),
)

# What `describe_tags` of EC2 tells of, by the listing's call, answer and identifier.
_EC2 = (
    ("describe_vpcs", "Vpcs", "VpcId"),
    ("describe_subnets", "Subnets", "SubnetId"),
    ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("describe_addresses", "Addresses", "AllocationId"),
    ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("describe_security_groups", "SecurityGroups", "GroupId"),
    ("describe_network_acls", "NetworkAcls", "NetworkAclId"),
    ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ("describe_flow_logs", "FlowLogs", "FlowLogId"),
    ("describe_client_vpn_endpoints", "ClientVpnEndpoints", "ClientVpnEndpointId"),
)


def of_ec2(facts: Facts) -> Iterator[tuple[str, Tags]]:
    """Everything in the environment's VPC, its route tables and rules, and the program's launch templates."""
    ec2 = facts.access.client("ec2")
    vpc = facts.vpc.identifier
    for call, result, identifier in _EC2:
        for answer in answers(ec2, call):
            for item in answer[result]:
                if item.get("VpcId", vpc) == vpc and not item.get("GroupName", "").startswith("eks-cluster-sg-"):
                    yield f"ec2 {item[identifier]}", _plain(item.get("Tags", []))
    inside = [{"Name": "vpc-id", "Values": [vpc]}]
    for table in ec2.describe_route_tables(Filters=inside)["RouteTables"]:
        if not any(association.get("Main") for association in table["Associations"]):
            yield f"ec2 {table['RouteTableId']}", _plain(table["Tags"])
    groups = {group for group in facts.vpc.groups if not facts.vpc.groups[group].name.startswith("eks-cluster-sg-")}
    for answer in answers(ec2, "describe_security_group_rules"):
        for rule in answer["SecurityGroupRules"]:
            if rule["GroupId"] in groups:
                yield f"ec2 {rule['SecurityGroupRuleId']}", _plain(rule["Tags"])
    for template in ec2.describe_launch_templates()["LaunchTemplates"]:
        if template["LaunchTemplateName"].startswith("patchbay-"):
            yield f"ec2 {template['LaunchTemplateId']}", _plain(template.get("Tags", []))


def of_eks(facts: Facts) -> Iterator[tuple[str, Tags]]:
    """Clusters, node groups, add-ons, access entries but those that EKS makes itself, and Pod Identity associations."""
    eks = facts.access.client("eks")
    for cluster in facts.clusters:
        name = cluster["name"]
        yield f"eks {name}", cluster["tags"]
        for group in (one for one in facts.node_groups if one["clusterName"] == name):
            yield f"eks {group['nodegroupArn']}", group["tags"]
        for addon in facts.pages("eks", "list_addons", "addons", clusterName=name):
            yield f"eks {name}/{addon}", eks.describe_addon(clusterName=name, addonName=addon)["addon"]["tags"]
        for principal in facts.pages("eks", "list_access_entries", "accessEntries", clusterName=name):
            entry = eks.describe_access_entry(clusterName=name, principalArn=principal)["accessEntry"]
            if entry["type"] == "STANDARD":
                yield f"eks {entry['accessEntryArn']}", entry["tags"]
        for one in facts.pages("eks", "list_pod_identity_associations", "associations", clusterName=name):
            association = eks.describe_pod_identity_association(clusterName=name, associationId=one["associationId"])
            yield f"eks {one['associationArn']}", association["association"]["tags"]
