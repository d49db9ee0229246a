"""Pulumi on the stack, each command within its time."""

import datetime
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from patchbay_operations.recovery.recover import recover
from patchbay_operations.smoke.child import ChildError, Within, run_child

# Components are made of other resources, and are nothing by themselves.
_MADE: Final = "custom"
# pulumi-kubernetes pull request 2489: a destroy then succeeds for objects of a cluster that does not answer.
_LEAVE_UNREACHABLE: Final = {"PULUMI_K8S_DELETE_UNREACHABLE": "true"}
# Marks a run's own updates in the stack's history, where everybody's stand.
_MESSAGE: Final = "smoke run"
_LOCKED: Final = "the stack is currently locked by"
# With a config: the program runs.
_CONFIGURED: Final = frozenset({"up", "refresh", "destroy"})


@dataclass(frozen=True)
class Held:
    """How many resources the state has, and the URNs of those that no update may delete."""

    resources: int
    protected: tuple[str, ...]


class LockedError(ChildError):
    """Another update of the stack is under way, or was killed."""


@dataclass(frozen=True)
class Engine:
    """`backend`: where the state is. `variables`: over this process's own. `config_file`: in place of the stack's."""

    stack: str
    directory: Path
    backend: str
    log: Path
    on_line: Callable[[str], None]
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    config_file: Path | None = None
    program: str = "pulumi"

    @property
    def is_there(self) -> bool:
        """Whether its command is."""
        return shutil.which(self.program, path=self._environment({}).get("PATH")) is not None

    def knows_stack(self, within: Within) -> bool:
        """Whether the stack is in the state."""
        listed = json.loads(self._run(("stack", "ls", "--json"), within, quiet=True) or "[]")
        return self.stack in {str(entry["name"]).rpartition("/")[2] for entry in listed}

    def held(self, within: Within) -> Held:
        """What the state has, providers and the stack itself left out."""
        state = json.loads(self._on_stack(("stack", "export"), within, quiet=True))
        resources: list[dict[str, Any]] = state.get("deployment", {}).get("resources") or []
        made = [
            resource
            for resource in resources
            if resource.get(_MADE) and not str(resource["type"]).startswith("pulumi:providers:")
        ]
        pending = state.get("deployment", {}).get("pending_operations") or []
        return Held(len(made) + len(pending), tuple(str(one["urn"]) for one in made if one.get("protect")))

    def outputs(self, within: Within) -> Mapping[str, Any]:
        """Of the stack."""
        found: Mapping[str, Any] = json.loads(self._on_stack(("stack", "output", "--json"), within, quiet=True))
        return found

    def others(self, since: datetime.datetime, within: Within) -> list[str]:
        """The updates by anybody but a smoke run that ended after `since`, each in one line."""
        listed = json.loads(
            self._on_stack(("stack", "history", "--json", "--page-size", "100"), within, quiet=True) or "[]"
        )
        return [
            f"an update of {entry['endTime']}, which no smoke run made"
            for entry in listed
            if entry["kind"] == "update"
            and entry.get("message") != _MESSAGE
            and datetime.datetime.fromisoformat(entry["endTime"]) > since
        ]

    def up(self, within: Within) -> None:
        """With the policies, whose verdict comes before anything is made."""
        self._on_stack(("up", "--yes", "--message", _MESSAGE, "--policy-pack", "policies"), within)

    def destroy(self, within: Within, *, leave_unreachable: bool = False) -> None:
        """With its preview, which refuses a protected resource before anything is deleted.

        `leave_unreachable`: forget the objects of a cluster that does not answer; they are gone with it.
        """
        self._on_stack(("destroy", "--yes"), within, _LEAVE_UNREACHABLE if leave_unreachable else {})

    def recover(self, within: Within) -> None:
        """After an update that was killed: its lock is freed, and what it made is in the state."""

        def command(*words: str) -> str:
            return self._on_stack(words, within, quiet=words[0] == "stack")

        recover(command, self._environment({}))

    def _on_stack(
        self,
        words: tuple[str, ...],
        within: Within,
        variables: Mapping[str, str] | None = None,
        *,
        quiet: bool = False,
    ) -> str:
        config = ("--config-file", str(self.config_file)) if self.config_file and words[0] in _CONFIGURED else ()
        return self._run((*words, "--stack", self.stack, *config), within, variables, quiet=quiet)

    def _run(
        self,
        words: tuple[str, ...],
        within: Within,
        variables: Mapping[str, str] | None = None,
        *,
        quiet: bool = False,
    ) -> str:
        """`quiet`: nothing of the standard output is told, which may be the state."""
        try:
            return run_child(
                [self.program, *words, "--non-interactive"],
                within=within,
                directory=self.directory,
                environment=self._environment(variables or {}),
                log=self.log,
                on_line=self.on_line,
                quiet=quiet,
            )
        except ChildError as error:
            if _LOCKED in str(error):
                raise LockedError(str(error), killed=error.killed) from None
            raise

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        return {
            **os.environ,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **self.variables,
            "PULUMI_BACKEND_URL": self.backend,
            **variables,
        }
