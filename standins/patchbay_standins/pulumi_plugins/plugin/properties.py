"""Property values: the engine's protobuf structs to and from plain Python values.

A plain value is JSON (dict, list, str, int, float, bool, None) that may hold `Secret` and, in previews, `UNKNOWN`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct, Value
from pulumi.runtime import rpc

UNKNOWN: Final[str] = rpc.UNKNOWN
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final[str] = rpc._special_secret_sig
_OUTPUT: Final[str] = rpc._special_output_value_sig

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that the engine keeps encrypted in its state and hides in its output."""

    value: Any


class UnsupportedValueError(ValueError):
    """An asset, an archive or a resource reference, where only data can be used."""


def decode(struct: Struct) -> dict[str, Any]:
    """The plain value of a property map."""
    return {key: _decode_value(value) for key, value in struct.fields.items()}


def _decode_value(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        fields = {key: _decode_value(item) for key, item in value.struct_value.fields.items()}
        return _decode_special(fields) if _SIGNATURE in fields else fields
    if kind == "list_value":
        return [_decode_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    return None


def _decode_special(fields: dict[str, Any]) -> Any:
    signature = fields[_SIGNATURE]
    if signature == _SECRET:
        return Secret(fields["value"])
    if signature == _OUTPUT:
        value = fields.get("value", UNKNOWN)
        return Secret(value) if fields.get("secret") else value
    message = "assets, archives and resource references cannot be used here: pass their content"
    raise UnsupportedValueError(message)


def encode(value: Mapping[str, Any]) -> Struct:
    """The protobuf struct of a plain value."""
    struct = Struct()
    for key, item in value.items():
        _encode_into(struct.fields[key], item)
    return struct


def _encode_into(target: Value, value: Any) -> None:
    if isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, Mapping):
        fields = target.struct_value.fields
        target.struct_value.SetInParent()
        for key, item in value.items():
            _encode_into(fields[key], item)
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for item in value:
            _encode_into(target.list_value.values.add(), item)
    elif isinstance(value, Secret):
        _encode_into(target, {_SIGNATURE: _SECRET, "value": value.value})
    elif value is None:
        target.null_value = 0  # type: ignore[assignment]  # the enum's only member
    else:
        message = f"a {type(value).__name__} is not a property value"
        raise TypeError(message)


def reveal(value: Any) -> Any:
    """The value without its secret marks and without null members."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, dict):
        return {key: reveal(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def secret_paths(value: Any, prefix: Path = ()) -> Iterator[Path]:
    """The paths of all secrets in a value."""
    if isinstance(value, Secret):
        yield prefix
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from secret_paths(item, (*prefix, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from secret_paths(item, (*prefix, index))


def secret_strings(value: Any, *, secret: bool = False) -> Iterator[str]:
    """Every string that is held in a secret, for hiding it in messages."""
    if isinstance(value, Secret):
        yield from secret_strings(value.value, secret=True)
    elif isinstance(value, dict):
        for item in value.values():
            yield from secret_strings(item, secret=secret)
    elif isinstance(value, list):
        for item in value:
            yield from secret_strings(item, secret=secret)
    elif secret and isinstance(value, str):
        yield value


def seal(value: Any, paths: Iterable[Path]) -> Any:
    """Marks what lies at `paths` as secret; paths that are not there are passed over."""
    for path in paths:
        value = _seal_one(value, path)
    return value


def _seal_one(value: Any, path: Path) -> Any:
    if isinstance(value, Secret):
        return value
    if not path:
        return Secret(value)
    head, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(head, str) and head in value:
        return {**value, head: _seal_one(value[head], rest)}
    if isinstance(value, list) and isinstance(head, int) and head < len(value):
        return [*value[:head], _seal_one(value[head], rest), *value[head + 1 :]]
    return value


def same(left: Struct, right: Struct) -> bool:
    """Whether two property maps are equal, without decoding them."""
    return left.SerializeToString(deterministic=True) == right.SerializeToString(deterministic=True)


def format_path(path: Path) -> str:
    """A path in the engine's notation: `spec.containers[0].env`, `metadata.labels["example.com/name"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.replace("_", "").replace("-", "").isalnum():
            text += f".{part}" if text else part
        else:
            escaped = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text
