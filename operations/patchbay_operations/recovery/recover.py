"""The recovery of one stack."""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patchbay_operations.access import Access
from patchbay_operations.recovery import checkpoint
from patchbay_operations.recovery.finders import find

# `pulumi` with these words on one stack: its output. Raises when the command fails.
Command = Callable[..., str]


@dataclass(frozen=True)
class Recovery:
    """URNs of what was taken into the stack (each with its id), and of what never came to be or is put again."""

    adopted: Mapping[str, str]
    forgotten: tuple[str, ...]

    @property
    def summary(self) -> str:
        """In one line."""
        return f"{len(self.adopted)} adopted, {len(self.forgotten)} to be done again"


def recover(command: Command, environment: Mapping[str, str] | None) -> Recovery:
    """Free the stack's lock, settle what was pending, and read back what AWS has of every resource.

    `environment`: variables with AWS credentials, and the endpoint of an emulator if there is one; None: this process's
    own. Nothing in AWS is created, changed or deleted. Afterwards an ordinary `pulumi up` converges.
    """
    command("cancel", "--yes")
    state = json.loads(command("stack", "export"))
    region = checkpoint.region(state)
    pending = checkpoint.pending_creates(state)
    found = _find(pending, Access.of_environment(region, environment or {})) if region else {}
    if checkpoint.pending(state):
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory, "state.json")
            # The state holds encrypted secrets: the directory is readable by its owner only.
            file.write_text(json.dumps(checkpoint.settled(state, found)))
            command("stack", "import", "--file", str(file))
    command("refresh", "--yes", "--skip-preview")
    return Recovery(found, tuple(resource["urn"] for resource in pending if resource["urn"] not in found))


def _find(resources: Iterable[Mapping[str, Any]], access: Access) -> dict[str, str]:
    found = {}
    for resource in resources:
        identifier = find(resource["type"], resource.get("inputs") or {}, access)
        if identifier is not None:
            found[resource["urn"]] = identifier
    return found
