"""What the code host's jobs must be able to do in an environment, and must not."""

from collections.abc import Iterator
from typing import Final

from patchbay_operations.checks.expectation import Expectation, Names
from patchbay_operations.checks.facts import Facts
from patchbay_operations.permissions.evaluation import Call

# Where no environment works.
_FARAWAY: Final = {"aws:RequestedRegion": "ap-southeast-2"}


def delivery_rights(facts: Facts) -> Iterator[Expectation]:
    """Of the role that previews and of the one that deploys."""
    names = Names(facts)
    yield Expectation(f"{names.prefix}delivery-plan", _previews(names), (*_changes(names), *_contents(names)))
    yield Expectation(
        f"{names.prefix}delivery-apply",
        (*_previews(names), *_changes(names)),
        (*_contents(names), *_own_limits(names), *_strangers(names), *_elsewhere(names)),
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
    return (
        Call("ec2:CreateSubnet", names.arn("ec2", "subnet/*")),
        Call("ec2:AuthorizeSecurityGroupIngress", names.arn("ec2", "security-group/sg-0")),
        Call("rds:ModifyDBInstance", names.arn("rds", f"db:{names.prefix}databases-write")),
        Call("elasticache:ModifyReplicationGroup", names.arn("elasticache", f"replicationgroup:{names.prefix}shared")),
        Call("eks:UpdateNodegroupConfig", names.arn("eks", f"nodegroup/{names.prefix}shared/flows/0")),
        Call("s3:PutBucketPolicy", names.payloads),
        Call("iam:CreateRole", role, {"iam:PermissionsBoundary": boundary}),
        Call("iam:PassRole", role, {"iam:PassedToService": "eks.amazonaws.com"}),
        Call("secretsmanager:CreateSecret", names.tenant_secret),
        Call("kms:CreateKey"),
    )


def _contents(names: Names) -> tuple[Call, ...]:
    """Neither secrets nor payloads nor what is queued."""
    return (
        Call("secretsmanager:GetSecretValue", names.tenant_secret),
        Call("secretsmanager:GetSecretValue", names.master_secret),
        Call("s3:GetObject", f"{names.payloads}/tenant/payload"),
        Call("kms:Decrypt", names.key("secrets")),
        Call("elasticache:Connect", names.arn("elasticache", f"replicationgroup:{names.prefix}shared")),
        Call("rds-db:connect", names.arn("rds-db", "dbuser:*/patchbay_shared")),
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


def _strangers(names: Names) -> tuple[Call, ...]:
    """Another environment's things in the same account."""
    another = "patchbay-another-"
    return (
        Call("rds:DeleteDBInstance", names.arn("rds", f"db:{another}databases-write")),
        Call("eks:DeleteCluster", names.arn("eks", f"cluster/{another}shared")),
        Call("elasticache:DeleteReplicationGroup", names.arn("elasticache", f"replicationgroup:{another}shared")),
        Call("s3:DeleteBucket", f"arn:aws:s3:::{another}objects-payloads"),
        Call("secretsmanager:DeleteSecret", names.secret("patchbay/another/tenants/example/connectors")),
        Call("iam:PutRolePolicy", names.arn("iam", f"role/{another}shared-nodes", region=False)),
        Call("iam:PassRole", names.arn("iam", f"role/{another}shared-nodes", region=False)),
    )


def _elsewhere(names: Names) -> tuple[Call, ...]:
    """Another region."""
    account = names.account
    return (
        Call("ec2:CreateSubnet", f"arn:aws:ec2:ap-southeast-2:{account}:subnet/*", _FARAWAY),
        Call("eks:CreateCluster", "*", _FARAWAY),
        Call("kms:CreateKey", "*", _FARAWAY),
        Call("s3:CreateBucket", f"arn:aws:s3:::{names.prefix}objects-faraway", _FARAWAY),
    )
