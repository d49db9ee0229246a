"""Every row of the table names operations, parameters and properties that exist."""

from collections.abc import Iterator

import pytest
from botocore.model import ListShape, Shape, StructureShape
from patchbay_standins.pulumi_plugins.aws_provider import check, models, requests, sdk, templates
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Row
from patchbay_standins.pulumi_plugins.aws_provider.rows import TABLE

_ROWS = sorted(TABLE)
# What an answer or the provider itself gives.
_KNOWN = {"id", "region", "account"}


def calls(row: Row) -> Iterator[Call]:
    steps = [row.create, row.read, row.delete, *row.reads, *(update.step for update in row.updates)]
    tags = [row.tags.tag, row.tags.untag, row.tags.read] if row.tags else []
    yield from (step for step in (*steps, *tags) if isinstance(step, Call))


def strangers(template: object, shape: Shape, path: str) -> Iterator[str]:
    if isinstance(template, dict) and isinstance(shape, StructureShape):
        for name, item in template.items():
            if name not in shape.members:
                yield f"{path}.{name}"
            else:
                yield from strangers(item, shape.members[name], f"{path}.{name}")
    if isinstance(template, list) and isinstance(shape, ListShape):
        for item in template:
            yield from strangers(item, shape.member, path)


@pytest.mark.parametrize("token", _ROWS)
def test_the_requests_of_a_row_are_ones_that_aws_knows(token: str) -> None:
    row = TABLE[token]
    for call in calls(row):
        shape = models.request_shape(call.service or row.service, call.operation)
        assert not list(strangers(dict(call.parameters), shape, call.operation))


@pytest.mark.parametrize("token", _ROWS)
def test_what_a_request_needs_is_told_by_a_property_or_the_id(token: str) -> None:
    row = TABLE[token]
    tagging = [row.tags.tag, row.tags.untag] if row.tags else []
    for call in calls(row):
        for member, names in requests.required(row, call):
            assert names or (call in tagging and "tag" in member.lower()), (call.operation, member)


@pytest.mark.parametrize("token", _ROWS)
def test_a_row_names_properties_of_the_sdk(token: str) -> None:
    row = TABLE[token]
    schema = sdk.resource_type(token)
    named = {field.name for field in row.fields} | {name for update in row.updates for name in update.covers}
    named |= {*row.handles, *row.options, *row.outputs, *row.required, *row.defaults, *row.volatile}
    assert named <= {*schema.inputs, *schema.outputs}
    parsed = set(row.parse("a/b:c,d|e_f") if row.parse else templates.names(row.id))
    for call in calls(row):
        assert templates.names(call.parameters) <= {*schema.inputs, *schema.outputs, *parsed, *_KNOWN}


@pytest.mark.parametrize("token", _ROWS)
def test_every_required_input_can_be_applied_and_every_update_sends_what_it_covers(token: str) -> None:
    row = TABLE[token]
    schema = sdk.resource_type(token)
    assert {name for name, declared in schema.inputs.items() if not declared.optional} <= check.applied(row)
    for update in row.updates:
        if isinstance(update.step, Call):
            sent = set(requests.placements(row, update.step)) | templates.names(update.step.parameters)
            assert set(update.covers) <= sent
