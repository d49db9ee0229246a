"""Who may do what in AWS."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from patchbay_policies.model import UNKNOWN, Environment, Finding, Resource, ResourceRule, Stack, StackRule
from patchbay_policies.reading import at, condition_values, given, items, joined, principals, statements, words
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
_ADMIN: Final = re.compile(r"(AdministratorAccess|PowerUserAccess|FullAccess|IAMFullAccess|AdministratorAccess-.*)$")
_EVERYTHING: Final = re.compile(r"^(\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:\*)$")
# Reading what exists; `Get` only of services whose `Get` returns settings, not contents.
_READS: Final = re.compile(r"^[a-z0-9-]+:(Describe|List)[A-Za-z]*\*$")
_READS_SETTINGS: Final = re.compile(
    r"^(?!s3:|secretsmanager:|ssm:|kms:|dynamodb:|sqs:|sts:|logs:|ecr:)[a-z0-9-]+:Get[A-Za-z]*\*$"
)

RESOURCE_POLICIES: Final = {
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:kms/key:Key": "policy",
    SEARCH: "accessPolicies",
}


def _grants(resource: Resource) -> Iterator[Mapping[str, Any]]:
    """The Allow statements of an identity's policies."""
    if resource.type == ROLE:
        documents = [at(policy, "policy") for policy in items(at(resource.props, "inlinePolicies"))]
    else:
        documents = [at(resource.props, "policy")]
    for document in documents:
        yield from (statement for statement in statements(document) if statement.get("Effect") == "Allow")


def _wide(action: str) -> bool:
    return "*" in action and not _READS.match(action) and not _READS_SETTINGS.match(action)


def _wildcards(resource: Resource, _: Environment) -> Iterator[str]:
    for statement in _grants(resource):
        if "NotAction" in statement or "NotResource" in statement:
            yield "a statement allows everything but what it lists (NotAction, NotResource)"
            continue
        if any(_EVERYTHING.match(target) for target in words(statement.get("Resource"))):
            wide = [action for action in words(statement.get("Action")) if _wide(action)]
            if wide:
                yield f"it allows {joined(wide)} on every resource"


def _pass_role(resource: Resource, _: Environment) -> Iterator[str]:
    for statement in _grants(resource):
        actions = {action.lower() for action in words(statement.get("Action"))}
        targets = words(statement.get("Resource"))
        if actions & {"iam:passrole", "iam:*", "*"} and any(re.search(r"^\*$|:role/\*$", target) for target in targets):
            yield "it may hand any role to a service"


def _admin(resource: Resource, _: Environment) -> Iterator[str]:
    arns = [at(resource.props, "policyArn"), *items(at(resource.props, "managedPolicyArns"))]
    for arn in arns:
        if isinstance(arn, str) and _ADMIN.search(arn):
            yield f"it attaches {arn.rsplit('/', 1)[-1]}"


def _is_node_role(stack: Stack, role: Resource) -> bool:
    if any(stack.refers(group, "nodeRoleArn", role) for group in stack.of(NODE_GROUP)):
        return True
    if any(stack.refers(profile, "role", role) for profile in stack.of(INSTANCE_PROFILE)):
        return True
    trusted = statements(at(role.props, "assumeRolePolicy"))
    return any(("Service", "ec2.amazonaws.com") in set(principals(statement)) for statement in trusted)


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


def _trust(resource: Resource, _: Environment) -> Iterator[str]:
    for statement in statements(at(resource.props, "assumeRolePolicy")):
        if statement.get("Effect") != "Allow":
            continue
        for kind, name in principals(statement):
            if name == "*":
                yield "anybody may assume it"
            elif kind == "Federated" and "sts:AssumeRoleWithWebIdentity" in words(statement.get("Action")):
                subjects = condition_values(statement, ":sub")
                if not subjects or any(subject.strip("*:/") in {"", "repo"} for subject in subjects):
                    yield "every identity of the provider may assume it: its condition names no subject"
                if not condition_values(statement, ":aud"):
                    yield "its condition names no audience"


def _public_policies(resource: Resource, _: Environment) -> Iterator[str]:
    for statement in statements(at(resource.props, RESOURCE_POLICIES[resource.type])):
        if statement.get("Effect") != "Allow" or statement.get("Condition"):
            continue
        if any(name == "*" and kind in {"*", "AWS"} for kind, name in principals(statement)):
            yield f"its policy allows {joined(words(statement.get('Action')))} to anybody"


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
        name="no-wildcard-permissions",
        description="No policy allows a wildcard action on every resource.",
        remedy="List the actions or the resources; only Describe*, List* and Get* of settings may be wildcards on *.",
        types=frozenset({POLICY, ROLE_POLICY, ROLE}),
        limits="A document made from values that a preview does not know is read at the update.",
        check=_wildcards,
    ),
    ResourceRule(
        name="no-admin-policies",
        description="No role has an administrator's policy.",
        remedy="Attach a policy of this program with the calls that are needed.",
        types=frozenset({ATTACHMENT, ROLE, "aws:iam/policyAttachment:PolicyAttachment"}),
        check=_admin,
    ),
    ResourceRule(
        name="roles-are-passed-by-name",
        description="iam:PassRole names the roles.",
        remedy="Name the role's ARN, and the service in a condition on iam:PassedToService.",
        types=frozenset({POLICY, ROLE_POLICY, ROLE}),
        limits="A document made from values that a preview does not know is read at the update.",
        check=_pass_role,
    ),
    StackRule(
        name="nodes-have-no-rights-of-their-own",
        description="Node roles have EKS's own policies only.",
        remedy="Give the right to the workload's own role, by a pod identity association.",
        types=frozenset({ROLE, ROLE_POLICY, ATTACHMENT, POLICY, NODE_GROUP, INSTANCE_PROFILE}),
        check=_node_rights,
    ),
    ResourceRule(
        name="trust-names-somebody",
        description="Every role names who may assume it.",
        remedy="Name the account, the service, or the identity provider's audience and subject.",
        types=frozenset({ROLE}),
        limits="A document made from values that a preview does not know is read at the update.",
        check=_trust,
    ),
    ResourceRule(
        name="resource-policies-not-public",
        description="No policy of a bucket, key, secret, topic or repository allows anything to anybody.",
        remedy="Name the principals, or add a condition that only they meet.",
        types=frozenset(RESOURCE_POLICIES),
        limits="A document made from values that a preview does not know is read at the update.",
        check=_public_policies,
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
