"""Checks a program's inputs: against the SDK's types, and that nothing in them would be silently dropped."""

from collections.abc import Iterator, Mapping
from typing import Any

from patchbay_standins.pulumi_plugins.aws_provider import models, requests, sdk, tagging, templates, validation
from patchbay_standins.pulumi_plugins.aws_provider.convert import ConversionError
from patchbay_standins.pulumi_plugins.aws_provider.difference import updatable
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Row
from patchbay_standins.pulumi_plugins.plugin.properties import Path

Fault = tuple[Path, str]


def faults(row: Row, inputs: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with the inputs, by path."""
    found = list(validation.faults(inputs, sdk.resource_type(row.token)))
    if not found:
        found = [*_unapplied(row, inputs), *_inconvertible(row, inputs), *_missing(row, inputs)]
    yield from found


def applied(row: Row) -> set[str]:
    """The inputs that the row applies."""
    names = {*row.handles, *row.options, *updatable(row), "region"}
    for call in _calls(row):
        names |= templates.names(call.parameters)
    if isinstance(row.create, Call):
        names |= set(requests.placements(row, row.create))
    return names


def _unapplied(row: Row, inputs: Mapping[str, Any]) -> Iterator[Fault]:
    known = applied(row)
    for name, value in inputs.items():
        default = row.field(name).default
        if name not in known and not (default is not None and value == default):
            yield (name,), "the AWS provider's stand-in cannot apply it: leave it out"


def _inconvertible(row: Row, inputs: Mapping[str, Any]) -> Iterator[Fault]:
    seen = set()
    for call in _calls(row):
        for name, members in requests.placements(row, call).items():
            if name not in inputs or name in seen:
                continue
            seen.add(name)
            try:
                requests.convert(row.field(name), inputs[name], requests.shape_at(row, call, members))
            except ConversionError as error:
                yield (name, *error.path), error.reason


def _missing(row: Row, inputs: Mapping[str, Any]) -> Iterator[Fault]:
    wanted = dict.fromkeys(row.required, "is required by the AWS provider's stand-in, and missing")
    if isinstance(row.create, Call):
        operation = models.operation(row.create.service or row.service, row.create.operation).name
        for _, names in requests.required(row, row.create):
            if names and not any(name in inputs for name in names):
                wanted[names[0]] = f"is required by {operation}, and missing"
    for name, reason in wanted.items():
        if name not in inputs:
            yield (name,), reason


def _calls(row: Row) -> list[Call]:
    steps = [row.create, *(update.step for update in row.updates)]
    return [step for step in steps if isinstance(step, Call)]


def applied_by_creation(row: Row) -> set[str]:
    """The inputs that the creating step itself applies; updates that follow it do the rest."""
    names = {*row.handles, *row.options}
    if isinstance(row.create, Call):
        names |= set(requests.placements(row, row.create)) | templates.names(row.create.parameters)
    if tagging.created_by(row):
        names.add("tags")
    return names
