"""Tags, in the many forms in which AWS' services take them."""

from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from patchbay_standins.pulumi_plugins.aws_provider import models, requests, templates
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Row

Tagging = Mapping[str, str]


def on_creation(row: Row, call: Call, tags: Tagging) -> dict[str, Any]:
    """The parameters by which a create call tags; empty where it cannot, or there is nothing to tag."""
    if row.tags is None or not tags:
        return {}
    shape = models.request_shape(call.service or row.service, call.operation)
    if row.tags.specification:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        return {"TagSpecifications": [{"ResourceType": row.tags.specification, "Tags": pairs}]}
    member = row.tags.create
    return {member: _in_shape(tags, shape.members[member])} if member in shape.members else {}


def created_by(row: Row) -> bool:
    """Whether the row's creation applies tags."""
    if row.tags is None or not isinstance(row.create, Call):
        return "tags" in row.handles
    shape = models.request_shape(row.create.service or row.service, row.create.operation)
    return bool(row.tags.specification) or row.tags.create in shape.members


def change(row: Row, resource: Resource, before: Tagging, after: Tagging) -> None:
    """Makes the tags of a resource those of `after`."""
    if row.tags is None or before == after:
        return
    if row.tags.write is not None:
        row.tags.write(resource, after)
        return
    gone = [key for key in before if key not in after]
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    if gone and row.tags.untag is not None:
        _call(row, row.tags.untag, resource, gone)
    if changed and row.tags.tag is not None:
        _call(row, row.tags.tag, resource, changed)


def read(row: Row, resource: Resource, live: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a resource that has been read, without AWS' own."""
    if row.tags is None:
        return {}
    source, at = live, row.tags.at
    if row.tags.read is not None:
        call = row.tags.read
        source = requests.send(call, resource, requests.minimal(row, call, resource))
        at = at if call.at == "@" else call.at
    found = templates.search(at, source, resource.value)
    return {key: value for key, value in _plain(found).items() if not key.startswith("aws:")}


def _call(row: Row, call: Call, resource: Resource, content: Tagging | list[str]) -> None:
    shape = models.request_shape(call.service or row.service, call.operation)
    member = _member(shape, call, keys=isinstance(content, list))
    parameters = requests.minimal(row, call, resource)
    parameters[member] = _in_shape(content, shape.members[member])
    requests.send(call, resource, parameters)


def _member(shape: StructureShape, call: Call, *, keys: bool) -> str:
    """The member of a tag call's request that takes tags, or that takes their keys."""
    fitting = [name for name in shape.members if "tag" in name.lower() and name not in call.parameters]
    plain = [name for name in fitting if _is_list_of_text(shape.members[name])]
    rich = [name for name in fitting if name not in plain]
    return (plain or rich)[0] if keys else rich[0]


def _is_list_of_text(shape: Shape) -> bool:
    return isinstance(shape, ListShape) and shape.member.type_name == "string"


def _in_shape(content: Tagging | list[str], shape: Shape) -> Any:
    if isinstance(shape, MapShape):
        return dict(content) if isinstance(content, Mapping) else content
    if not isinstance(shape, ListShape) or not isinstance(shape.member, StructureShape):
        return list(content)
    key = next(name for name in shape.member.members if "key" in name.lower())
    value = next(name for name in shape.member.members if "value" in name.lower())
    if isinstance(content, Mapping):
        return [{key: name, value: text} for name, text in content.items()]
    return [{key: name} for name in content]


def _plain(found: Any) -> dict[str, str]:
    if isinstance(found, Mapping):
        return {str(key): str(value) for key, value in found.items()}
    tags = {}
    for item in found or ():
        key = next(name for name in item if "key" in name.lower())
        value = next((name for name in item if "value" in name.lower()), "")
        tags[str(item[key])] = str(item.get(value, ""))
    return tags
