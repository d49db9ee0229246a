"""Where a resource of the program's provider goes among CloudFormation's types."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Encode = Callable[[Any], Any]

# What another resource of the program gives; cfn-lint takes it for a value that nobody knows before the deployment.
ELSEWHERE: Final[Mapping[str, str]] = {"Fn::ImportValue": "elsewhere"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A CloudFormation resource that some or all properties of a resource of the program make.

    `names`: dotted path of a property (no indices) to the dotted path below the object that encloses it, for names that
    do not match by themselves; as a list such as `LoadBalancerAttributes[key]` it becomes an element with this key and
    the value. `encode`: by dotted path, what turns the provider's value into CloudFormation's, before names are
    matched. `only` and `without` choose the properties; `given`: properties of the CloudFormation resource that other
    resources of the program make, or that the provider sends by itself. `whole` is false where the CloudFormation
    resource is another one of the program, of which this is a part: names may then be there twice.
    """

    kind: str
    names: Mapping[str, str] = field(default_factory=dict)
    encode: Mapping[str, Encode] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = True

    def takes(self, name: str) -> bool:
        """Whether the part holds a property of the resource."""
        return name in self.only if self.only else name not in self.without


def switch(on: str, off: str) -> Encode:
    """Two words for a boolean."""
    return lambda value: (on if value else off) if isinstance(value, bool) else value


def word(value: Any) -> Any:
    """A boolean or number as the text that AWS' lists of attributes hold."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


def pairs(first: str, second: str) -> Encode:
    """A list of objects with two members, as a map of the first to the second."""
    return lambda value: {item[first]: item[second] for item in value} if isinstance(value, list) else value


def tagged(resource: str) -> Encode:
    """A map of tags as EC2's list of specifications with one element."""
    return lambda tags: [{"resourceType": resource, "tags": tags}]


def by(key: str) -> Encode:
    """A list of objects as a map of one of their members to the rest."""
    return lambda value: {item[key]: {name: held for name, held in item.items() if name != key} for item in value}


def expression(value: Any) -> str:
    """Cost Explorer's expression as the JSON text that CloudFormation wants; its keys begin with a capital there."""

    def capital(inner: Any) -> Any:
        if isinstance(inner, dict):
            return {name[0].upper() + name[1:]: capital(held) for name, held in inner.items()}
        return [capital(held) for held in inner] if isinstance(inner, list) else inner

    return json.dumps(capital(value))
