"""A resource of the program as CloudFormation resources: names matched, values converted, unknown ones kept unknown."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
from patchbay_policies.model import UNKNOWN, Resource

from tests.policy.recorded import ARN
from tests.schemas import cloudformation
from tests.schemas.cloudformation import Node
from tests.schemas.placement import Part

# The key by which the engine marks a secret (Pulumi's SDK, `pulumi.runtime.rpc._special_sig_key`).
_SECRET: Final = pulumi.runtime.rpc._special_sig_key


@dataclass
class Translation:
    """CloudFormation resources of one resource of the program.

    `resources`: each part with its properties. `placed`: dotted path of an input to where it is held, as
    `(type, pointer)`, an array's members being `*`. `unplaced`: dotted paths that no part has a place for.
    """

    resources: list[tuple[Part, dict[str, Any]]] = field(default_factory=list)
    placed: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    unplaced: set[str] = field(default_factory=set)


class Later:
    """Tells and marks what is known only after the deployment.

    The engine's mocks make such a value of a resource's name: its ARN and its id.
    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._ids = {f"{resource.name}-id" for resource in resources}
        self._count = 0

    def is_later(self, value: Any) -> bool:
        return value is UNKNOWN or (isinstance(value, str) and (value.startswith(ARN) or value in self._ids))

    def mark(self, value: Any) -> dict[str, str]:
        """What cfn-lint takes for unknown; two marks are the same only where the values are."""
        if isinstance(value, str):
            return {"Fn::ImportValue": value}
        self._count += 1
        return {"Fn::ImportValue": f"unknown-{self._count}"}


def translate(resource: Resource, parts: Iterable[Part], later: Later) -> Translation:
    """The resource in the places of its type."""
    translation = Translation()
    inputs = {name: value for name, value in resource.props.items() if value is not None}
    taken = set()
    for part in parts:
        mine = {name: value for name, value in inputs.items() if part.takes(name)}
        taken |= set(mine)
        if mine:
            properties = _Walk(part, later, translation).everything(mine)
            translation.resources.append((part, properties))
    translation.unplaced |= set(inputs) - taken
    translation.unplaced -= set(translation.placed)
    return translation


@dataclass
class _Walk:
    part: Part
    later: Later
    translation: Translation
    # What lies below them is no longer as the program has it.
    _encoded: set[str] = field(default_factory=set)

    def everything(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        node = cloudformation.schema(self.part.kind)
        for name, value in inputs.items():
            self._member(properties, node, value, name, "")
        return {**self.part.given, **properties}

    def _member(self, out: dict[str, Any], node: Node, value: Any, path: str, pointer: str) -> None:
        later = self.later.is_later(value)
        if not later and (encode := self.part.encode.get(path)):
            value = encode(value)
            self._encoded.add(path)
        wanted = self.part.names.get(path, "")
        if wanted == ".":
            if later:
                # Nobody knows what it holds.
                self.translation.unplaced.add(path)
                return
            for inner, held in value.items():
                self._member(out, node, held, f"{path}.{inner}", pointer)
            return
        if "[" in wanted:
            self._element(out, wanted, value, path)
            return
        *outer, name = wanted.split(".")
        for step in outer:
            out, node, pointer = self._step(out, node, step, pointer)
        known = cloudformation.members(self.part.kind, node)
        name = name or _find(known, path.rpartition(".")[2])
        if name not in known:
            self.translation.unplaced.add(path)
            return
        self._place(path, pointer + name)
        out[name] = self._value(known[name], value, path, pointer + name)

    def _step(self, out: dict[str, Any], node: Node, step: str, pointer: str) -> tuple[dict[str, Any], Node, str]:
        """Into an object, or into the only element of an array of objects."""
        kind = self.part.kind
        node = cloudformation.members(kind, node)[step]
        if "array" in cloudformation.types(kind, node):
            return out.setdefault(step, [{}])[0], cloudformation.items(kind, node), f"{pointer}{step}/*/"
        return out.setdefault(step, {}), node, f"{pointer}{step}/"

    def _element(self, out: dict[str, Any], wanted: str, value: Any, path: str) -> None:
        """An element with a key in a list of keys and values (a load balancer's attributes)."""
        name, _, key = wanted.rstrip("]").partition("[")
        self._place(path, name)
        held = self.later.mark(value) if self.later.is_later(value) else value
        out.setdefault(name, []).append({"Key": key, "Value": held})

    def _place(self, path: str, pointer: str) -> None:
        inside = next((outer for outer in self._encoded if path.startswith(f"{outer}.")), None)
        if inside is None:
            self.translation.placed.setdefault(path, set()).add((self.part.kind, pointer))

    def _value(self, node: Node, value: Any, path: str, pointer: str) -> Any:
        kind = self.part.kind
        node = cloudformation.resolve(kind, node)
        allowed = cloudformation.types(kind, node)
        if isinstance(value, dict) and _SECRET in value:
            # Its text must not come into a message.
            value = UNKNOWN
        if self.later.is_later(value):
            return self._mark(allowed, value)
        if isinstance(value, str) and "object" in allowed and value.startswith("{"):
            value = json.loads(value)
        if "array" in allowed and not isinstance(value, list):
            return self._list(node, self._pairs(node, value, path) or [value], path, pointer)
        if isinstance(value, list):
            return self._list(node, value, path, pointer)
        return self._object(node, value, path, pointer) if isinstance(value, dict) else self._scalar(allowed, value)

    def _mark(self, allowed: set[str], value: Any) -> Any:
        mark = self.later.mark(value)
        if "array" not in allowed:
            return mark
        return [mark] if isinstance(value, str) else {"Fn::Split": [",", mark]}

    def _pairs(self, node: Node, value: Any, path: str) -> list[Any] | None:
        """A map as a list of keys and values, where the schema wants that and the value is not one of them."""
        members = cloudformation.members(self.part.kind, cloudformation.items(self.part.kind, node))
        if not isinstance(value, dict) or not {"Key", "Value"} <= set(members) or {"key", "value"} <= set(value):
            return None
        self._encoded.add(path)
        return [{"key": key, "value": inner} for key, inner in value.items()]

    def _object(self, node: Node, value: dict[str, Any], path: str, pointer: str) -> Any:
        if not cloudformation.members(self.part.kind, node):
            return self._map(node, value, path, pointer)
        held: dict[str, Any] = {}
        for name, inner in value.items():
            if inner is not None:
                self._member(held, node, inner, f"{path}.{name}", f"{pointer}/")
        return held

    def _map(self, node: Node, value: dict[str, Any], path: str, pointer: str) -> Any:
        """Keys that the program chooses."""
        inner = next(iter(node.get("patternProperties", {}).values()), None)
        if inner and cloudformation.members(self.part.kind, inner):
            return {key: self._value(inner, held, path, f"{pointer}/*") for key, held in value.items()}
        return self._document(value)

    def _list(self, node: Node, value: list[Any], path: str, pointer: str) -> Any:
        kind = self.part.kind
        if "array" in cloudformation.types(kind, node):
            inner = cloudformation.items(kind, node)
            return [self._value(inner, item, path, f"{pointer}/*") for item in value]
        if len(value) == 1 and cloudformation.members(kind, node):
            # The provider's lists of at most one object.
            return self._value(node, value[0], path, pointer)
        return self._document(value)

    def _document(self, value: Any) -> Any:
        """JSON without a schema of its own (a policy, a map of labels)."""
        if isinstance(value, dict):
            return {key: self._document(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._document(inner) for inner in value]
        return self._scalar(set(), value)

    def _scalar(self, allowed: set[str], value: Any) -> Any:
        """The value in a type that the schema allows; one that cannot be converted stays, for cfn-lint to tell."""
        if self.later.is_later(value):
            return self.later.mark(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if allowed == {"string"} and isinstance(value, bool | int | float):
            return json.dumps(value)
        if isinstance(value, str) and allowed and "string" not in allowed:
            try:
                return json.loads(value)
            except ValueError:
                return value
        return value


def _find(known: Mapping[str, Node], name: str) -> str:
    """The schema's name of a property, or one that no schema has."""
    same = [candidate for candidate in known if candidate.lower() == name.lower()]
    alike = [candidate for candidate in known if cloudformation.plain(candidate) == cloudformation.plain(name)]
    return (same or alike or ["?"])[0]
