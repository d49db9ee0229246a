"""The load balancer in front of the gateway."""

from collections.abc import Iterator
from typing import Any, Final

from patchbay_policies.model import UNKNOWN, Environment, Finding, Resource, ResourceRule, Stack, StackRule
from patchbay_policies.reading import at, given, items, true, undecided
from patchbay_policies.tokens import CERTIFICATE, LOAD_BALANCER, WEB_ACL, WEB_ACL_ASSOCIATION, WEB_ACL_LOGGING


def _behind_waf(stack: Stack, _: Environment) -> Iterator[Finding]:
    for balancer in stack.of(LOAD_BALANCER):
        if at(balancer.props, "internal") in {True, UNKNOWN}:
            continue
        if not any(stack.refers(link, "resourceArn", balancer) for link in stack.of(WEB_ACL_ASSOCIATION)):
            yield Finding(balancer, "the internet reaches it without a web ACL in between")


def _holds(statement: Any, kind: str) -> bool:
    """Whether a statement, or one within it, is of a kind."""
    if isinstance(statement, dict):
        return given(statement.get(kind)) or any(_holds(inner, kind) for inner in statement.values())
    return any(_holds(inner, kind) for inner in items(statement)) if isinstance(statement, list) else False


def _web_acl(resource: Resource, _: Environment) -> Iterator[str]:
    rules = at(resource.props, "rules")
    if undecided(rules):
        return
    statements = [at(rule, "statement") for rule in items(rules)]
    if not any(_holds(statement, "managedRuleGroupStatement") for statement in statements):
        yield "it has no managed rule group"
    if not any(_holds(statement, "rateBasedStatement") for statement in statements):
        yield "it has no rate rule"


def _headers(resource: Resource, _: Environment) -> Iterator[str]:
    if at(resource.props, "loadBalancerType") not in {None, "application"}:
        return
    if not true(at(resource.props, "dropInvalidHeaderFields")):
        yield "dropInvalidHeaderFields is not on"
    if at(resource.props, "desyncMitigationMode") == "monitor":
        yield "desyncMitigationMode only watches"


def _logs(stack: Stack, environment: Environment) -> Iterator[Finding]:
    if not environment.production:
        return
    for balancer in stack.of(LOAD_BALANCER):
        if not true(at(balancer.props, "accessLogs", "enabled")):
            yield Finding(balancer, "accessLogs.enabled is not on")
    for acl in stack.of(WEB_ACL):
        if not any(stack.refers(log, "resourceArn", acl) for log in stack.of(WEB_ACL_LOGGING)):
            yield Finding(acl, "it logs nothing")


def _certificates(resource: Resource, _: Environment) -> Iterator[str]:
    if at(resource.props, "validationMethod") not in {"DNS", UNKNOWN}:
        yield "it is not renewed without somebody who reads mail"


RULES: Final = (
    StackRule(
        name="edge-behind-a-web-acl",
        description="Every load balancer that the internet reaches has a web ACL.",
        remedy="Add a WebAclAssociation of the load balancer.",
        types=frozenset({LOAD_BALANCER, WEB_ACL_ASSOCIATION}),
        check=_behind_waf,
    ),
    ResourceRule(
        name="web-acl-filters-and-limits",
        description="A web ACL has managed rule groups and a rate rule.",
        remedy="Add AWS' managed groups and a rateBasedStatement.",
        types=frozenset({WEB_ACL}),
        check=_web_acl,
    ),
    ResourceRule(
        name="edge-refuses-bad-headers",
        description="The load balancer drops malformed headers, by which requests are smuggled.",
        remedy="Set dropInvalidHeaderFields, and leave desyncMitigationMode at defensive or strictest.",
        types=frozenset({LOAD_BALANCER}),
        check=_headers,
    ),
    StackRule(
        name="edge-logs-in-production",
        description="In production load balancers and web ACLs log requests.",
        remedy="Set accessLogs, and add a WebAclLoggingConfiguration.",
        types=frozenset({LOAD_BALANCER, WEB_ACL, WEB_ACL_LOGGING}),
        check=_logs,
    ),
    ResourceRule(
        name="certificates-renew-themselves",
        description="Certificates are validated by DNS.",
        remedy="Set validationMethod=DNS, and make the records in the zone.",
        types=frozenset({CERTIFICATE}),
        check=_certificates,
    ),
)
