"""Policies of resources: whom they let in."""

from collections.abc import Iterator
from typing import Any, Final

from patchbay_policies.callers import fixed, names_callers
from patchbay_policies.documents import UNREADABLE, Statement, with_principals
from patchbay_policies.model import UNKNOWN, Environment, Resource, ResourceRule
from patchbay_policies.patterns import is_open
from patchbay_policies.reading import at, joined
from patchbay_policies.tokens import ROLE

# Documents with principals that are no resource's: a role's has a rule of its own, and an endpoint's narrows what
# callers of its network may do besides: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
_OTHERS: Final = frozenset({ROLE, "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"})
# Lambda writes the statement itself; any of these limits who calls:
# https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
_PERMISSIONS: Final[dict[str, tuple[str, ...]]] = {
    "aws:lambda/permission:Permission": ("principalOrgId", "sourceAccount", "sourceArn"),
    "aws:lambda/layerVersionPermission:LayerVersionPermission": ("organizationId",),
}


def _public(resource: Resource, _: Environment) -> Iterator[str]:
    if resource.type in _PERMISSIONS:
        yield from _permission(resource)
    if resource.type in _OTHERS:
        return
    for document in with_principals(resource.props):
        if not document.readable:
            yield UNREADABLE
        for statement in document.allowing:
            if _anybody(statement) and not names_callers(statement):
                yield f"its policy allows {joined(statement.actions) or 'all but some'} to anybody"


def _anybody(statement: Statement) -> bool:
    return "notprincipal" in statement.excepts or any(is_open(name) for _, name in statement.principals)


def _permission(resource: Resource) -> Iterator[str]:
    limits = [at(resource.props, name) for name in _PERMISSIONS[resource.type]]
    if is_open(str(at(resource.props, "principal"))) and not any(_limits(value) for value in limits):
        yield f"it allows {at(resource.props, 'action')} to anybody"


def _limits(value: Any) -> bool:
    return value is UNKNOWN or (isinstance(value, str) and fixed(value))


RULES: Final = (
    ResourceRule(
        name="resource-policies-not-public",
        description="No policy of a bucket, key, secret, topic or any other resource allows anything to anybody.",
        remedy="Name the principals, or add a condition that only they meet: aws:PrincipalOrgID, aws:PrincipalArn, "
        "aws:SourceAccount or the like, by StringEquals, with a value that has no wildcard.",
        types=frozenset(),
        package="aws",
        limits="A document made from values that a preview does not know is read at the update.",
        check=_public,
    ),
)
