"""What services look up, make and enter in the name of who calls them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from patchbay_standins.aws.record import arns, context, reference, values
from patchbay_standins.aws.record.question import Question
from patchbay_standins.aws.service import Call

_FIREWALL_LOGS: Final = "https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html"
_LINKED_VPN: Final = "https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/using-service-linked-roles.html"
_LINKED_BALANCING: Final = (
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-service-linked-roles.html"
)
_LINKED_SEARCH: Final = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/slr-aos.html"
_NEW_BUCKETS: Final = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"


@dataclass(frozen=True)
class Looks:
    """Actions that name no resource, or what the call makes. `where`: a parameter that has to be given."""

    operations: frozenset[str]
    actions: tuple[str, ...]
    source: str
    where: str = ""


@dataclass(frozen=True)
class Linked:
    """The role that a service has in each account; whoever uses it first makes it.

    `looked_at`: the service looks for it first (terraform-aws-eks issue 823).
    """

    operations: frozenset[str]
    service: str
    source: str
    looked_at: bool = False


LOOKS: Final = (
    Looks(frozenset({"eks:CreateCluster"}), ("ec2:DescribeSubnets", "ec2:DescribeVpcs"), "schema:AWS::EKS::Cluster"),
    Looks(
        frozenset({"eks:CreateNodegroup"}),
        (
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:DescribeLaunchTemplates",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ),
        "schema:AWS::EKS::Nodegroup",
    ),
    Looks(
        frozenset({"rds:CreateDBInstance", "rds:CreateDBInstanceReadReplica"}),
        (
            "ec2:DescribeAccountAttributes",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcs",
        ),
        "schema:AWS::RDS::DBInstance",
    ),
    Looks(
        frozenset({"wafv2:PutLoggingConfiguration"}),
        (
            "logs:CreateLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:PutResourcePolicy",
        ),
        "schema:AWS::WAFv2::LoggingConfiguration",
    ),
    Looks(frozenset({"wafv2:DeleteLoggingConfiguration"}), ("logs:DeleteLogDelivery",), _FIREWALL_LOGS),
    Looks(
        frozenset({"wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"}),
        ("elasticloadbalancing:SetWebAcl",),
        "schema:AWS::WAFv2::WebACLAssociation",
    ),
    Looks(
        frozenset({"elbv2:CreateTargetGroup"}),
        ("ec2:DescribeVpcs",),
        "schema:AWS::ElasticLoadBalancingV2::TargetGroup",
    ),
    Looks(frozenset({"s3:CreateBucket"}), ("s3:PutBucketOwnershipControls",), _NEW_BUCKETS, "ObjectOwnership"),
)
LINKED: Final = (
    Linked(frozenset({"ec2:CreateClientVpnEndpoint"}), "clientvpn.amazonaws.com", _LINKED_VPN),
    Linked(frozenset({"eks:CreateCluster"}), "eks.amazonaws.com", "schema:AWS::EKS::Cluster"),
    Linked(frozenset({"eks:CreateNodegroup"}), "eks-nodegroup.amazonaws.com", "schema:AWS::EKS::Nodegroup", True),
    Linked(
        frozenset({"elasticache:CreateReplicationGroup"}),
        "elasticache.amazonaws.com",
        "schema:AWS::ElastiCache::ReplicationGroup",
    ),
    Linked(frozenset({"elbv2:CreateLoadBalancer"}), "elasticloadbalancing.amazonaws.com", _LINKED_BALANCING),
    Linked(frozenset({"opensearch:CreateDomain"}), "opensearchservice.amazonaws.com", _LINKED_SEARCH),
    Linked(
        frozenset({"rds:CreateDBInstance", "rds:CreateDBSubnetGroup"}),
        "rds.amazonaws.com",
        "schema:AWS::RDS::DBSubnetGroup",
    ),
    Linked(
        frozenset({"wafv2:PutLoggingConfiguration"}), "wafv2.amazonaws.com", "schema:AWS::WAFv2::LoggingConfiguration"
    ),
)


def questions(call: Call) -> Iterator[Question]:
    operation = f"{call.service}:{call.operation}"
    for looks in LOOKS:
        if operation in looks.operations and (not looks.where or call.get(looks.where)):
            yield from (Question(action, _everything(action, call), context.here(call)) for action in looks.actions)
    for linked in LINKED:
        if operation in linked.operations:
            role = f"arn:aws:iam::{call.account}:role/aws-service-role/{linked.service}/*"
            asked = {**context.GLOBAL, "iam:AWSServiceName": linked.service}
            yield Question("iam:CreateServiceLinkedRole", role, asked)
            if linked.looked_at:
                yield Question("iam:GetRole", role, context.GLOBAL)
    if operation == "ec2:CreateVpcEndpoint" and call.get("PrivateDnsEnabled"):
        yield from _private_names(call)


def _everything(action: str, call: Call) -> str:
    """What an action is asked about that names nothing: anything of its kind, where it knows a kind."""
    prefix, _, name = action.partition(":")
    known = reference.action(prefix, name)
    needed = [kind for kind in known.kinds if kind.required] if known else []
    return arns.made(needed[0], prefix, call) if needed else "*"


def _private_names(call: Call) -> Iterator[Question]:
    """An endpoint's names are in a zone of AWS', which the VPC is associated with.

    Source: Amazon VPC guide on PrivateLink, "Enable private DNS names": the zone is made by AWS.
    """
    for vpc in values.at(call.parameters, "VpcId"):
        asked = {**context.GLOBAL, "route53:VPCs": [f"VPCId={vpc},VPCRegion={call.region}"]}
        yield Question("route53:AssociateVPCWithHostedZone", "arn:aws:route53:::hostedzone/*", asked)
