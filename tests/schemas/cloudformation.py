"""CloudFormation's own schemas of resource types, as cfn-lint 1.x carries them for a region.

The schemas are AWS' (docs.aws.amazon.com, "CloudFormation resource specification" and the registry's public types).
cfn-lint adds what AWS' pages say beyond them. Nothing here reads the network.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

REGION: Final = "eu-central-1"

Node = Mapping[str, Any]


@functools.cache
def schema(kind: str) -> Node:
    """The schema of a type, such as `AWS::EC2::VPC`; fails where there is none of that name."""
    found: Node = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    return found


def create_only(kind: str) -> frozenset[str]:
    """Pointers below `/properties/` whose change makes a new resource."""
    return _pointers(kind, "createOnlyProperties")


def sometimes_create_only(kind: str) -> frozenset[str]:
    """Pointers below `/properties/` whose change makes a new resource in some cases."""
    return _pointers(kind, "conditionalCreateOnlyProperties")


def _pointers(kind: str, key: str) -> frozenset[str]:
    return frozenset(str(pointer).removeprefix("/properties/") for pointer in schema(kind).get(key, ()))


def resolve(kind: str, node: Node) -> Node:
    """The node that a node refers to, or itself."""
    while "$ref" in node:
        target: Any = schema(kind)
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def members(kind: str, node: Node) -> dict[str, Node]:
    """The properties of an object: its own, and those that one of its alternatives adds."""
    found: dict[str, Node] = {}
    for part in _alternatives(kind, node):
        for name, inner in part.get("properties", {}).items():
            # An alternative may repeat a name with nothing but a condition on it.
            if name not in found and isinstance(inner, Mapping):
                found[name] = inner
    return found


def types(kind: str, node: Node) -> set[str]:
    """The JSON types that a node allows; empty where it does not tell."""
    found: set[str] = set()
    for part in _alternatives(kind, node):
        declared = part.get("type", ())
        found |= {declared} if isinstance(declared, str) else set(declared)
    return found


def items(kind: str, node: Node) -> Node:
    """The node of an array's members."""
    return next((resolve(kind, part["items"]) for part in _alternatives(kind, node) if "items" in part), {})


def plain(name: str) -> str:
    """A property's name without what the two sides spell differently: case, `_`, `-`, a plural's `s`."""
    return re.sub(r"[_-]", "", name).lower().removesuffix("s")


def _alternatives(kind: str, node: Node) -> Iterator[Node]:
    node = resolve(kind, node)
    yield node
    for key in ("allOf", "anyOf", "oneOf"):
        for inner in node.get(key, ()):
            yield from _alternatives(kind, inner)
