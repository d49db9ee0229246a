"""What every resource is put through: kept as it is, and found again as the recovery of a killed update does."""

import json
from typing import Any

from patchbay_operations.access import Access
from patchbay_operations.recovery.finders import REPEATABLE, find

from tests.standins.pulumi_plugins.stack import Stack


def resources(stack: Stack) -> dict[str, dict[str, Any]]:
    """The state's AWS resources, by `type name`: `Cluster main`."""
    state = json.loads(stack.state())["deployment"].get("resources", [])
    return {
        f"{resource['type'].rpartition(':')[2]} {resource['urn'].rpartition('::')[2]}": resource
        for resource in state
        if resource["type"].startswith("aws:")
    }


def stays(stack: Stack) -> None:
    """Neither another run of the program nor AWS' answers change anything."""
    for command in (("preview",), ("refresh", "--yes"), ("preview",)):
        stack.succeed(*command, "--expect-no-changes", "--diff")


def is_found_again(stack: Stack, access: Access) -> None:
    """With the program's inputs and the finders' ids alone, a refresh gives the state that there was."""
    before = resources(stack)
    state = json.loads(stack.state())
    for resource in state["deployment"]["resources"]:
        if not resource["type"].startswith("aws:"):
            continue
        if resource["type"] not in REPEATABLE:
            found = find(resource["type"], resource["inputs"], access)
            assert found is not None, resource["urn"]
            resource["id"] = found
        resource["outputs"] = {}
    (stack.directory / "state.json").write_text(json.dumps(state))
    stack.succeed("stack", "import", "--file", "state.json")
    stack.succeed("refresh", "--yes", "--diff")
    after = resources(stack)
    for name, resource in before.items():
        assert after[name]["id"] == resource["id"], name
        assert after[name]["outputs"] == resource["outputs"], name
        assert after[name]["inputs"] == resource["inputs"], name
    stack.succeed("preview", "--expect-no-changes", "--diff")


def is_made_again(stack: Stack) -> None:
    """What was done and then forgotten is done again without harm, where the recovery relies on that."""
    before = resources(stack)
    state = json.loads(stack.state())
    kept = [item for item in state["deployment"]["resources"] if item["type"] not in REPEATABLE]
    urns = {item["urn"] for item in kept}
    for item in kept:
        item["dependencies"] = [urn for urn in item.get("dependencies", ()) if urn in urns]
        named = item.get("propertyDependencies", {})
        item["propertyDependencies"] = {name: [urn for urn in found if urn in urns] for name, found in named.items()}
    state["deployment"]["resources"] = kept
    (stack.directory / "state.json").write_text(json.dumps(state))
    stack.succeed("stack", "import", "--file", "state.json")
    stack.succeed("up", "--yes", "--skip-preview")
    assert {name: item["id"] for name, item in resources(stack).items()} == {
        name: item["id"] for name, item in before.items()
    }


def is_taken_down(stack: Stack) -> None:
    stack.succeed("destroy", "--yes", "--skip-preview")
    assert not resources(stack)
