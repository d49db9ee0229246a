"""What each role must be able to do, and must not."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from patchbay_operations.checks.check import Check
from patchbay_operations.checks.delivery_rights import delivery_rights
from patchbay_operations.checks.facts import Facts
from patchbay_operations.checks.service_rights import service_rights
from patchbay_operations.checks.workload_rights import workload_rights
from patchbay_operations.permissions.evaluation import Call, allowed, statements, texts
from patchbay_operations.permissions.resource_tags import ResourceTags
from patchbay_operations.permissions.roles import Role

# No role of an environment may make any of these, whatever it is for.
_FORBIDDEN_TO_ALL = (
    Call("iam:CreateUser"),
    Call("iam:CreateAccessKey"),
    Call("organizations:LeaveOrganization"),
    Call("account:CloseAccount"),
    Call("kms:ScheduleKeyDeletion", "arn:aws:kms:eu-west-1:999999999999:key/another"),
    Call("s3:GetObject", "arn:aws:s3:::a-bucket-of-somebody-else/object"),
    Call("sts:AssumeRole", "arn:aws:iam::999999999999:role/another"),
)
# Service roles whose rights AWS itself defines; a node's are EKS' own and nothing else.
_NODE_POLICIES = frozenset({"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"})


def _as_meant(facts: Facts) -> Iterator[str | None]:
    tags = ResourceTags(facts.access)
    expectations = (*workload_rights(facts), *service_rights(facts), *delivery_rights(facts))
    for wanted in expectations:
        role = next((role for role in facts.roles if role.name == wanted.role), None)
        if role is None:
            yield f"there is no role {wanted.role}"
            continue
        for call in wanted.must:
            may = allowed(role.rights, _here(facts, call, tags))
            yield None if may else f"{role.name} may not {call}, which it needs"
        for call in wanted.must_not:
            yield f"{role.name} may {call}" if allowed(role.rights, _here(facts, call, tags)) else None
    known = {wanted.role for wanted in expectations}
    for role in facts.roles:
        yield None if role.name in known else f"{role.name} is a role that nobody has expectations of"


def _nobody(facts: Facts) -> Iterator[str | None]:
    tags = ResourceTags(facts.access)
    for role in facts.roles:
        for call in _FORBIDDEN_TO_ALL:
            yield f"{role.name} may {call}" if allowed(role.rights, _here(facts, call, tags)) else None


def _here(facts: Facts, call: Call, tags: ResourceTags) -> Call:
    """As made in the environment's own region, on the resource with its tags.

    What is refused elsewhere is not refused for the region.
    """
    region = {"aws:RequestedRegion": facts.access.region}
    return replace(call, context={**region, **tags.of(call.resource), **call.context})


def _no_wildcards(facts: Facts) -> Iterator[str | None]:
    for role in facts.roles:
        for statement in (entry for policy in role.rights.policies for entry in statements(policy)):
            everything = "*" in texts(statement.get("Resource")) and any(
                action == "*" or action.endswith(":*") for action in texts(statement.get("Action"))
            )
            wrong = statement["Effect"] == "Allow" and everything
            yield f"{role.name} may do {texts(statement.get('Action'))} on everything" if wrong else None


def _nodes(facts: Facts) -> Iterator[str | None]:
    for arn in {group["nodeRole"] for group in facts.node_groups}:
        role = next((role for role in facts.roles if role.arn == arn), None)
        if role is None:
            yield f"{arn} is a node's role without the environment's tags"
        else:
            extra = len(role.rights.policies) - len(role.managed)
            own = set(role.managed) <= _NODE_POLICIES and not extra
            yield None if own else f"{role.name} has more than EKS needs: {', '.join(role.managed)}, {extra} others"


def _trust(facts: Facts) -> Iterator[str | None]:
    for role in facts.roles:
        for statement in statements(role.trust):
            yield _too_trusting(role, statement)


def _too_trusting(role: Role, statement: Mapping[str, Any]) -> str | None:
    principal = statement.get("Principal")
    if principal == "*" or (isinstance(principal, Mapping) and "*" in texts(principal.get("AWS"))):
        return f"anybody may take {role.name}"
    if isinstance(principal, Mapping) and "Federated" in principal and "oidc-provider" in str(principal["Federated"]):
        bound = any(key.endswith(":sub") for keys in (statement.get("Condition") or {}).values() for key in keys)
        return None if bound else f"every repository of the code host may take {role.name}"
    return None


CHECKS = (
    Check("rights", "May each workload, service and delivery job do what it needs, and nothing beyond?", _as_meant),
    Check("forbidden calls", "Can no role create users, leave the account, or read what is not ours?", _nobody),
    Check("wildcards", "Does no role have every action of a service on every resource?", _no_wildcards),
    Check("node role", "Have nodes no rights but EKS' own?", _nodes),
    Check("trust", "Can each role be taken only by whom it is for?", _trust),
)
