"""What the typed SDK says about a resource type: its inputs and outputs, their types, what is required.

Read off the source of the SDK's classes, and only of those in use: importing the package takes seconds.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_PROPERTY: Final = re.compile(
    r'@pulumi\.getter(?:\(name="(?P<name>\w+)"\))?\n'
    r"(?:\s+@_utilities\.deprecated\(.*\)\n)?"
    r"\s+def (?P<python>\w+)\(self\) -> (?P<type>.+):\n"
)
_SCALARS: Final = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}


@dataclass(frozen=True, slots=True)
class Type:
    """A property's type.

    `kind`: string, integer, number, boolean, list, map, object, document (text, or an object) or any. `of` is the type
    of a list's or a map's elements; `properties()` are an object's.
    """

    kind: str
    of: "Type | None" = None
    module: str = ""
    name: str = ""

    def properties(self) -> "Mapping[str, Property]":
        """An object's properties."""
        file = "_inputs" if self.name.endswith("Args") else "outputs"
        return _class(self.module, file, self.name) if self.kind == "object" else {}


ANY: Final = Type("any")


@dataclass(frozen=True, slots=True)
class Property:
    """A property. `optional`: an input that may be left out; an output that is not always there."""

    type: Type
    optional: bool


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type's inputs and outputs, by their names in the engine (camelCase)."""

    inputs: Mapping[str, Property] = field(default_factory=dict)
    outputs: Mapping[str, Property] = field(default_factory=dict)

    def decided_by_aws(self, name: str) -> bool:
        """Whether AWS gives a property a value where the program gives none."""
        found = self.outputs.get(name)
        return found is not None and not found.optional


@cache
def resource_type(token: str) -> ResourceType:
    """The type of a token such as `aws:ec2/vpc:Vpc`. Raises KeyError."""
    _, path, name = token.split(":")
    module, _, file = path.partition("/")
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", file).lower()
    try:
        return ResourceType(_class(module, snake, _arguments_class(module, snake, name)), _class(module, snake, name))
    except (FileNotFoundError, ValueError):
        raise KeyError(token) from None


def _arguments_class(module: str, file: str, name: str) -> str:
    """The class of a resource's inputs: `...InitArgs` where one of its nested types has the usual name."""
    other = f"{name}InitArgs"
    return other if f"\nclass {other}:" in _source(module, file) else f"{name}Args"


@cache
def provider_endpoints() -> frozenset[str]:
    """The services that the provider's `endpoints` argument knows."""
    return frozenset(_class("", "_inputs", "ProviderEndpointArgs"))


@cache
def _class(module: str, file: str, name: str) -> Mapping[str, Property]:
    source = _source(module, file)
    start = source.index(f"\nclass {name}(" if f"\nclass {name}(" in source else f"\nclass {name}:")
    end = source.find("\nclass ", start + 1)
    body = source[start : end if end > 0 else None]
    return {found["name"] or found["python"]: _property(module, found["type"]) for found in _PROPERTY.finditer(body)}


@cache
def _source(module: str, file: str) -> str:
    spec = find_spec("pulumi_aws")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(file)
    return (Path(spec.origin).parent / module / f"{file}.py").read_text()


@cache
def _property(module: str, annotation: str) -> Property:
    node = ast.parse(annotation, mode="eval").body
    while _generic(node) in ("pulumi.Input", "pulumi.Output"):
        node = _arguments(node)[0]
    if _generic(node) == "Optional":
        return Property(_type(module, _arguments(node)[0]), optional=True)
    return Property(_type(module, node), optional=False)


def _type(module: str, node: ast.expr) -> Type:
    generic = _generic(node)
    if generic in ("pulumi.Input", "pulumi.Output", "Optional"):
        return _type(module, _arguments(node)[0])
    if generic in ("Sequence", "Mapping"):
        return Type("list" if generic == "Sequence" else "map", _type(module, _arguments(node)[-1]))
    if generic == "Union":
        options = {_type(module, item).kind for item in _arguments(node)}
        # An enumeration beside text; a document beside its text.
        return Type("string" if options == {"string"} else "document")
    if isinstance(node, ast.Attribute):
        return Type(_SCALARS.get(node.attr, "any"))
    return _reference(module, node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ANY


def _reference(module: str, text: str) -> Type:
    """A class by its quoted name: `ClusterVpcConfigArgs`, `_iam.PolicyStatementArgs`, or an enumeration of texts."""
    if not text.startswith("outputs.") and not text.endswith("Args"):
        return Type("string")
    foreign = re.match(r"_(\w+)\.", text)
    return Type("object", module=foreign[1] if foreign else module, name=text.rpartition(".")[2])


def _generic(node: ast.expr) -> str:
    return ast.unparse(node.value) if isinstance(node, ast.Subscript) else ""


def _arguments(node: ast.expr) -> list[ast.expr]:
    if not isinstance(node, ast.Subscript):
        return []
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
