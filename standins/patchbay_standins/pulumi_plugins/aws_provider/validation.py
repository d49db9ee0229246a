"""Checks a program's inputs against the types of the SDK."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.sdk import Property, ResourceType, Type
from patchbay_standins.pulumi_plugins.plugin.properties import UNKNOWN, Path

_PYTHON: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "object": (dict,),
    "document": (str, dict),
}

Fault = tuple[Path, str]


def faults(inputs: Mapping[str, Any], schema: ResourceType) -> Iterator[Fault]:
    """The inputs that the SDK does not know, that are missing, or that have the wrong type."""
    yield from _object_faults(inputs, schema.inputs, ())


def _object_faults(value: Mapping[str, Any], properties: Mapping[str, Property], path: Path) -> Iterator[Fault]:
    for name, item in value.items():
        if name not in properties:
            yield (*path, name), "there is no such property"
        else:
            yield from _faults(item, properties[name].type, (*path, name))
    for name, declared in properties.items():
        if not declared.optional and name not in value:
            yield (*path, name), "is required, and missing"


def _faults(value: Any, declared: Type, path: Path) -> Iterator[Fault]:
    if value == UNKNOWN or declared.kind == "any":
        return
    if not _fits(value, _PYTHON[declared.kind]):
        yield path, f"must be of type {declared.kind}, not {type(value).__name__}"
    elif declared.kind == "object":
        yield from _object_faults(value, declared.properties(), path)
    elif declared.of is not None:
        for key, item in _items(value):
            yield from _faults(item, declared.of, (*path, key))


def _fits(value: Any, expected: tuple[type, ...]) -> bool:
    return isinstance(value, expected) and (bool in expected or not isinstance(value, bool))


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    return enumerate(value) if isinstance(value, list) else value.items()
