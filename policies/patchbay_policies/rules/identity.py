"""Who may do what in AWS."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from patchbay_policies.documents import read
from patchbay_policies.model import UNKNOWN, Environment, Finding, Resource, ResourceRule, Stack, StackRule
from patchbay_policies.reading import at, given, items
from patchbay_policies.tokens import ATTACHMENT, INSTANCE_PROFILE, NODE_GROUP, POLICY, ROLE, ROLE_POLICY, SEARCH

# What AWS asks of a node's role: https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
NODE_POLICIES: Final = frozenset(
    {
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKSWorkerNodeMinimalPolicy",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonEC2ContainerRegistryPullOnly",
    }
)
_ADMIN: Final = re.compile(r"(PowerUserAccess|FullAccess|AdministratorAccess(-.*)?|/job-function/.*Administrator)$")
# The properties by which each type attaches policies that exist.
_ATTACHING: Final[dict[str, tuple[str, ...]]] = {
    ATTACHMENT: ("policyArn",),
    ROLE: ("managedPolicyArns",),
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": ("policyArn",),
    "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive": ("policyArns",),
    "aws:iam/policyAttachment:PolicyAttachment": ("policyArn",),
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": ("policyArns",),
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": ("policyArn",),
    "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive": ("policyArns",),
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": ("managedPolicyArn",),
}


def _admin(resource: Resource, _: Environment) -> Iterator[str]:
    arns = [arn for name in _ATTACHING[resource.type] for arn in items(at(resource.props, name))]
    for arn in arns:
        if isinstance(arn, str) and _ADMIN.search(arn):
            yield f"it attaches {arn.rsplit('/', 1)[-1]}"


def _is_node_role(stack: Stack, role: Resource) -> bool:
    if any(stack.refers(group, "nodeRoleArn", role) for group in stack.of(NODE_GROUP)):
        return True
    if any(stack.refers(profile, "role", role) for profile in stack.of(INSTANCE_PROFILE)):
        return True
    trusted = read(at(role.props, "assumeRolePolicy")).allowing
    return any(name == "ec2.amazonaws.com" for statement in trusted for _, name in statement.principals)


def _node_rights(stack: Stack, _: Environment) -> Iterator[Finding]:
    for role in stack.of(ROLE):
        if not _is_node_role(stack, role):
            continue
        if items(at(role.props, "inlinePolicies")):
            yield Finding(role, "it has inline policies")
        for policy in stack.of(ROLE_POLICY):
            if stack.refers(policy, "role", role):
                yield Finding(policy, f"it gives the node role {role.name} rights")
        for attachment in stack.of(ATTACHMENT):
            if not stack.refers(attachment, "role", role):
                continue
            arn = at(attachment.props, "policyArn")
            own = stack.referenced(attachment, "policyArn", POLICY)
            if own or (arn is not UNKNOWN and str(arn).rsplit("/", 1)[-1] not in NODE_POLICIES):
                what = own[0].name if own else arn
                yield Finding(attachment, f"it attaches {what} to the node role {role.name}")


_CREDENTIALS: Final = frozenset(
    {"aws:iam/user:User", "aws:iam/accessKey:AccessKey", "aws:iam/userLoginProfile:UserLoginProfile"}
)


def _no_people(resource: Resource, _: Environment) -> Iterator[str]:
    if resource.type in _CREDENTIALS:
        yield f"{resource.type.rsplit(':', 1)[-1]} is a credential that does not expire"


# Properties that would put a secret's value into the state.
_SECRETS: Final = {
    "aws:rds/instance:Instance": ("password",),
    "aws:rds/cluster:Cluster": ("masterPassword",),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("authToken",),
    "aws:elasticache/user:User": ("passwords",),
    "aws:secretsmanager/secretVersion:SecretVersion": ("secretString", "secretBinary"),
    "aws:ssm/parameter:Parameter": ("value",),
}


def _state_secrets(resource: Resource, _: Environment) -> Iterator[str]:
    for name in _SECRETS.get(resource.type, ()):
        if given(at(resource.props, name)):
            yield f"{name} stands in the program's state"
    master = at(resource.props, "advancedSecurityOptions", "masterUserOptions")
    if isinstance(master, Mapping) and given(master.get("masterUserPassword")):
        yield "masterUserPassword stands in the program's state"


RULES: Final = (
    ResourceRule(
        name="no-admin-policies",
        description="Nobody has an administrator's policy.",
        remedy="Attach a policy of this program with the calls that are needed.",
        types=frozenset(_ATTACHING),
        check=_admin,
    ),
    StackRule(
        name="nodes-have-no-rights-of-their-own",
        description="Node roles have EKS's own policies only.",
        remedy="Give the right to the workload's own role, by a pod identity association.",
        types=frozenset({ROLE, ROLE_POLICY, ATTACHMENT, POLICY, NODE_GROUP, INSTANCE_PROFILE}),
        check=_node_rights,
    ),
    ResourceRule(
        name="no-lasting-credentials",
        description="The program makes no users, access keys or passwords of people.",
        remedy="Use a role: pod identity for workloads, OIDC for the delivery, the organisation's sign-in for people.",
        types=frozenset(),
        package="aws",
        check=_no_people,
    ),
    ResourceRule(
        name="no-secrets-in-the-state",
        description="No password or secret value passes through the program.",
        remedy="Let AWS make it (manageMasterUserPassword, IAM authentication), or write it outside of the program.",
        types=frozenset({*_SECRETS, SEARCH}),
        check=_state_secrets,
    ),
)
