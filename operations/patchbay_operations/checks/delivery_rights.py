"""What the code host's jobs must be able to do in an environment, and must not."""

from collections.abc import Iterator
from typing import Final

from patchbay_operations.checks.expectation import Expectation, Names
from patchbay_operations.checks.facts import Facts
from patchbay_operations.permissions.evaluation import Call

# Where no environment works.
_FARAWAY: Final = {"aws:RequestedRegion": "ap-southeast-2"}
_TAG: Final = "patchbay:environment"
# Backups are selected by it.
_UNSELECTING: Final = {"aws:TagKeys": ["patchbay:backup"]}
# Each of these alone closes a key to its user, or opens it to somebody else.
_OPENING: Final = ("CreateGrant", "Decrypt", "DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion", "UntagResource")


def delivery_rights(facts: Facts) -> Iterator[Expectation]:
    """Of the role that previews and of the one that deploys."""
    names = Names(facts)
    yield Expectation(f"{names.prefix}delivery-plan", _previews(names), (*_changes(names), *_contents(names)))
    yield Expectation(
        f"{names.prefix}delivery-apply",
        (*_previews(names), *_changes(names)),
        (
            *_contents(names),
            *_own_limits(names),
            *_guards(names),
            *_strangers(names),
            *_untold_strangers(names),
            *_takeovers(names),
            *_elsewhere(names),
        ),
    )


def _previews(names: Names) -> tuple[Call, ...]:
    """Settings are read."""
    return (
        Call("ec2:DescribeVpcs"),
        Call("rds:DescribeDBInstances"),
        Call("eks:DescribeCluster", names.arn("eks", f"cluster/{names.prefix}shared")),
        Call("s3:GetBucketPolicy", names.payloads),
        Call("iam:GetRole", names.arn("iam", f"role/{names.prefix}shared-nodes", region=False)),
        Call("kms:GetKeyPolicy", names.key("data")),
        Call("secretsmanager:DescribeSecret", names.tenant_secret),
    )


def _changes(names: Names) -> tuple[Call, ...]:
    """The environment's own things are made, altered and taken away."""
    role = names.arn("iam", f"role/{names.prefix}shared-nodes", region=False)
    boundary = names.arn("iam", f"policy/{names.prefix}delivery-boundary", region=False)
    made = {f"aws:RequestTag/{_TAG}": names.facts.environment}
    vpc = names.arn("ec2", f"vpc/{names.facts.vpc.identifier}")
    databases = f"{names.prefix}databases"
    group = next(one.identifier for one in names.facts.vpc.groups.values() if one.name == databases)
    balancer = names.arn("elasticloadbalancing", f"loadbalancer/app/{names.prefix}edge/0")
    return (
        Call("ec2:CreateSubnet", names.arn("ec2", "subnet/*"), made),
        Call("ec2:CreateSubnet", vpc),
        Call("ec2:ModifyVpcAttribute", vpc),
        Call("ec2:AuthorizeSecurityGroupIngress", names.arn("ec2", f"security-group/{group}")),
        Call("elasticloadbalancing:ModifyLoadBalancerAttributes", balancer),
        Call("acm:DeleteCertificate", names.certificate),
        Call("route53:ChangeResourceRecordSets", names.zone),
        Call("rds:ModifyDBInstance", names.arn("rds", f"db:{names.prefix}databases-write")),
        Call("rds:CreateDBInstance", names.arn("rds", "og:default:mariadb-11-8")),
        Call("elasticache:ModifyReplicationGroup", names.arn("elasticache", f"replicationgroup:{names.prefix}shared")),
        Call("eks:UpdateNodegroupConfig", names.arn("eks", f"nodegroup/{names.prefix}shared/flows/0")),
        Call("s3:PutBucketPolicy", names.payloads),
        Call("iam:CreateRole", role, {"iam:PermissionsBoundary": boundary}),
        Call("iam:PassRole", role, {"iam:PassedToService": "eks.amazonaws.com"}),
        Call("secretsmanager:CreateSecret", names.tenant_secret),
        Call("kms:CreateKey", context=made),
        Call("kms:PutKeyPolicy", names.key("data")),
        *(Call("logs:PutRetentionPolicy", names.arn("logs", f"log-group:{group}")) for group in names.log_groups),
    )


def _contents(names: Names) -> tuple[Call, ...]:
    """Neither secrets nor payloads nor what is queued."""
    return (
        Call("secretsmanager:GetSecretValue", names.tenant_secret),
        Call("secretsmanager:GetSecretValue", names.secret("rds!db-0")),
        Call("s3:GetObject", f"{names.payloads}/tenant/payload"),
        Call("kms:Decrypt", names.key("secrets")),
        Call("elasticache:Connect", names.arn("elasticache", f"replicationgroup:{names.prefix}shared")),
        Call("rds-db:connect", names.arn("rds-db", f"dbuser:*/patchbay_{names.facts.environment}_shared")),
    )


def _own_limits(names: Names) -> tuple[Call, ...]:
    """Its boundary, its roles, and roles without the boundary."""
    boundary = names.arn("iam", f"policy/{names.prefix}delivery-boundary", region=False)
    nodes = names.arn("iam", f"role/{names.prefix}shared-nodes", region=False)
    own = [names.arn("iam", f"role/{names.prefix}delivery-{job}", region=False) for job in ("plan", "apply")]
    return (
        Call("iam:CreatePolicyVersion", boundary),
        Call("iam:DeletePolicy", boundary),
        *(Call(action, role) for role in own for action in ("iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy")),
        *(Call("iam:AttachRolePolicy", role) for role in own),
        Call("iam:PassRole", own[1], {"iam:PassedToService": "eks.amazonaws.com"}),
        Call("iam:CreateRole", nodes),
        Call("iam:CreateRole", nodes, {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        Call("iam:DeleteRolePermissionsBoundary", nodes),
        Call("iam:CreateOpenIDConnectProvider", names.arn("iam", "oidc-provider/example.com", region=False)),
    )


def _guards(names: Names) -> tuple[Call, ...]:
    """What watches over it, and what is left after the worst that it could do."""
    trail = f"{names.prefix}auditing-trail"
    return (
        Call("cloudtrail:StopLogging", names.arn("cloudtrail", f"trail/{trail}")),
        Call("s3:DeleteObjectVersion", f"arn:aws:s3:::{trail}-{names.account}/AWSLogs/file"),
        Call("s3:PutBucketPolicy", f"arn:aws:s3:::{trail}-{names.account}"),
        Call("guardduty:DeleteDetector", names.arn("guardduty", "detector/0")),
        Call("securityhub:DisableSecurityHub"),
        Call("config:StopConfigurationRecorder"),
        Call("events:DeleteRule", names.arn("events", f"rule/{names.prefix}auditing-threats")),
        Call("backup:DeleteRecoveryPoint", names.arn("rds", "snapshot:awsbackup:job-0")),
        Call("rds:DeleteDBSnapshot", names.arn("rds", "snapshot:awsbackup:job-0")),
        Call("backup:DeleteBackupVault", names.arn("backup", f"backup-vault:{names.prefix}backups")),
        Call("backup:DeleteBackupVaultLockConfiguration", names.arn("backup", f"backup-vault:{names.prefix}backups")),
        Call("iam:PutRolePolicy", names.arn("iam", f"role/{names.prefix}backups", region=False)),
        Call("rds:RemoveTagsFromResource", names.arn("rds", f"db:{names.prefix}databases-write"), _UNSELECTING),
        *(
            Call(action, names.key(kind))
            for action in ("kms:DisableKey", "kms:ScheduleKeyDeletion")
            for kind in ("data", "logs")
            if names.facts.production
        ),
        *(Call(f"kms:{action}", key) for key in names.keys_of_records for action in _OPENING),
    )


def _strangers(names: Names) -> tuple[Call, ...]:
    """Another environment's things in the same account, by their names."""
    another = "patchbay-another-"
    balancing = "elasticloadbalancing"
    return (
        Call("rds:DeleteDBInstance", names.arn("rds", f"db:{another}databases-write")),
        Call("eks:DeleteCluster", names.arn("eks", f"cluster/{another}shared")),
        Call("elasticache:DeleteReplicationGroup", names.arn("elasticache", f"replicationgroup:{another}shared")),
        Call("s3:DeleteBucket", f"arn:aws:s3:::{another}objects-payloads"),
        Call("secretsmanager:DeleteSecret", names.secret("patchbay/another/tenants/example/connectors")),
        Call("iam:PutRolePolicy", names.arn("iam", f"role/{another}shared-nodes", region=False)),
        Call("iam:PassRole", names.arn("iam", f"role/{another}shared-nodes", region=False)),
        Call(f"{balancing}:DeleteLoadBalancer", names.arn(balancing, f"loadbalancer/app/{another}edge/0")),
        Call(f"{balancing}:ModifyListener", names.arn(balancing, f"listener/app/{another}edge/0/0")),
        Call(f"{balancing}:DeleteTargetGroup", names.arn(balancing, f"targetgroup/{another}shared/0")),
        Call("wafv2:DeleteWebACL", names.arn("wafv2", f"regional/webacl/{another}edge/0")),
        Call("logs:DeleteLogGroup", names.arn("logs", f"log-group:{another}flow-logs")),
        Call("logs:DeleteLogGroup", names.arn("logs", f"log-group:/aws/eks/{another}shared/cluster")),
        Call("logs:DeleteLogGroup", names.arn("logs", "log-group:/another")),
        Call("kms:DeleteAlias", names.arn("kms", f"alias/{another}data")),
        Call("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/ZANOTHER"),
        Call("route53:DeleteHostedZone", "arn:aws:route53:::hostedzone/ZANOTHER"),
        Call("lambda:InvokeFunction", names.arn("lambda", "function:another")),
    )


def _untold_strangers(names: Names) -> tuple[Call, ...]:
    """Another environment's things whose names AWS chooses, with its tag and without any."""
    calls = (
        ("ec2:DeleteVpc", names.arn("ec2", "vpc/vpc-0")),
        ("ec2:CreateSubnet", names.arn("ec2", "vpc/vpc-0")),
        ("ec2:AuthorizeSecurityGroupIngress", names.arn("ec2", "security-group/sg-0")),
        ("ec2:RunInstances", names.arn("ec2", "subnet/subnet-0")),
        ("ec2:ReleaseAddress", names.arn("ec2", "elastic-ip/eipalloc-0")),
        ("ec2:DeleteTags", names.arn("ec2", "vpc/vpc-0")),
        ("kms:PutKeyPolicy", names.arn("kms", "key/another")),
        ("kms:ScheduleKeyDeletion", names.arn("kms", "key/another")),
        ("acm:DeleteCertificate", names.arn("acm", "certificate/another")),
    )
    tags: tuple[dict[str, str], ...] = ({f"aws:ResourceTag/{_TAG}": "another"}, {})
    return tuple(Call(action, resource, tag) for action, resource in calls for tag in tags)


def _takeovers(names: Names) -> tuple[Call, ...]:
    """Another environment's things are not made this one's by its tag, nor is anything made in another's name."""
    own, another = names.facts.environment, "another"
    requested, borne = f"aws:RequestTag/{_TAG}", f"aws:ResourceTag/{_TAG}"
    key, certificate = names.arn("kms", "key/another"), names.arn("acm", "certificate/another")
    return (
        Call("ec2:CreateTags", names.arn("ec2", "vpc/vpc-0"), {requested: own}),
        Call("ec2:CreateTags", names.arn("ec2", "vpc/vpc-0"), {requested: own, borne: another}),
        Call("kms:TagResource", key, {requested: own, borne: another}),
        Call("acm:AddTagsToCertificate", certificate, {requested: own, borne: another}),
        Call("ec2:CreateVpc", names.arn("ec2", "vpc/*"), {requested: another}),
        Call("ec2:CreateVpc", names.arn("ec2", "vpc/*")),
        Call("kms:CreateKey", context={requested: another}),
    )


def _elsewhere(names: Names) -> tuple[Call, ...]:
    """Another region."""
    account, faraway = names.account, {**_FARAWAY, f"aws:RequestTag/{_TAG}": names.facts.environment}
    return (
        Call("ec2:CreateSubnet", f"arn:aws:ec2:ap-southeast-2:{account}:subnet/*", faraway),
        Call("eks:CreateCluster", "*", faraway),
        Call("kms:CreateKey", "*", faraway),
        Call("s3:CreateBucket", f"arn:aws:s3:::{names.prefix}objects-faraway", _FARAWAY),
    )
