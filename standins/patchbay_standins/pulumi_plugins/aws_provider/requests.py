"""Fills the requests of a row's calls from a resource's properties."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from patchbay_standins.pulumi_plugins.aws_provider import members, models, sdk, templates
from patchbay_standins.pulumi_plugins.aws_provider.convert import ConversionError, to_aws
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row
from patchbay_standins.pulumi_plugins.plugin.properties import UNKNOWN

Members = tuple[str, ...]

# Properties that have ways of their own.
APART = ("tags", "tagsAll", "region")


def send(call: Call, resource: Resource, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a call of the resource's service, or of the call's own. Raises AwsError."""
    target = resource.of(service=call.service) if call.service else resource
    return target.call(call.operation, **parameters)


def full(row: Row, call: Call, resource: Resource, only: Iterable[str] | None = None) -> dict[str, Any]:
    """The request with every input that it has a member for, or with these only."""
    chosen = resource.inputs if only is None else {name: resource.inputs.get(name) for name in only}
    result: dict[str, Any] = {}
    for name, value in chosen.items():
        path = placements(row, call).get(name)
        if path and value is not None:
            _place(result, path, convert(row.field(name), value, shape_at(row, call, path)))
    return _completed(row, call, resource, result)


def minimal(row: Row, call: Call, resource: Resource) -> dict[str, Any]:
    """The request with its own parameters and the members that the operation requires."""
    return _completed(row, call, resource, {})


def convert(field: Field, value: Any, shape: Shape) -> Any:
    """A property's value in a request. Raises ConversionError."""
    if value == UNKNOWN:
        return value
    if field.encode is not None:
        try:
            return field.encode(value)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ConversionError((), f"cannot be converted ({type(error).__name__})") from None
    return to_aws(value, shape, field.names)


@cache
def placements(row: Row, call: Call) -> Mapping[str, Members]:
    """Where in a call's request the properties belong, by name."""
    schema = sdk.resource_type(row.token)
    apart = APART if row.tags else APART[1:]
    found = {}
    for name in {**schema.outputs, **schema.inputs}:
        if name in apart or name in call.omit or (call.only is not None and name not in call.only):
            continue
        path = _path(row.field(name), _request(row, call))
        if path:
            found[name] = path
    return found


def shape_at(row: Row, call: Call, path: Members) -> Shape:
    """The shape of a member of a call's request."""
    current: Shape = _request(row, call)
    for part in path:
        if isinstance(current, StructureShape):
            current = current.members[part]
        elif isinstance(current, MapShape):
            current = current.value
    return current


def required(row: Row, call: Call) -> Iterator[tuple[str, list[str]]]:
    """The members that an operation requires and no parameter fills, each with the properties that belong there."""
    for member in _request(row, call).required_members:
        if member not in call.parameters:
            yield member, [name for name, path in placements(row, call).items() if path[0] == member]


def _completed(row: Row, call: Call, resource: Resource, result: dict[str, Any]) -> dict[str, Any]:
    for member, candidates in required(row, call):
        name = next((name for name in candidates if resource.value(name) is not None), None)
        if name is not None and member not in result:
            path = placements(row, call)[name]
            _place(result, path, convert(row.field(name), resource.value(name), shape_at(row, call, path)))
    for member, template in call.parameters.items():
        try:
            value = _filled(template, _request(row, call).members[member], row, resource)
        except templates.MissingValueError:
            continue
        both = isinstance(value, Mapping) and isinstance(result.get(member), Mapping)
        result[member] = {**result[member], **value} if both else value
    return result


def _filled(template: Any, shape: Shape, row: Row, resource: Resource) -> Any:
    if isinstance(template, Mapping) and isinstance(shape, StructureShape):
        return dict(_filled_members(template, shape, row, resource))
    if isinstance(template, list) and isinstance(shape, ListShape):
        return [_filled(item, shape.member, row, resource) for item in template]
    value = templates.render(template, resource.value)
    named = templates.names(template)
    if isinstance(template, str) and len(named) == 1 and template == f"{{{next(iter(named))}}}":
        return convert(row.field(named.pop()), value, shape)
    return value


def _filled_members(
    template: Mapping[str, Any], shape: StructureShape, row: Row, resource: Resource
) -> Iterator[tuple[str, Any]]:
    for name, item in template.items():
        try:
            yield name, _filled(item, shape.members[name], row, resource)
        except templates.MissingValueError:
            continue


def _request(row: Row, call: Call) -> StructureShape:
    return models.request_shape(call.service or row.service, call.operation)


def _path(field: Field, shape: StructureShape) -> Members | None:
    if field.aws == "":
        return None
    if field.aws is None:
        member = members.find(field.name, shape.members)
        return (member,) if member else None
    parts = tuple(field.aws.split("."))
    current: Shape = shape
    for part in parts:
        if isinstance(current, MapShape):
            current = current.value
        elif isinstance(current, StructureShape) and part in current.members:
            current = current.members[part]
        else:
            return None
    return parts


def _place(result: dict[str, Any], path: Members, value: Any) -> None:
    for part in path[:-1]:
        result = result.setdefault(part, {})
    result[path[-1]] = value
