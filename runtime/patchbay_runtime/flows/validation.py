"""Checks of a flow document: every problem is found at once, with its JSON path."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from pydantic import ValidationError

from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.flows.document import FlowDocument, StepDocument
from patchbay_runtime.flows.problem import InvalidFlowError, Place, Problem, json_path, problems_of
from patchbay_runtime.reach.rule import Reach
from patchbay_runtime.steps.expression import Check
from patchbay_runtime.steps.implementation import implementation

TRIGGERS = frozenset({"http-trigger"})

Edges = dict[str, dict[Place, str]]
"""For each step, the steps it leads to by the place that names them."""


class _Checks(NamedTuple):
    reach: Reach | None
    expression: Check | None


def expressions_of(document: Any) -> list[str]:
    """The expressions that `check_flow` will check, each once; of a document with other faults maybe not all."""
    found: dict[str, None] = {}
    with suppress(InvalidFlowError):
        check_flow(document, check=found.setdefault)
    return list(found)


def check_flow(document: Any, reach: Reach | None = None, check: Check | None = None) -> FlowDocument:
    """The document's model, or `InvalidFlowError` with all of its problems.

    `reach`: what its steps may call. `check`: tells of an expression what is wrong; without it they are read here.
    """
    try:
        flow = FlowDocument.model_validate(document)
    except ValidationError as error:
        raise InvalidFlowError(problems_of(error)) from None
    problems: list[Problem] = []
    checks = _Checks(reach, check)
    edges: Edges = {name: _check_step(name, step, flow, checks, problems) for name, step in flow.steps.items()}
    _check_targets(flow, edges, problems)
    if not problems:
        _check_cycles(flow, edges, problems)
        _check_reachable(flow, edges, problems)
    if problems:
        raise InvalidFlowError(problems)
    return flow


def _check_step(
    name: str, step: StepDocument, flow: FlowDocument, checks: "_Checks", problems: list[Problem]
) -> dict[Place, str]:
    """Add the problems of one step; give the steps that it names."""
    place: Place = ("steps", name)
    if step.shape not in CATALOG:
        known = ", ".join(sorted(CATALOG))
        problems.append(Problem(json_path((*place, "shape")), f"unknown shape {step.shape!r}; known: {known}"))
        return {}
    if step.shape in TRIGGERS and name != flow.start:
        problems.append(Problem(json_path((*place, "shape")), "a trigger can only be the start of a flow"))
    edges: dict[Place, str] = {(*place, "next"): step.next} if step.next is not None else {}
    code = implementation(step.shape)
    if code.targets is not None and step.next is not None:
        message = f"a {step.shape} names the steps that follow in its config; remove `next`"
        problems.append(Problem(json_path((*place, "next")), message))
    try:
        config = code.config.model_validate(step.config, context=checks.expression)
    except ValidationError as error:
        problems.extend(problems_of(error, (*place, "config")))
        return edges
    if code.called is not None and checks.reach is not None:
        at = json_path((*place, "config", "url"))
        problems.extend(Problem(at, fault) for fault in checks.reach.faults(code.called(config)))
    if code.targets is not None:
        edges.update({(*place, "config", *inner): target for inner, target in code.targets(config).items()})
    return edges


def _check_targets(flow: FlowDocument, edges: Edges, problems: list[Problem]) -> None:
    if flow.start not in flow.steps:
        problems.append(Problem(json_path(("start",)), f"there is no step {flow.start!r}"))
    for targets in edges.values():
        for place, target in targets.items():
            if target not in flow.steps:
                problems.append(Problem(json_path(place), f"there is no step {target!r}"))


def _check_cycles(flow: FlowDocument, edges: Edges, problems: list[Problem]) -> None:
    """Remove steps that nothing leads to until none is left; what remains lies on a cycle or behind one."""
    incoming = dict.fromkeys(flow.steps, 0)
    for targets in edges.values():
        for target in targets.values():
            incoming[target] += 1
    free = [name for name, count in incoming.items() if count == 0]
    while free:
        for target in edges[free.pop()].values():
            incoming[target] -= 1
            if incoming[target] == 0:
                free.append(target)
    left = {name for name, count in incoming.items() if count > 0}
    if not left:
        return
    place, target = _closing_edge(left, edges)
    problems.append(Problem(json_path(place), f"leads back to {target!r}: steps must not form a cycle"))


def _closing_edge(left: set[str], edges: Edges) -> tuple[Place, str]:
    """Follow edges within `left` until a step comes again. Every step there has a predecessor there, so walk back."""
    predecessors: Mapping[str, tuple[str, Place]] = {
        target: (name, place) for name in left for place, target in edges[name].items() if target in left
    }
    seen: set[str] = set()
    step = min(left)
    while step not in seen:
        seen.add(step)
        step = predecessors[step][0]
    return predecessors[step][1], step


def _check_reachable(flow: FlowDocument, edges: Edges, problems: list[Problem]) -> None:
    reached = {flow.start}
    waiting = [flow.start]
    while waiting:
        for target in edges[waiting.pop()].values():
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    message = f"no path leads here from {flow.start!r}"
    problems.extend(Problem(json_path(("steps", name)), message) for name in flow.steps if name not in reached)
