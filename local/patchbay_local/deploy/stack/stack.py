"""One stack, driven through the Pulumi CLI; an update that was killed is recovered before the next."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from patchbay_operations.recovery.recover import Recovery, recover

from patchbay_local.deploy.stack import pulumi
from patchbay_local.deploy.stack.backend import Backend
from patchbay_local.machine import paths
from patchbay_local.machine.programs import run

# For the CLI: keep the state at the end of a command alone.
WITHOUT_CHECKPOINTS: Final[Mapping[str, str]] = MappingProxyType({"PULUMI_SKIP_CHECKPOINTS": "true"})
_CHANGED: Final = re.compile(r"^\s*[-+~]+\s+(\S+)\s+(\S+)\s+(created|updated|deleted|replaced|imported)\b")

Report = Callable[[str, float | None], None]


@dataclass(frozen=True)
class Stack:
    """`config_file`: in place of the repository's own; beside it lies a project file. `environment`: for the CLI."""

    name: str
    backend: Backend
    config_file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    policy_pack: Path | None = None

    @property
    def log(self) -> Path:
        """The output of every command."""
        return paths.LOGS / f"pulumi-{self.name}.log"

    def exists(self) -> bool:
        """Whether it was made before."""
        return self.backend.exists(self.name)

    def prepare(self) -> None:
        """Make the stack, unless it is there."""
        pulumi.install_stand_ins()
        self.backend.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.backend.exists(self.name):
            # The CLI writes the stack's salt into the config file that lies in its working directory.
            beside = paths.REPOSITORY if self.config_file is None else self.config_file.parent
            self._run("stack", "init", self.name, "--non-interactive", directory=beside)

    def up(self, report: Report, *, checkpoints: bool = True) -> str:
        """Bring the stack to what the program says; return how much changed. Recovers first, where that is needed.

        `checkpoints`: keep the state after each step, and not at the end alone. An update that is killed can be
        recovered only with them; they are written whole each time, so that their cost grows with the square of the
        number of resources.
        """
        self.prepare()
        if self.backend.was_killed(self.name):
            report("recovering from an update that was killed", None)
            self.recover()
        changed = 0

        def watch(line: str) -> None:
            nonlocal changed
            if found := _CHANGED.match(line):
                changed += 1
                report(f"{changed} resources changed, last: {found[2]} {found[3]}", None)

        settings = {} if checkpoints else WITHOUT_CHECKPOINTS
        self.command("up", "--yes", "--skip-preview", *self._policies, on_line=watch, settings=settings)
        return f"{changed} resources changed" if changed else "no changes"

    def preview(self, *arguments: str) -> str:
        """What would change, as the CLI prints it."""
        return self.command("preview", *self._policies, *arguments, keep=True)

    def destroy(self, *, checkpoints: bool = True) -> None:
        """Delete all of the stack's resources; where one of them is protected, none. `checkpoints`: as for `up`.

        Recovers first, where that is needed: nothing is left behind.
        """
        if self.backend.was_killed(self.name):
            self.recover()
        # Without its preview the engine deletes what it can before it comes to what it may not.
        self.command("destroy", "--yes", settings={} if checkpoints else WITHOUT_CHECKPOINTS)

    def recover(self) -> Recovery:
        """Adopt or clear what a killed update left; see `patchbay_operations.recovery`.

        RuntimeError while an update runs.
        """
        self.backend.require_free(self.name)
        self.backend.mend(self.name)
        return recover(self.command, self.environment)

    def command(
        self,
        *words: str,
        on_line: Callable[[str], None] | None = None,
        keep: bool = False,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """Run a command of the CLI on this stack. `keep`: return its output instead of logging it.

        `settings`: further variables for the CLI.
        """
        config = [] if self.config_file is None else ["--config-file", str(self.config_file)]
        takes_config = words[0] in {"up", "preview", "refresh", "destroy"}
        return self._run(
            *words,
            "--stack",
            self.name,
            "--non-interactive",
            *(config if takes_config else []),
            on_line=on_line,
            keep=keep,
            settings=settings,
        )

    @property
    def _policies(self) -> list[str]:
        return [] if self.policy_pack is None else ["--policy-pack", str(self.policy_pack)]

    def _run(
        self,
        *words: str,
        on_line: Callable[[str], None] | None = None,
        keep: bool = False,
        directory: Path = paths.REPOSITORY,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        return run(
            [pulumi.program(), *words],
            cwd=directory,
            env={
                **pulumi.variables(),
                "PULUMI_BACKEND_URL": self.backend.url,
                # AWS' SDKs tell it with each call: a record of calls tells a preview's from an update's.
                "AWS_EXECUTION_ENV": f"pulumi-{words[0]}",
                **self.environment,
                **settings,
            },
            log=None if keep else self.log,
            on_line=on_line,
        )
