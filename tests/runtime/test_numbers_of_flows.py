"""A number in a flow's document is a number: `true` and text are refused, and no more than that in what is stored."""

from collections.abc import Iterator
from typing import Any

import pytest
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.flows.flow import Flow
from patchbay_runtime.flows.problem import InvalidFlowError
from patchbay_runtime.flows.validation import check_flow
from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.implementation import implementation
from patchbay_runtime.steps.webhook_access import KINDS, SIGNATURES

SIGNED = {"kind": "hmac", "style": "custom", "header": "X-Signed", "timestamp_header": "X-Time"}
# The shape, where its number is, and what the settings have beside it.
NUMBERS: list[tuple[str, tuple[str, ...], dict[str, Any]]] = [
    ("delay", ("seconds",), {}),
    ("http-connector", ("timeout_seconds",), {"url": "https://partner.example.com"}),
    ("http-connector", ("retries",), {"url": "https://partner.example.com"}),
    ("http-connector", ("backoff_seconds",), {"url": "https://partner.example.com"}),
    ("http-trigger", ("access", "tolerance_seconds"), {"access": SIGNED}),
    ("split", ("limit",), {"expression": "$"}),
]


def document(shape: str, place: tuple[str, ...], config: dict[str, Any], value: Any) -> dict[str, Any]:
    *outer, name = place
    settings = config
    for part in outer:
        settings = settings[part]
    changed: dict[str, Any] = {**settings, name: value}
    for part in reversed(outer):
        changed = {**config, part: changed}
    return {"name": "f", "start": "s", "steps": {"s": {"shape": shape, "config": changed}}}


def fields_with_numbers(schema: dict[str, Any]) -> Iterator[str]:
    for part in (schema, *schema.get("$defs", {}).values()):
        for name, field in part.get("properties", {}).items():
            if {kind.get("type") for kind in (field, *field.get("anyOf", []))} & {"integer", "number"}:
                yield name


def test_every_number_of_every_shape_is_tried_here() -> None:
    models: list[tuple[str, type[StepConfig]]] = [(shape, implementation(shape).config) for shape in CATALOG]
    # An access is read by a function, so that no schema shows it.
    models += [("http-trigger", access) for access in (*KINDS.values(), *SIGNATURES.values())]
    found = {(shape, name) for shape, model in models for name in fields_with_numbers(model.model_json_schema())}
    assert found == {(shape, place[-1]) for shape, place, _ in NUMBERS}


@pytest.mark.parametrize(("shape", "place", "config"), NUMBERS)
@pytest.mark.parametrize("value", [True, "1"])
def test_what_is_no_number_is_refused_at_its_place_and_goes_on_where_it_was_registered(
    shape: str, place: tuple[str, ...], config: dict[str, Any], value: Any
) -> None:
    check_flow(document(shape, place, config, 1))
    with pytest.raises(InvalidFlowError) as refused:
        check_flow(document(shape, place, config, value))
    (problem,) = refused.value.problems
    assert problem.path.startswith("$.steps.s.config")
    assert place[-1] in problem.path
    assert "must be a number" in problem.message
    assert Flow(document(shape, place, config, value)).step("s").config == (
        Flow(document(shape, place, config, 1)).step("s").config
    )
