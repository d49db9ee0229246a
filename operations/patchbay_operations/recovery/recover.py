"""The recovery of one stack."""

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from patchbay_operations.access import Access
from patchbay_operations.recovery import checkpoint
from patchbay_operations.recovery.finders import FINDERS, REPEATABLE, find

# `pulumi` with these words on one stack. Raises when the command fails.
Command = Callable[..., object]

# What is not found is looked for again: AWS shows a new resource everywhere only after a moment, and the provider of an
# engine that was killed ends its last call after it.
PATIENCE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Recovery:
    """URNs of what was taken into the stack (each with its id), and of what never came to be or is put again."""

    adopted: Mapping[str, str]
    forgotten: tuple[str, ...]

    @property
    def summary(self) -> str:
        """In one line."""
        return f"{len(self.adopted)} adopted, {len(self.forgotten)} to be done again"


def recover(
    command: Command, environment: Mapping[str, str] | None, *, patience_seconds: float = PATIENCE_SECONDS
) -> Recovery:
    """Free the stack's lock, settle what was pending, and read back what AWS has of every resource.

    No update of the stack may run any more: its lock would be taken from it. `environment`: variables with AWS
    credentials, and the endpoint of an emulator if there is one; None: this process's own. Nothing in AWS is created,
    changed or deleted. Afterwards an ordinary `pulumi up` converges. RuntimeError where AWS cannot be asked.
    """
    command("cancel", "--yes")
    # The state holds encrypted secrets: the directory is readable by its owner only.
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "state.json")
        command("stack", "export", "--file", str(file))
        state = json.loads(file.read_text())
        found = _adoptable(state, environment or {}, patience_seconds)
        if checkpoint.pending(state):
            file.write_text(json.dumps(checkpoint.settled(state, found)))
            command("stack", "import", "--file", str(file))
    command("refresh", "--yes", "--skip-preview")
    pending = (resource["urn"] for resource in checkpoint.pending_creates(state))
    return Recovery(found, tuple(urn for urn in pending if urn not in found))


def _adoptable(state: checkpoint.State, environment: Mapping[str, str], patience_seconds: float) -> dict[str, str]:
    wanted = [resource for resource in checkpoint.pending_creates(state) if _is_looked_for(resource["type"])]
    if not wanted:
        return {}
    region = checkpoint.region(state)
    if region is None:
        raise RuntimeError("AWS resources are pending, and the state has no AWS provider with a region")
    return _find(wanted, state, Access.of_environment(region, environment), patience_seconds)


def _is_looked_for(token: str) -> bool:
    if token.startswith("aws:") and token not in FINDERS and token not in REPEATABLE:
        raise RuntimeError(
            f"a {token} is pending, and nothing is known of how to find one: add the type to FINDERS or REPEATABLE in "
            "patchbay_operations.recovery.finders"
        )
    # Kubernetes takes an object that exists as well as a new one.
    return token in FINDERS


def _find(
    resources: Sequence[Mapping[str, Any]], state: checkpoint.State, access: Access, patience_seconds: float
) -> dict[str, str]:
    found: dict[str, str] = {}
    deadline = time.monotonic() + patience_seconds
    while True:
        for resource in resources:
            if resource["urn"] not in found:
                known = checkpoint.known_ids(state, resource["type"])
                identifier = find(resource["type"], resource.get("inputs") or {}, access, known)
                if identifier is not None:
                    found[resource["urn"]] = identifier
        if len(found) == len(resources) or time.monotonic() > deadline:
            return found
        time.sleep(_PAUSE_SECONDS)
