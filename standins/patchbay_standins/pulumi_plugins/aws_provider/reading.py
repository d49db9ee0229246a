"""What AWS tells of a resource: its outputs, and how its inputs have drifted."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider import members, requests, sdk, tagging, templates
from patchbay_standins.pulumi_plugins.aws_provider.convert import from_aws
from patchbay_standins.pulumi_plugins.aws_provider.resource import AwsError, Resource, Values
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Step

_MISSING: Final = re.compile(r"NotFound|NoSuch|DoesNotExist|NonExistent|^404$")


def parsed(row: Row, identifier: str) -> Values:
    """The properties that an id tells."""
    if row.parse is not None:
        return row.parse(identifier)
    return templates.parse(row.id, identifier)


def is_missing(row: Row, error: AwsError) -> bool:
    """Whether an error says that the resource is not there."""
    return bool(_MISSING.search(error.code)) or error.code in row.missing


def live(row: Row, resource: Resource) -> dict[str, Any] | None:
    """What AWS tells of a resource; None where it is gone."""
    try:
        found = run(row, row.read, resource)
        if found is None:
            return None
        result = dict(found)
        for call in row.reads:
            result |= run(row, call, resource) or {}
    except AwsError as error:
        if is_missing(row, error):
            return None
        raise
    if row.ready and row.ready.gone and templates.search(row.ready.at, result, resource.value) in row.ready.gone:
        return None
    return result


def run(row: Row, step: Step, resource: Resource) -> Any:
    """A read step's answer, cut to the object."""
    if not isinstance(step, Call):
        return step(resource)
    answer = requests.send(step, resource, requests.minimal(row, step, resource))
    return templates.search(step.at, answer, resource.value)


def outputs(row: Row, resource: Resource, found: Mapping[str, Any], default_tags: Mapping[str, str]) -> dict[str, Any]:
    """The outputs of a resource that has been read. An input that AWS means the same by keeps the program's form."""
    schema = sdk.resource_type(row.token)
    result = {}
    for name, declared in schema.outputs.items():
        if name in requests.APART:
            continue
        value = _output(row, resource, found, name, declared.type)
        if value is None and name in resource.parsed:
            value = from_aws(resource.parsed[name], declared.type, {})
        given = resource.inputs.get(name)
        if given is not None and (value is None or same(row.field(name), given, value)):
            value = _completed(given, value)
        if value is not None:
            result[name] = value
    if "region" in schema.outputs:
        result["region"] = resource.region
    if row.tags is not None:
        tags = tagging.read(row, resource, found)
        result["tagsAll"] = tags
        result["tags"] = {key: value for key, value in tags.items() if default_tags.get(key) != value}
    return result


def _completed(given: Any, value: Any) -> Any:
    """What the program gave, with the parts of it that AWS adds."""
    if not isinstance(given, Mapping) or not isinstance(value, Mapping):
        return given
    return {**value, **{name: _completed(item, value.get(name)) for name, item in given.items()}}


def in_output_form(row: Row, name: str, value: Any) -> Any:
    """An input as an output: a document that is given as an object is text there."""
    declared = sdk.resource_type(row.token).outputs.get(name)
    is_text = declared is not None and declared.type.kind == "string"
    return json.dumps(value) if is_text and isinstance(value, Mapping | list) else value


def _output(row: Row, resource: Resource, found: Mapping[str, Any], name: str, declared: sdk.Type) -> Any:
    template = row.outputs.get(name)
    if template is None:
        return _property(row.field(name), found, declared, resource)
    if callable(template):
        return from_aws(template(resource, found), declared, {})

    def lookup(part: str) -> Any:
        return found[part] if found.get(part) is not None else resource.value(part)

    try:
        return from_aws(templates.render(template, lookup), declared, {})
    except templates.MissingValueError:
        return None


def _property(field: Field, found: Mapping[str, Any], declared: sdk.Type, resource: Resource) -> Any:
    if field.read is not None:
        value = templates.search(field.read, found, resource.value) if field.read else None
    elif field.aws is not None:
        value = found
        for part in field.aws.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    else:
        member = members.find(field.name, found)
        value = found.get(member) if member else None
    if field.decode is not None and value is not None:
        return from_aws(field.decode(value), declared, {})
    return from_aws(value, declared, field.names)


def refreshed_inputs(row: Row, inputs: Values, current: Values) -> dict[str, Any]:
    """The inputs with what AWS has where that means something else."""
    result = {}
    for name, value in inputs.items():
        if name not in current:
            result[name] = value
        elif not same(row.field(name), value, current[name]):
            result[name] = current[name]
        else:
            result[name] = value
    if row.tags is not None:
        tags = current.get("tags") or {}
        if tags or "tags" in inputs:
            result["tags"] = tags
    return result


def imported_inputs(row: Row, current: Values) -> dict[str, Any]:
    """The inputs of a resource that only AWS knows: what differs from AWS' defaults."""
    schema = sdk.resource_type(row.token)
    return {
        name: current[name]
        for name in schema.inputs
        if name != "region"
        and name in current
        and current[name] not in ("", [], {})
        and not (row.field(name).default is not None and same(row.field(name), row.field(name).default, current[name]))
    }


def same(field: Field, wanted: Any, current: Any) -> bool:
    """Whether AWS' value means what the program wants; parts that the program leaves out do not count."""
    if field.normal is not None:
        return bool(field.normal(wanted) == field.normal(current))
    return _covers(wanted, current)


def _covers(wanted: Any, current: Any) -> bool:
    if isinstance(wanted, Mapping) and isinstance(current, Mapping):
        return all(_covers(value, current.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(current, list):
        return len(wanted) == len(current) and _matches(wanted, current)
    if current is None:
        return wanted in (None, "", False, [], {})
    return isinstance(wanted, bool) == isinstance(current, bool) and str(wanted) == str(current)


def _matches(wanted: list[Any], current: list[Any]) -> bool:
    """AWS gives most lists back in any order."""
    rest = list(current)
    for item in wanted:
        fitting = next((index for index, other in enumerate(rest) if _covers(item, other)), None)
        if fitting is None:
            return False
        rest.pop(fitting)
    return True
