"""The calls that list each kind of resource, without what AWS itself puts into every account."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jmespath

from patchbay_operations.access import Access, answers
from patchbay_operations.inventory.item import Item

_NAME_TAG: Final = "(Tags||TagSet||`[]`)[?Key=='Name']|[0].Value"


@dataclass(frozen=True)
class Listing:
    """`items`, `identifier`, `name` and `zone` are JMESPath: into the answer, then into each item."""

    kind: str
    service: str
    call: str
    items: str
    identifier: str = "@"
    name: str = _NAME_TAG
    zone: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    region: str | None = None

    def read(self, access: Access) -> Iterator[Item]:
        """Every item of the kind."""
        client = access.client(self.service, region=self.region)
        for answer in answers(client, self.call, **self.parameters):
            for entry in jmespath.search(self.items, answer) or []:
                yield Item(
                    self.kind,
                    str(jmespath.search(self.identifier, entry)),
                    _text(self.name, entry),
                    _text(self.zone, entry),
                )


def _text(expression: str, entry: Any) -> str:
    if not expression or isinstance(entry, str):
        return ""
    return str(jmespath.search(expression, entry) or "")


LISTINGS: Final = (
    Listing("VPC", "ec2", "describe_vpcs", "Vpcs[?IsDefault!=`true`]", "VpcId"),
    Listing(
        "VPC range",
        "ec2",
        "describe_vpcs",
        "Vpcs[?IsDefault!=`true`].CidrBlockAssociationSet[]|[?CidrBlockState.State=='associated']",
        "AssociationId",
    ),
    Listing("subnet", "ec2", "describe_subnets", "Subnets[?DefaultForAz!=`true`]", "SubnetId", zone="AvailabilityZone"),
    Listing("internet gateway", "ec2", "describe_internet_gateways", "InternetGateways[]", "InternetGatewayId"),
    Listing("elastic IP", "ec2", "describe_addresses", "Addresses[]", "AllocationId"),
    Listing(
        "NAT gateway",
        "ec2",
        "describe_nat_gateways",
        "NatGateways[?State!='deleted'&&State!='deleting']",
        "NatGatewayId",
    ),
    Listing(
        "route table",
        "ec2",
        "describe_route_tables",
        "RouteTables[?length(Associations[?Main==`true`])==`0`]",
        "RouteTableId",
    ),
    Listing("network ACL", "ec2", "describe_network_acls", "NetworkAcls[?IsDefault!=`true`]", "NetworkAclId"),
    Listing("security group", "ec2", "describe_security_groups", "SecurityGroups[?GroupName!='default']", "GroupId"),
    Listing("VPC endpoint", "ec2", "describe_vpc_endpoints", "VpcEndpoints[?State!='deleted']", "VpcEndpointId"),
    Listing("flow log", "ec2", "describe_flow_logs", "FlowLogs[]", "FlowLogId"),
    Listing(
        "launch template",
        "ec2",
        "describe_launch_templates",
        "LaunchTemplates[]",
        "LaunchTemplateId",
        "LaunchTemplateName",
    ),
    Listing(
        "client VPN endpoint", "ec2", "describe_client_vpn_endpoints", "ClientVpnEndpoints[]", "ClientVpnEndpointId"
    ),
    Listing(
        "instance",
        "ec2",
        "describe_instances",
        "Reservations[].Instances[]|[?State.Name!='terminated']",
        "InstanceId",
        zone="Placement.AvailabilityZone",
    ),
    Listing(
        "network interface",
        "ec2",
        "describe_network_interfaces",
        "NetworkInterfaces[]",
        "NetworkInterfaceId",
        zone="AvailabilityZone",
    ),
    Listing("volume", "ec2", "describe_volumes", "Volumes[]", "VolumeId", zone="AvailabilityZone"),
    Listing(
        "Auto Scaling group",
        "autoscaling",
        "describe_auto_scaling_groups",
        "AutoScalingGroups[]",
        "AutoScalingGroupName",
    ),
    Listing("instance profile", "iam", "list_instance_profiles", "InstanceProfiles[]", "InstanceProfileName"),
    Listing("IAM role", "iam", "list_roles", "Roles[?!starts_with(Path,'/aws-service-role/')]", "RoleName"),
    Listing("IAM policy", "iam", "list_policies", "Policies[]", "Arn", "PolicyName", parameters={"Scope": "Local"}),
    Listing("OIDC provider", "iam", "list_open_id_connect_providers", "OpenIDConnectProviderList[]", "Arn"),
    Listing("KMS alias", "kms", "list_aliases", "Aliases[?!starts_with(AliasName,'alias/aws/')]", "AliasName"),
    Listing("log group", "logs", "describe_log_groups", "logGroups[]", "logGroupName"),
    Listing("log resource policy", "logs", "describe_resource_policies", "resourcePolicies[]", "policyName"),
    Listing("alarm", "cloudwatch", "describe_alarms", "[MetricAlarms,CompositeAlarms][][]", "AlarmName"),
    Listing("backup vault", "backup", "list_backup_vaults", "BackupVaultList[]", "BackupVaultName"),
    Listing("backup plan", "backup", "list_backup_plans", "BackupPlansList[]", "BackupPlanId", "BackupPlanName"),
    Listing("event rule", "events", "list_rules", "Rules[?!starts_with(Name,'AutoScalingManagedRule')]", "Name"),
    Listing("trail", "cloudtrail", "describe_trails", "trailList[]", "TrailARN", "Name"),
    Listing("threat detector", "guardduty", "list_detectors", "DetectorIds[]"),
    Listing(
        "configuration recorder",
        "config",
        "describe_configuration_recorders",
        "ConfigurationRecorders[]",
        "name",
        "name",
    ),
    Listing(
        "configuration delivery", "config", "describe_delivery_channels", "DeliveryChannels[]", "name", "s3BucketName"
    ),
    Listing("SNS topic", "sns", "list_topics", "Topics[]", "TopicArn"),
    Listing("SNS subscription", "sns", "list_subscriptions", "Subscriptions[]", "[TopicArn,Endpoint]|join(' ',@)"),
    Listing("DB subnet group", "rds", "describe_db_subnet_groups", "DBSubnetGroups[]", "DBSubnetGroupName"),
    Listing(
        "DB parameter group",
        "rds",
        "describe_db_parameter_groups",
        "DBParameterGroups[?!starts_with(DBParameterGroupName,'default.')]",
        "DBParameterGroupName",
    ),
    Listing(
        "database", "rds", "describe_db_instances", "DBInstances[]", "DBInstanceIdentifier", zone="AvailabilityZone"
    ),
    Listing(
        "database snapshot",
        "rds",
        "describe_db_snapshots",
        "DBSnapshots[?SnapshotType=='manual']",
        "DBSnapshotIdentifier",
    ),
    Listing(
        "cache subnet group",
        "elasticache",
        "describe_cache_subnet_groups",
        "CacheSubnetGroups[]",
        "CacheSubnetGroupName",
    ),
    Listing(
        "cache parameter group",
        "elasticache",
        "describe_cache_parameter_groups",
        "CacheParameterGroups[?!starts_with(CacheParameterGroupName,'default.')]",
        "CacheParameterGroupName",
    ),
    Listing("cache user", "elasticache", "describe_users", "Users[?UserId!='default']", "UserId"),
    Listing("cache user group", "elasticache", "describe_user_groups", "UserGroups[]", "UserGroupId"),
    Listing("cache", "elasticache", "describe_replication_groups", "ReplicationGroups[]", "ReplicationGroupId"),
    Listing(
        "cache node",
        "elasticache",
        "describe_cache_clusters",
        "CacheClusters[]",
        "CacheClusterId",
        zone="PreferredAvailabilityZone",
    ),
    Listing("search domain", "opensearch", "list_domain_names", "DomainNames[]", "DomainName"),
    Listing("bucket", "s3", "list_buckets", "Buckets[]", "Name"),
    Listing("hosted zone", "route53", "list_hosted_zones", "HostedZones[]", "Id", "Name"),
    Listing("certificate", "acm", "list_certificates", "CertificateSummaryList[]", "CertificateArn", "DomainName"),
    Listing(
        "load balancer", "elbv2", "describe_load_balancers", "LoadBalancers[]", "LoadBalancerArn", "LoadBalancerName"
    ),
    Listing("target group", "elbv2", "describe_target_groups", "TargetGroups[]", "TargetGroupArn", "TargetGroupName"),
    Listing("web ACL", "wafv2", "list_web_acls", "WebACLs[]", "ARN", "Name", parameters={"Scope": "REGIONAL"}),
    Listing("IP set", "wafv2", "list_ip_sets", "IPSets[]", "ARN", "Name", parameters={"Scope": "REGIONAL"}),
    Listing("Shield protection", "shield", "list_protections", "Protections[]", "Id", "Name"),
    Listing("ECR repository", "ecr", "describe_repositories", "repositories[]", "repositoryName"),
    Listing("secret", "secretsmanager", "list_secrets", "SecretList[]", "ARN", "Name"),
    Listing("anomaly monitor", "ce", "get_anomaly_monitors", "AnomalyMonitors[]", "MonitorArn", "MonitorName"),
    Listing(
        "anomaly subscription",
        "ce",
        "get_anomaly_subscriptions",
        "AnomalySubscriptions[]",
        "SubscriptionArn",
        "SubscriptionName",
    ),
)
