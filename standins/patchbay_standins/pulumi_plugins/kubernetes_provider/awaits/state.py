"""What a check finds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from patchbay_standins.pulumi_plugins.kubernetes_provider.api import ApiServer

Live = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """Ready, or what is waited for. `failed`: it will not become ready by waiting."""

    ready: bool
    message: str = ""
    failed: bool = False


READY = State(ready=True)
Check = Callable[[Live, ApiServer], State]


def waiting(message: str) -> State:
    return State(ready=False, message=message)


def failed(message: str) -> State:
    return State(ready=False, message=message, failed=True)


def condition(live: Live, name: str) -> Mapping[str, Any]:
    """A condition of the object's status; empty where it is not set."""
    for entry in (live.get("status") or {}).get("conditions") or []:
        if entry.get("type") == name:
            return dict(entry)
    return {}


def is_observed(live: Live) -> bool:
    """Whether the controller has seen the latest change of the object."""
    generation = (live.get("metadata") or {}).get("generation", 0)
    return int((live.get("status") or {}).get("observedGeneration", 0)) >= int(generation)
