"""Converts values between the SDK's types and botocore's shapes, by the names of their members."""

import datetime
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape

from patchbay_standins.pulumi_plugins.aws_provider import members
from patchbay_standins.pulumi_plugins.aws_provider.sdk import ANY, Type
from patchbay_standins.pulumi_plugins.plugin.properties import UNKNOWN, Path

Names = Mapping[str, str]


class ConversionError(Exception):
    """A value that a request cannot carry; `path` names it below the property."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason


def to_aws(value: Any, shape: Shape, names: Names, path: Path = ()) -> Any:
    """The value in a request's shape. Raises ConversionError where a part of it has no place there."""
    if value == UNKNOWN:
        return value
    if isinstance(shape, StructureShape):
        return _to_structure(value, shape, names, path)
    if isinstance(shape, ListShape):
        # A block that the SDK has once can be a list in the API.
        items = value if isinstance(value, list) else [value]
        return [to_aws(item, shape.member, names, (*path, index)) for index, item in enumerate(items)]
    if isinstance(shape, MapShape):
        if not isinstance(value, Mapping):
            raise ConversionError(path, "must be a map")
        return {key: to_aws(item, shape.value, names, (*path, key)) for key, item in value.items()}
    return _to_scalar(value, shape, path)


def _to_structure(value: Any, shape: StructureShape, names: Names, path: Path) -> Any:
    if isinstance(value, list):
        # A block that the API has once can be a list in the SDK.
        if len(value) != 1:
            raise ConversionError(path, "must have one element")
        return to_aws(value[0], shape, names, (*path, 0))
    if not isinstance(value, Mapping):
        if set(shape.members) == {"Value"}:
            return {"Value": to_aws(value, shape.members["Value"], names, path)}
        raise ConversionError(path, "must be an object")
    result = {}
    for name, item in value.items():
        member = names.get(_dotted((*path, name))) or members.find(name, shape.members)
        if member not in shape.members:
            raise ConversionError((*path, name), "the stand-in cannot apply it: leave it out")
        result[member] = to_aws(item, shape.members[member], names, (*path, name))
    return result


def _to_scalar(value: Any, shape: Shape, path: Path) -> Any:
    kind = shape.type_name
    if isinstance(value, Mapping | list):
        raise ConversionError(path, f"must be of type {kind}")
    try:
        return _SCALARS[kind](value) if kind in _SCALARS else value
    except ValueError:
        raise ConversionError(path, f"must be of type {kind}") from None


def from_aws(value: Any, declared: Type, names: Names, path: Path = ()) -> Any:
    """The part of an answer's value that has a place in a type of the SDK; None where there is none."""
    if declared.kind == "list":
        return _list(value, declared, names, path)
    if declared.kind == "map":
        return _map(value, declared, names, path)
    if declared.kind == "object":
        return _object(value, declared, names, path)
    if isinstance(value, Mapping) and set(value) == {"Value"}:
        return from_aws(value["Value"], declared, names, path)
    return None if value is None else _from_scalar(value, declared)


def _list(value: Any, declared: Type, names: Names, path: Path) -> Any:
    if value is None:
        return None
    items = value if isinstance(value, list) else [value]
    converted = [from_aws(item, declared.of or ANY, names, path) for item in items]
    return [item for item in converted if item is not None]


def _map(value: Any, declared: Type, names: Names, path: Path) -> Any:
    if not isinstance(value, Mapping):
        return None
    return {key: from_aws(item, declared.of or ANY, names, (*path, key)) for key, item in value.items()}


def _object(value: Any, declared: Type, names: Names, path: Path) -> Any:
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, Mapping):
        return None
    result = {}
    for name, property_ in declared.properties().items():
        member = names.get(_dotted((*path, name))) or members.find(name, value)
        item = from_aws(value.get(member), property_.type, names, (*path, name)) if member else None
        if item is not None:
            result[name] = item
    return result


def _from_scalar(value: Any, declared: Type) -> Any:
    kind = declared.kind
    if isinstance(value, datetime.datetime):
        value = value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind in ("string", "document"):
        return json.dumps(value) if isinstance(value, Mapping | list) else _text(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() in ("true", "enabled")
    if isinstance(value, Mapping | list):
        return value if kind == "any" else None
    if kind in ("integer", "number"):
        try:
            number = float(value)
        except ValueError:
            return None
        return int(number) if number.is_integer() else number
    return value


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _dotted(path: Path) -> str:
    return ".".join(part for part in path if isinstance(part, str))


def _truth(value: Any) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise ValueError(value)


_SCALARS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": _truth,
    "string": _text,
    "blob": lambda value: value.encode() if isinstance(value, str) else value,
}
