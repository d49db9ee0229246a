"""Whatever was being created when an update was killed: it is found in AWS, or made again without harm."""

import json
from pathlib import Path
from typing import Any

import pytest
from patchbay_local.deploy.stack.stack import Stack
from patchbay_operations.recovery import checkpoint
from patchbay_operations.recovery.finders import FINDERS, REPEATABLE, find

from tests.emulated.deployment import Deployment
from tests.emulated.killed import contents, driven, export, ids

pytestmark = pytest.mark.long


def write(stack: Stack, content: checkpoint.State, directory: Path) -> None:
    file = directory / "state.json"
    file.write_text(json.dumps(content))
    stack.command("stack", "import", "--file", str(file))


@pytest.mark.parametrize("scratch", ["dev", "production"], indirect=True)
def test_every_resource_is_found_by_what_the_program_asked_for(scratch: Deployment, tmp_path: Path) -> None:
    stack = driven(scratch.emulation)
    before = export(stack)
    outputs = stack.command("stack", "output", "--json", keep=True)
    pending = export(stack)
    missing = []
    for resource in pending["deployment"]["resources"]:
        if resource["type"] in FINDERS:
            found = find(resource["type"], resource["inputs"], scratch.emulation.access)
            missing += [resource["urn"]] if found is None else []
            resource |= {"id": found, "outputs": {}}
    assert not missing
    write(stack, pending, tmp_path)
    stack.command("refresh", "--yes", "--skip-preview")

    assert ids(export(stack)) == ids(before)
    stack.preview("--expect-no-changes")
    # What an update writes down again, from the outputs of all resources.
    stack.up(lambda *_: None)
    assert stack.command("stack", "output", "--json", keep=True) == outputs


@pytest.mark.parametrize("scratch", ["dev"], indirect=True)
def test_what_is_not_looked_for_can_be_made_twice(scratch: Deployment, tmp_path: Path) -> None:
    stack = driven(scratch.emulation)
    before, made = export(stack), contents(scratch.emulation.access)
    write(stack, without(before, REPEATABLE), tmp_path)
    stack.up(lambda *_: None)

    assert ids(export(stack)) == ids(before)
    stack.preview("--expect-no-changes")
    assert contents(scratch.emulation.access) == made


def without(state: checkpoint.State, types: frozenset[str]) -> checkpoint.State:
    """The state as if nothing of these types had ever been made."""
    resources: list[dict[str, Any]] = state["deployment"]["resources"]
    gone = {resource["urn"] for resource in resources if resource["type"] in types}
    assert gone
    kept = [resource for resource in resources if resource["urn"] not in gone]
    for resource in kept:
        resource["dependencies"] = [urn for urn in resource.get("dependencies") or [] if urn not in gone]
        resource["propertyDependencies"] = {
            name: [urn for urn in urns or [] if urn not in gone]
            for name, urns in (resource.get("propertyDependencies") or {}).items()
        }
    return {**state, "deployment": {**state["deployment"], "resources": kept}}
