"""A stack's checkpoint, as `pulumi stack export` writes it."""

import copy
from collections.abc import Mapping
from typing import Any, Final

State = dict[str, Any]

_CREATING: Final = "creating"
_PROVIDER: Final = "pulumi:providers:aws"


def pending(state: State) -> list[dict[str, Any]]:
    """The operations that had begun and not ended."""
    return list(state["deployment"].get("pending_operations") or [])


def pending_creates(state: State) -> list[dict[str, Any]]:
    """The resources that were being created."""
    return [operation["resource"] for operation in pending(state) if operation["type"] == _CREATING]


def region(state: State) -> str | None:
    """The region of the stack's AWS provider; None where the stack has none."""
    for resource in [*(state["deployment"].get("resources") or []), *pending_creates(state)]:
        if resource["type"] == _PROVIDER and (name := (resource.get("inputs") or {}).get("region")):
            return str(name)
    return None


def settled(state: State, found: Mapping[str, str]) -> State:
    """The state without pending operations, and with the resources in `found` (ids by URN).

    An update or a deletion that had begun is dropped: the refresh that follows reads how far it came.
    """
    result = copy.deepcopy(state)
    deployment = result["deployment"]
    resources: list[dict[str, Any]] = deployment.get("resources") or []
    for resource in pending_creates(result):
        urn = resource["urn"]
        if urn not in found:
            continue
        for old in resources:
            # It was being replaced: the old one is left for the next update to delete.
            if old["urn"] == urn and not old.get("delete"):
                old["delete"] = True
        # Without outputs the provider reads by the id alone, as it does for an import.
        resources.append({**resource, "id": found[urn], "outputs": {}})
    deployment["resources"] = resources
    deployment["pending_operations"] = []
    return result
