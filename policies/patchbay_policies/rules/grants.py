"""What policies of identities allow."""

from collections.abc import Iterator
from typing import Any, Final

from patchbay_policies.arns import any_role, names_nothing
from patchbay_policies.documents import UNREADABLE, Document, Statement, read
from patchbay_policies.model import Environment, Resource, ResourceRule
from patchbay_policies.patterns import beginning, is_open
from patchbay_policies.reading import at, items, joined
from patchbay_policies.tokens import POLICY, ROLE, ROLE_POLICY

# Where each type has its documents.
_DOCUMENTS: Final[dict[str, str]] = {
    POLICY: "policy",
    ROLE_POLICY: "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
}
# Services of which every `Get` returns settings: no content, no code, no credential.
_SETTINGS: Final = frozenset(
    {
        "access-analyzer",
        "acm",
        "budgets",
        "ce",
        "cloudfront",
        "cloudwatch",
        "elasticloadbalancing",
        "iam",
        "organizations",
        "route53",
        "servicequotas",
        "shield",
        "sns",
        "tag",
        "wafv2",
    }
)
# Calls by which an identity gives itself, or another that it is, further rights:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_controlling.html,
# https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html and
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying.html
_WIDENING: Final = (
    "eks:AssociateAccessPolicy",
    "eks:CreateAccessEntry",
    "eks:UpdateAccessEntry",
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutGroupPolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
    "kms:PutKeyPolicy",
)
_HANDED: Final = {"iam:PassRole": "hand any role to a service", "sts:AssumeRole": "assume any role that trusts it"}
_LATE: Final = "A document made from values that a preview does not know is read at the update."


def _documents(resource: Resource) -> Iterator[Document]:
    if resource.type == ROLE:
        yield from (read(at(policy, "policy")) for policy in items(at(resource.props, "inlinePolicies")))
    else:
        yield read(at(resource.props, _DOCUMENTS[resource.type]))


def _statements(resource: Resource) -> Iterator[Statement]:
    for document in _documents(resource):
        yield from document.allowing


def _reads(action: str) -> bool:
    """Whether a pattern of actions takes in nothing but reading what exists, or settings."""
    service, _, name = action.lower().partition(":")
    said = beginning(name)
    if is_open(service):
        return False
    return said.startswith(("describe", "list")) or (service in _SETTINGS and said.startswith("get"))


def _wildcards(resource: Resource, _: Environment) -> Iterator[str]:
    if not all(document.readable for document in _documents(resource)):
        yield UNREADABLE
    for statement in _statements(resource):
        if {"notaction", "notresource"} & statement.excepts:
            yield "a statement allows everything but what it lists (NotAction, NotResource)"
            continue
        if not any(names_nothing(target) for target in statement.resources):
            continue
        wide = [action for action in statement.actions if is_open(action) and not _reads(action)]
        if wide:
            yield f"it allows {joined(wide)} on every resource"
        if widening := [action for action in _WIDENING if not wide and statement.may(action)]:
            yield f"it may give itself rights by {joined(widening)}, on every resource"


def _handed(resource: Resource, _: Environment) -> Iterator[str]:
    for statement in _statements(resource):
        every = "notresource" in statement.excepts or any(any_role(target) for target in statement.resources)
        for action, what in _HANDED.items():
            if every and statement.may(action):
                yield f"it may {what}: {action} names no role"


def _rule(**more: Any) -> ResourceRule:
    return ResourceRule(types=frozenset({*_DOCUMENTS, ROLE}), limits=_LATE, **more)


RULES: Final = (
    _rule(
        name="no-wildcard-permissions",
        description="No policy allows a wildcard action, or to give itself rights, on every resource.",
        remedy="List the actions or the resources; only Describe*, List* and Get* of settings may be wildcards on *.",
        check=_wildcards,
    ),
    _rule(
        name="roles-are-passed-by-name",
        description="iam:PassRole and sts:AssumeRole name the roles.",
        remedy="Name the role's ARN, or how it begins, and the service in a condition on iam:PassedToService.",
        check=_handed,
    ),
)
