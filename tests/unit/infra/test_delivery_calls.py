"""A deployment may make every call that AWS' own deployments of the same resources make.

CloudFormation's schemas list, for each type, the permissions that making, changing and deleting one takes; the Service
Authorization Reference tells which kinds of resources each of those calls is judged by. Neither knows our policies.
Both come with cfn-lint.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.unit.infra.delivery_roles import (
    BACKUP_KEY,
    BOUNDARY,
    REGION,
    VPC,
    ZONE,
    arn,
    delivery,
    may,
    rights,
)
from tests.unit.infra.delivery_schemas import ADMINISTRATORS, TYPES, permissions, reference
from tests.unit.infra.mocks import Recorded

GOLDEN: Final = Path(__file__).parents[2] / "emulated" / "golden" / "production.yaml"
# One of the environment's own of each kind that a call may be judged by, and AWS' own where one is handed in.
OWN: Final[Mapping[str, str]] = {
    "acm:certificate": arn("acm", "certificate/0"),
    "autoscaling:autoScalingGroup": arn(
        "autoscaling", "autoScalingGroup:0:autoScalingGroupName/eks-patchbay-production-main-flows-0a1b2c-0"
    ),
    "budgets:budget": arn("budgets", "budget/patchbay-production-monthly", region=False),
    "ce:anomalymonitor": arn("ce", "anomalymonitor/0", region=False),
    "ce:anomalysubscription": arn("ce", "anomalysubscription/0", region=False),
    "cloudwatch:alarm": arn("cloudwatch", "alarm:patchbay-production-database"),
    **{
        f"ec2:{kind}": arn("ec2", f"{kind}/0")
        for kind in (
            "client-vpn-endpoint",
            "elastic-ip",
            "instance",
            "internet-gateway",
            "launch-template",
            "natgateway",
            "network-acl",
            "network-interface",
            "route-table",
            "security-group",
            "security-group-rule",
            "subnet",
            "volume",
            "vpc",
            "vpc-endpoint",
            "vpc-flow-log",
        )
    },
    "ec2:image": f"arn:aws:ec2:{REGION}::image/ami-0",
    "ecr:repository": arn("ecr", "repository/patchbay-production-runtime"),
    "eks:access-entry": arn("eks", "access-entry/patchbay-production-main/role/111122223333/example/0"),
    "eks:addon": arn("eks", "addon/patchbay-production-main/coredns/0"),
    "eks:cluster": arn("eks", "cluster/patchbay-production-main"),
    "eks:nodegroup": arn("eks", "nodegroup/patchbay-production-main/patchbay-production-main-flows/0"),
    "eks:podidentityassociation": arn("eks", "podidentityassociation/patchbay-production-main/a-0"),
    "elasticache:cluster": arn("elasticache", "cluster:patchbay-production-main-001"),
    "elasticache:parametergroup": arn("elasticache", "parametergroup:patchbay-production-main"),
    "elasticache:replicationgroup": arn("elasticache", "replicationgroup:patchbay-production-main"),
    "elasticache:subnetgroup": arn("elasticache", "subnetgroup:patchbay-production-main"),
    "elasticache:user": arn("elasticache", "user:patchbay-production-main"),
    "elasticache:usergroup": arn("elasticache", "usergroup:patchbay-production-main"),
    "elasticloadbalancing:listener-rule/app": arn(
        "elasticloadbalancing", "listener-rule/app/patchbay-production-edge/0/0/0"
    ),
    "elasticloadbalancing:listener/app": arn("elasticloadbalancing", "listener/app/patchbay-production-edge/0/0"),
    "elasticloadbalancing:loadbalancer/app/": arn(
        "elasticloadbalancing", "loadbalancer/app/patchbay-production-edge/0"
    ),
    "elasticloadbalancing:targetgroup": arn("elasticloadbalancing", "targetgroup/patchbay-production-main/0"),
    "es:domain": arn("es", "domain/patchbay-production-search"),
    "iam:role": arn("iam", "role/patchbay-production-main-nodes", region=False),
    "kms:alias": arn("kms", "alias/patchbay-production-data"),
    "kms:key": arn("kms", "key/0"),
    "logs:log-group": arn("logs", "log-group:/aws/eks/patchbay-production-main/cluster"),
    "rds:db": arn("rds", "db:patchbay-production-databases-write"),
    "rds:og": arn("rds", "og:default:mariadb-11-8"),
    "rds:pg": arn("rds", "pg:patchbay-production-databases-parameters"),
    "rds:snapshot": arn("rds", "snapshot:patchbay-production-databases-write-final"),
    "rds:subgrp": arn("rds", "subgrp:patchbay-production-databases-write"),
    "route53:change": "arn:aws:route53:::change/C0",
    "route53:hostedzone": f"arn:aws:route53:::hostedzone/{ZONE}",
    "s3:bucket": "arn:aws:s3:::patchbay-production-objects-payloads",
    "s3:object": "arn:aws:s3:::patchbay-production-edge-logs/object",
    "secretsmanager:Secret": arn("secretsmanager", "secret:patchbay/production/tenants/example/connectors-AbCdEf"),
    "shield:protection": arn("shield", "protection/0", region=False),
    "sns:topic": arn("sns", "patchbay-production-watching-alarms"),
    "wafv2:ipset": arn("wafv2", "regional/ipset/patchbay-production-edge-api/0"),
    "wafv2:loadbalancer/app/": arn("elasticloadbalancing", "loadbalancer/app/patchbay-production-edge/0"),
    "wafv2:managedruleset": arn("wafv2", "regional/managedruleset/AWSManagedRulesCommonRuleSet/0"),
    "wafv2:webacl": arn("wafv2", "regional/webacl/patchbay-production-edge/0"),
}
# What the schemas list for settings that no environment has.
UNUSED: Final[Mapping[str, str]] = {
    # Its options are none of the program's.
    "acm": "UpdateCertificateOptions",
    "autoscaling": "AttachLoadBalancers AttachTrafficSources CancelInstanceRefresh CreateAutoScalingGroup "
    "DeleteAutoScalingGroup DeleteLifecycleHook DeleteNotificationConfiguration DetachLoadBalancers "
    "DetachTrafficSources DisableMetricsCollection EnableMetricsCollection PutLifecycleHook "
    "PutNotificationConfiguration ResumeProcesses StartInstanceRefresh SuspendProcesses UpdateAutoScalingGroup",
    "ec2": "AcceptAddressTransfer AllocateIpamPoolCidr AssignPrivateNatGatewayAddress AssociateAddress "
    "AssociateNatGatewayAddress AssociateSubnetCidrBlock AssociateVerifiedAccessInstanceWebAcl "
    "AttachVpnGateway CreateVpcEncryptionControl DetachVpnGateway DisassociateVerifiedAccessInstanceWebAcl "
    "GetVerifiedAccessInstanceWebAcl ModifyVpcTenancy UnassignPrivateNatGatewayAddress "
    # The provider changes a rule as a whole.
    "UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress",
    "ecr": "DeleteRepositoryPolicy SetRepositoryPolicy",
    "elasticache": "DescribeGlobalReplicationGroups DisassociateGlobalReplicationGroup",
    # Auto Mode's; and what no role may lose.
    "iam": "AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile DeleteRolePermissionsBoundary "
    "GetInstanceProfile ListRoles RemoveRoleFromInstanceProfile TagInstanceProfile",
    # Use of a key that is handed to a service goes through grants; in production keys outlast deployments. None is
    # disabled, all rotate, and repositories are encrypted by AWS' own, whose policy lets ECR's users retire grants.
    "kms": "Encrypt DisableKey DisableKeyRotation RetireGrant ScheduleKeyDeletion",
    # Lines are written by the services themselves; policies refuse a group without an end or a key.
    "logs": "CreateLogStream DeleteDataProtectionPolicy DeleteIndexPolicy DeleteRetentionPolicy DisassociateKmsKey "
    "GetDataProtectionPolicy PutBearerTokenAuthentication PutDataProtectionPolicy PutIndexPolicy PutLogEvents "
    "PutLogGroupDeletionProtection",
    # None is made from a backup.
    "rds": "DescribeDBClusterSnapshots DescribeDBClusters RestoreDBInstanceFromDBSnapshot "
    "RestoreDBInstanceToPointInTime",
    # No cache is filled from an object; a bucket is emptied by versions.
    "s3": "GetObject DeleteObject CreateBucketMetadataTableConfiguration DeleteBucketMetadataTableConfiguration "
    "DeleteBucketWebsite "
    "PutAccelerateConfiguration PutAnalyticsConfiguration PutIntelligentTieringConfiguration "
    "PutInventoryConfiguration PutMetricsConfiguration PutObjectAcl PutReplicationConfiguration "
    "UpdateBucketMetadataAnnotationTableConfiguration UpdateBucketMetadataInventoryTableConfiguration "
    "UpdateBucketMetadataJournalTableConfiguration",
    # Values are nobody's here, and live in one region.
    "secretsmanager": "GetRandomPassword GetSecretValue RemoveRegionsFromReplication ReplicateSecretToRegions",
    "wafv2": "GetPermissionPolicy PutPermissionPolicy",
}
# Services that none of the environment's settings involve.
STRANGE: Final = frozenset(
    {
        "acm-pca",
        "amplify",
        "apigateway",
        "apprunner",
        "appsync",
        "bedrock-agentcore",
        "billing",
        "cognito-idp",
        "firehose",
        "managed-fleets",
        "payments",
        "s3tables",
        "vpc-lattice",
        "vpce",
    }
)
# AWS' own: used, and never tagged.
FOREIGN: Final = frozenset({OWN["ec2:image"], OWN["rds:og"]})
# Condition keys of every call; those of the tag are on the resource or in the request.
KEYS: Final[Mapping[str, str]] = {
    "iam:PermissionsBoundary": BOUNDARY,
    "iam:PassedToService": "eks.amazonaws.com",
    "iam:AWSServiceName": "eks.amazonaws.com",
    "kms:ViaService": f"rds.{REGION}.amazonaws.com",
    "kms:GrantIsForAWSResource": "true",
    "route53:VPCs": f"VPCId={VPC},VPCRegion={REGION}",
}


def targets(action: str) -> Iterator[str]:
    """Everything of ours that the call may be judged by."""
    service, _, name = action.partition(":")
    kinds = reference()[service]["Actions"][name.lower()].get("Resources")
    if not kinds:
        yield "*"
        return
    if action == "iam:CreateServiceLinkedRole":
        yield arn("iam", "role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS", region=False)
        return
    own = [OWN[key] for kind in kinds if (key := f"{service}:{kind}") in OWN]
    assert own, f"{action} is judged by {', '.join(kinds)}, of which OWN has none"
    yield from (one for one in own if one not in FOREIGN or "Tag" not in name)


def called(action: str) -> bool:
    """Of what the schemas list, some is of no service or was renamed, and some is for settings that we do not have."""
    service, _, name = action.partition(":")
    exists = name.lower() in reference().get(service, {}).get("Actions", {})
    return exists and service not in STRANGE and name not in UNUSED.get(service, "").split()


@pytest.fixture(scope="module")
def production() -> Recorded:
    return delivery()


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_call_that_aws_makes_for_a_type_is_allowed_on_the_environments_own(
    production: Recorded, kind: str
) -> None:
    apply = rights(production, "apply")
    calls = ((action, target) for action in permissions(kind) if called(action) for target in targets(action))
    refused = [
        f"{action} on {target}"
        for action, target in calls
        if not any(may(apply, action, target, **{where: "production"}, **KEYS) for where in ("tag", "request"))
    ]
    assert not refused, "\n".join(refused)


def test_every_type_of_the_environment_is_looked_up() -> None:
    made = {
        token.removeprefix("aws:").rpartition(":")[0]
        for token in yaml.safe_load(GOLDEN.read_text())["types"]
        if token.startswith("aws:")
    }
    assert made == {token for tokens in TYPES.values() for token in tokens} | ADMINISTRATORS


@pytest.mark.parametrize(
    ("action", "resource", "source"),
    [
        (
            "iam:GetRole",
            arn(
                "iam",
                "role/aws-service-role/eks-nodegroup.amazonaws.com/AWSServiceRoleForAmazonEKSNodegroup",
                region=False,
            ),
            "https://github.com/terraform-aws-modules/terraform-aws-eks/issues/823",
        ),
        (
            "es:GetUpgradeStatus",
            OWN["es:domain"],
            "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ac-reference.html",
        ),
        (
            "inspector2:Disable",
            "*",
            "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html",
        ),
        (
            "kms:CreateGrant",
            BACKUP_KEY,
            "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/AutomatedBackups.Replicating.html",
        ),
        (
            "rds:StartDBInstanceAutomatedBackupsReplication",
            arn("rds", "auto-backup:ab-0").replace(REGION, "eu-north-1"),
            "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/AutomatedBackups.Replicating.html",
        ),
        ("route53:AssociateVPCWithHostedZone", "arn:aws:route53:::hostedzone/Z9", "private names of VPC endpoints"),
    ],
)
def test_what_schemas_do_not_tell_is_allowed_as_well(action: str, resource: str, source: str) -> None:
    """`source`: where the call is asked for."""
    apply = rights(delivery(furtherRegions=["eu-north-1"]), "apply")
    assert source
    assert may(apply, action, resource, **KEYS)
