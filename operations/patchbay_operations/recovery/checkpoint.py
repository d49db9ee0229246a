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


def known_ids(state: State, token: str) -> set[str]:
    """The ids of the type's resources that AWS has, as far as the state knows."""
    return {
        resource["id"]
        for resource in _resources(state)
        if resource["type"] == token and resource.get("id") and not _is_gone(resource)
    }


def region(state: State) -> str | None:
    """The region of the stack's AWS provider; None where the stack has none."""
    for resource in [*_resources(state), *pending_creates(state)]:
        if resource["type"] == _PROVIDER and (name := (resource.get("inputs") or {}).get("region")):
            return str(name)
    return None


def settled(state: State, found: Mapping[str, str]) -> State:
    """The state without pending operations, and with the resources in `found` (ids by URN).

    An update or a deletion that had begun is dropped: the refresh that follows reads how far it came.
    """
    result = copy.deepcopy(state)
    resources = _resources(result)
    for resource in pending_creates(result):
        urn = resource["urn"]
        if urn not in found:
            continue
        # It was being replaced. One that was deleted first is gone, and its id may be the new one's, as a name is; any
        # other is left for the next update to delete.
        resources = [old for old in resources if old["urn"] != urn or not _is_gone(old)]
        for old in resources:
            if old["urn"] == urn:
                old["delete"] = True
        # Without outputs the provider reads by the id alone, as it does for an import.
        resources.append({**resource, "id": found[urn], "outputs": {}})
    result["deployment"]["resources"] = resources
    result["deployment"]["pending_operations"] = []
    return result


def _resources(state: State) -> list[dict[str, Any]]:
    return state["deployment"].get("resources") or []


def _is_gone(resource: Mapping[str, Any]) -> bool:
    """Whether it was deleted so that its replacement can be created."""
    return bool(resource.get("pendingReplacement"))
