"""AWS WAF's evaluation of a web ACL, as its Developer Guide describes it, for the statements that ours uses.

AWS does not publish the patterns of its managed rules. Those below follow their descriptions ("Baseline rule groups"),
and find more rather than less: what passes here is seen by none of them.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from posixpath import normpath
from typing import Any, Final
from urllib.parse import unquote


@dataclass(frozen=True)
class Request:
    """`address`: the client's."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    address: str = "203.0.113.200"


def _normalized(path: str) -> str:
    plain = re.sub("/+", "/", normpath(path))
    return plain + ("/" if path.endswith("/") and plain != "/" else "")


_TRANSFORMATIONS: Final[Mapping[str, Callable[[str], str]]] = {
    "URL_DECODE": unquote,
    "NORMALIZE_PATH": _normalized,
    "LOWERCASE": str.lower,
}


def managed_matches(request: Request) -> Iterator[str]:
    """The managed rules that find something."""
    agent = {name.lower(): value for name, value in request.headers.items()}.get("user-agent")
    texts = {"BODY": request.body, "URIPATH": request.path}
    if not agent:
        yield "NoUserAgent_HEADER"
    if len(request.body.encode()) > 8 * 1024:
        yield "SizeRestrictions_BODY"
    for part, text in texts.items():
        if re.search(
            r"<\s*(script|svg|img|iframe|body|style|html|!DOCTYPE)|javascript:|on\w+\s*=", text, re.IGNORECASE
        ):
            yield f"CrossSiteScripting_{part}"
        if re.search(r"(https?|ftp)://\d+\.\d+\.\d+\.\d+", text):
            yield f"GenericRFI_{part}"
        if re.search(r"\.\./|/etc/passwd", text):
            yield f"GenericLFI_{part}"
        if "169.254.169.254" in text:
            yield f"EC2MetaDataSSRF_{part}"
        if re.search(r"\$\{\s*jndi:", text, re.IGNORECASE):
            yield f"Log4JRCE_{part}"


def verdict(rules: Sequence[Mapping[str, Any]], request: Request, ip_sets: Mapping[str, Sequence[str]]) -> str:
    """`block` or `allow`: of the first rule that ends the evaluation, else the default `allow`."""
    for rule in sorted(rules, key=lambda one: one["priority"]):
        statement = rule["statement"]
        if group := statement.get("managedRuleGroupStatement"):
            if "none" in rule["overrideAction"] and _blocks(group, request):
                return "block"
        elif _matches(statement, request, ip_sets):
            return str(next(iter(rule["action"])))
    return "allow"


def _blocks(group: Mapping[str, Any], request: Request) -> bool:
    counted = {one["name"] for one in group.get("ruleActionOverrides", ()) if "count" in one["actionToUse"]}
    of_the_group = {rule for rule in managed_matches(request) if _group_of(rule) == group["name"]}
    return bool(of_the_group - counted)


def _group_of(rule: str) -> str:
    return f"AWSManagedRules{'KnownBadInputs' if rule.startswith('Log4JRCE') else 'Common'}RuleSet"


def _matches(statement: Mapping[str, Any], request: Request, ip_sets: Mapping[str, Sequence[str]]) -> bool:
    ((kind, inner),) = statement.items()
    if kind == "andStatement":
        return all(_matches(one, request, ip_sets) for one in inner["statements"])
    if kind == "notStatement":
        return not _matches(inner["statement"], request, ip_sets)
    if kind == "ipSetReferenceStatement":
        return any(ip_address(request.address) in ip_network(network) for network in ip_sets[inner["arn"]])
    if kind == "rateBasedStatement":
        return False  # one request exceeds no rate
    assert kind == "byteMatchStatement", f"a statement that this evaluation does not know: {kind}"
    assert inner["positionalConstraint"] == "STARTS_WITH"
    assert inner["fieldToMatch"] == {"uriPath": {}}
    text = request.path
    for transformation in sorted(inner["textTransformations"], key=lambda one: one["priority"]):
        text = _TRANSFORMATIONS[transformation["type"]](text)
    return text.startswith(inner["searchString"])
