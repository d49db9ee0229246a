"""In an account that environments share, a deployment changes its own environment and no other."""

from collections.abc import Mapping
from typing import Final

import pytest
from patchbay_infra.context import Context

from tests.unit.infra.delivery_roles import (
    BACKUP_KEY,
    REGION,
    STATE_KEY,
    VPC,
    VPN_CERTIFICATE,
    ZONE,
    arn,
    boundary,
    delivery,
    may,
    rights,
)
from tests.unit.infra.mocks import ACCOUNT, ZONES, Recorded

THROUGH: Final = {"kms:ViaService": f"rds.{REGION}.amazonaws.com"}
KEY, CERTIFICATE, VPC_ARN = arn("kms", "key/0"), arn("acm", "certificate/0"), arn("ec2", "vpc/vpc-0")
# Calls on what AWS names itself: it is told apart by its tag.
BY_TAG: Final = [
    ("ec2:DeleteVpc", VPC_ARN, {}),
    ("ec2:CreateSubnet", VPC_ARN, {}),
    ("ec2:CreateSecurityGroup", VPC_ARN, {}),
    ("ec2:DeleteSubnet", arn("ec2", "subnet/0"), {}),
    ("ec2:CreateNatGateway", arn("ec2", "subnet/0"), {}),
    ("ec2:CreateNatGateway", arn("ec2", "elastic-ip/0"), {}),
    ("ec2:RunInstances", arn("ec2", "subnet/0"), {}),
    ("ec2:RunInstances", arn("ec2", "security-group/0"), {}),
    ("ec2:CreateVpcEndpoint", arn("ec2", "route-table/0"), {}),
    ("ec2:DeleteVpcEndpoints", arn("ec2", "vpc-endpoint/0"), {}),
    ("ec2:ReplaceRoute", arn("ec2", "route-table/0"), {}),
    ("ec2:AuthorizeSecurityGroupIngress", arn("ec2", "security-group/0"), {}),
    ("ec2:RevokeSecurityGroupIngress", arn("ec2", "security-group/0"), {}),
    ("ec2:ReleaseAddress", arn("ec2", "elastic-ip/0"), {}),
    ("ec2:CreateLaunchTemplateVersion", arn("ec2", "launch-template/0"), {}),
    ("ec2:DeleteFlowLogs", arn("ec2", "vpc-flow-log/0"), {}),
    ("ec2:RevokeClientVpnIngress", arn("ec2", "client-vpn-endpoint/0"), {}),
    ("ec2:CreateTags", arn("ec2", "vpc/0"), {}),
    ("ec2:DeleteTags", arn("ec2", "vpc/0"), {}),
    ("kms:PutKeyPolicy", KEY, {}),
    ("kms:EnableKey", KEY, {}),
    ("kms:CreateGrant", KEY, {}),
    ("kms:CreateAlias", KEY, {}),
    ("kms:Decrypt", KEY, THROUGH),
    ("kms:UntagResource", KEY, {}),
    ("acm:DeleteCertificate", CERTIFICATE, {}),
    ("shield:DeleteProtection", arn("shield", "protection/0", region=False), {}),
    ("ce:DeleteAnomalyMonitor", arn("ce", "anomalymonitor/0", region=False), {}),
]
# Calls that make something: it is the environment's from its first moment.
MAKING: Final = [
    ("ec2:CreateVpc", VPC_ARN),
    ("ec2:CreateSubnet", arn("ec2", "subnet/0")),
    ("ec2:CreateSecurityGroup", arn("ec2", "security-group/0")),
    ("ec2:AllocateAddress", arn("ec2", "elastic-ip/0")),
    ("ec2:CreateVpcEndpoint", arn("ec2", "vpc-endpoint/0")),
    ("ec2:RunInstances", arn("ec2", "instance/0")),
    ("ec2:RunInstances", arn("ec2", "volume/0")),
    ("kms:CreateKey", "*"),
    ("acm:RequestCertificate", "*"),
    ("eks:CreateCluster", "*"),
    ("ce:CreateAnomalyMonitor", "*"),
    ("shield:CreateProtection", "*"),
]
# Calls on what is named by the program: `{}` stands for the environment's name.
BY_NAME: Final = [
    ("elasticloadbalancing:DeleteLoadBalancer", arn("elasticloadbalancing", "loadbalancer/app/patchbay-{}-edge/0")),
    ("elasticloadbalancing:ModifyListener", arn("elasticloadbalancing", "listener/app/patchbay-{}-edge/0/0")),
    ("elasticloadbalancing:DeleteRule", arn("elasticloadbalancing", "listener-rule/app/patchbay-{}-edge/0/0/0")),
    ("elasticloadbalancing:DeregisterTargets", arn("elasticloadbalancing", "targetgroup/patchbay-{}-main/0")),
    ("wafv2:UpdateWebACL", arn("wafv2", "regional/webacl/patchbay-{}-edge/0")),
    ("wafv2:UpdateIPSet", arn("wafv2", "regional/ipset/patchbay-{}-edge-api/0")),
    ("wafv2:AssociateWebACL", arn("elasticloadbalancing", "loadbalancer/app/patchbay-{}-edge/0")),
    ("logs:DeleteLogGroup", arn("logs", "log-group:patchbay-{}-flow-logs")),
    ("logs:DeleteLogGroup", arn("logs", "log-group:/aws/eks/patchbay-{}-main/cluster")),
    ("logs:PutRetentionPolicy", arn("logs", "log-group:/aws/rds/instance/patchbay-{}-databases-write/error")),
    ("logs:DeleteLogGroup", arn("logs", "log-group:/aws/vendedlogs/elasticache/patchbay-{}-main/slow-log")),
    ("logs:DeleteLogGroup", arn("logs", "log-group:/aws/opensearch/patchbay-{}-search/audit")),
    ("logs:DeleteLogGroup", arn("logs", "log-group:aws-waf-logs-patchbay-{}-edge")),
    ("kms:DeleteAlias", arn("kms", "alias/patchbay-{}-data")),
    ("rds:DeleteDBInstance", arn("rds", "db:patchbay-{}-databases-write")),
    ("eks:DeleteCluster", arn("eks", "cluster/patchbay-{}-main")),
    ("eks:CreateAccessEntry", arn("eks", "cluster/patchbay-{}-main")),
    (
        "autoscaling:DeleteTags",
        arn("autoscaling", "autoScalingGroup:0:autoScalingGroupName/eks-patchbay-{}-main-flows-0"),
    ),
    ("sns:DeleteTopic", arn("sns", "patchbay-{}-watching-alarms")),
    ("cloudwatch:DeleteAlarms", arn("cloudwatch", "alarm:patchbay-{}-database")),
]


@pytest.fixture(scope="module")
def production() -> Recorded:
    return delivery()


@pytest.mark.parametrize(("action", "resource", "context"), BY_TAG)
def test_what_bears_the_environments_tag_is_changed_and_nothing_else(
    production: Recorded, action: str, resource: str, context: Mapping[str, str]
) -> None:
    apply = rights(production, "apply")
    assert may(apply, action, resource, tag="production", **context)
    assert not may(apply, action, resource, tag="another", **context)
    assert not may(apply, action, resource, **context)
    # A tag in the request makes nothing ours that is there.
    assert not may(apply, action, resource, tag="another", request="production", **context)
    assert not may(rights(production, "plan"), action, resource, tag="production", **context)


@pytest.mark.parametrize(("action", "resource"), MAKING)
def test_what_is_made_gets_the_environments_tag_at_once(production: Recorded, action: str, resource: str) -> None:
    apply = rights(production, "apply")
    assert may(apply, action, resource, request="production")
    assert not may(apply, action, resource, request="another")
    assert not may(apply, action, resource)


@pytest.mark.parametrize(("action", "resource"), BY_NAME)
def test_what_bears_the_environments_name_is_changed_and_nothing_else(
    production: Recorded, action: str, resource: str
) -> None:
    apply = rights(production, "apply")
    assert may(apply, action, resource.format("production"))
    assert not may(apply, action, resource.format("another"))
    assert not may(rights(production, "plan"), action, resource.format("production"))


def test_tags_are_put_on_what_was_just_made_and_on_its_own(production: Recorded) -> None:
    apply, vpc = rights(production, "apply"), arn("ec2", "vpc/0")
    making = {"ec2:CreateAction": "CreateVpc"}
    assert may(apply, "ec2:CreateTags", vpc, request="production", **making)
    assert not may(apply, "ec2:CreateTags", vpc, request="another", **making)
    assert not may(apply, "ec2:CreateTags", vpc, request="production", tag="another")
    assert not may(apply, "ec2:CreateTags", vpc, request="production")
    # Its own is not given away.
    assert not may(apply, "ec2:CreateTags", vpc, request="another", tag="production")


@pytest.mark.parametrize(("action", "resource"), [("kms:TagResource", KEY), ("acm:AddTagsToCertificate", CERTIFICATE)])
def test_where_making_and_tagging_are_two_calls_another_environments_is_not_taken_over(
    production: Recorded, action: str, resource: str
) -> None:
    apply = rights(production, "apply")
    assert may(apply, action, resource, request="production")
    assert not may(apply, action, resource, request="production", tag="another")
    assert not may(apply, action, resource, request="another")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("kms:TagResource", STATE_KEY),
        ("kms:TagResource", BACKUP_KEY),
        ("kms:ScheduleKeyDeletion", STATE_KEY),
        ("acm:AddTagsToCertificate", VPN_CERTIFICATE),
        ("acm:DeleteCertificate", VPN_CERTIFICATE),
    ],
)
def test_what_the_config_names_is_used_and_never_changed(production: Recorded, action: str, resource: str) -> None:
    here = {"aws:RequestedRegion": resource.split(":")[3]}
    for tag in ({}, {"tag": "production"}):
        assert not may(rights(production, "apply"), action, resource, request="production", **tag, **here)


def test_records_are_changed_in_the_environments_own_zone_only(production: Recorded) -> None:
    apply, change = rights(production, "apply"), "route53:ChangeResourceRecordSets"
    assert may(apply, change, f"arn:aws:route53:::hostedzone/{ZONE}")
    assert may(apply, "route53:DeleteHostedZone", f"arn:aws:route53:::hostedzone/{ZONE}")
    for action in (change, "route53:DeleteHostedZone", "route53:ChangeTagsForResource"):
        assert not may(apply, action, "arn:aws:route53:::hostedzone/Z9")
    given = rights(delivery(own_zone=False), "apply")
    assert may(given, change, f"arn:aws:route53:::hostedzone/{ZONE}")
    assert not may(given, "route53:DeleteHostedZone", f"arn:aws:route53:::hostedzone/{ZONE}")


def test_private_names_are_given_to_the_environments_own_vpc_only(production: Recorded) -> None:
    apply, associate = rights(production, "apply"), "route53:AssociateVPCWithHostedZone"
    zone = "arn:aws:route53:::hostedzone/Z9"
    assert may(apply, associate, zone, **{"route53:VPCs": f"VPCId={VPC},VPCRegion={REGION}"})
    assert not may(apply, associate, zone, **{"route53:VPCs": f"VPCId=vpc-9,VPCRegion={REGION}"})
    assert not may(apply, associate, zone)


def test_interfaces_of_pods_are_no_deployments_to_delete(production: Recorded) -> None:
    apply, interface = rights(production, "apply"), arn("ec2", "network-interface/0")
    tag = "aws:ResourceTag/cluster.k8s.amazonaws.com/name"
    assert not may(apply, "ec2:DeleteNetworkInterface", interface, **{tag: "patchbay-production-main"})


@pytest.mark.parametrize(
    ("action", "resource", "tag"),
    [
        ("ec2:RunInstances", arn("ec2", "subnet/0"), "production"),
        ("ec2:TerminateInstances", arn("ec2", "instance/0"), "production"),
        ("ec2:DeleteVpc", arn("ec2", "vpc/0"), "production"),
        ("ec2:AuthorizeSecurityGroupIngress", arn("ec2", "security-group/0"), "production"),
        ("elasticloadbalancing:DeleteLoadBalancer", arn("elasticloadbalancing", "loadbalancer/app/a/0"), "production"),
        ("kms:Decrypt", KEY, "another"),
        ("kms:CreateGrant", KEY, "another"),
        ("autoscaling:SetDesiredCapacity", arn("autoscaling", "autoScalingGroup:0:autoScalingGroupName/a"), ""),
        ("logs:PutLogEvents", arn("logs", "log-group:/aws/eks/patchbay-another-main/cluster:log-stream:a"), ""),
        ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:rds!db-0"), ""),
    ],
)
def test_no_role_within_the_boundary_can_be_given_what_workloads_do_not_need(
    production: Recorded, action: str, resource: str, tag: str
) -> None:
    assert not may(boundary(production), action, resource, tag=tag)


@pytest.mark.parametrize(
    ("action", "resource", "tag"),
    [
        ("ec2:CreateNetworkInterface", arn("ec2", "subnet/0"), ""),
        ("ec2:AttachVolume", arn("ec2", "volume/0"), ""),
        ("kms:Decrypt", KEY, "production"),
        ("rds:ModifyDBInstance", arn("rds", "db:patchbay-production-databases-write"), ""),
        ("logs:PutLogEvents", arn("logs", "log-group:patchbay-production-flow-logs:log-stream:a"), ""),
        ("logs:PutLogEvents", arn("logs", "log-group:RDSOSMetrics:log-stream:a"), ""),
    ],
)
def test_roles_within_the_boundary_can_be_given_what_workloads_need(
    production: Recorded, action: str, resource: str, tag: str
) -> None:
    assert may(boundary(production), action, resource, tag=tag)


def test_policies_of_the_longest_names_fit_as_well() -> None:
    """IAM's limits: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    longest = Context(
        "abcdefghijkl", "ap-southeast-1", ACCOUNT, ZONES, production=True, owner="platform", cost_center="0000"
    )
    recorded = delivery(
        context=longest, furtherRegions=["ap-northeast-1", "ap-southeast-2"], repository="e" * 80 + "/p"
    )
    for policy in recorded.of("iam/policy:Policy"):
        assert len(policy.inputs["policy"]) <= 6144, policy.name
    for policy in recorded.of("iam/rolePolicy:RolePolicy"):
        assert len(policy.inputs["policy"]) <= 10240, policy.name
    for role in recorded.of("iam/role:Role"):
        name = role.inputs["name"]
        assert 0 < len([one for one in recorded.of("RolePolicyAttachment") if one.inputs["role"] == name]) <= 10
