"""One stack's emulated AWS account, and the engine's stack on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from patchbay_operations.access import Access

from patchbay_local.deploy.emulator import Emulator, client_environment
from patchbay_local.deploy.people import make_roles
from patchbay_local.deploy.stack.backend import Backend
from patchbay_local.deploy.stack.stack import Report, Stack
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.machine import paths
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.mounts import remove_directories

POLICIES: Final = paths.REPOSITORY / "policies"

# Something that the user should read.
Say = Callable[[str], None]


@dataclass(frozen=True)
class Emulation:
    """Beside the stack's real state and account, which it never touches. `directory`: the engine's state and config."""

    config: StackConfig
    emulator: Emulator
    directory: Path

    @classmethod
    def of(cls, config: StackConfig) -> "Emulation":
        """The machine's own one of this stack."""
        emulator = Emulator.of_stack(config.stack, config.account)
        return cls(config, emulator, paths.EMULATIONS / config.stack)

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that point every AWS client at the account."""
        return client_environment(self.emulator, self.config.region)

    @property
    def access(self) -> Access:
        """The account, for what asks AWS directly."""
        return Access.of_environment(self.config.region, self.environment)

    @property
    def config_file(self) -> Path:
        return self.directory / f"Pulumi.{self.config.stack}.yaml"

    @property
    def _unfinished(self) -> Path:
        return self.directory / "unfinished"

    @cached_property
    def stack(self) -> Stack:
        """The engine's stack."""
        return Stack(
            self.config.stack,
            Backend(self.directory / "state"),
            config_file=self.config_file,
            environment=self.environment,
            policy_pack=POLICIES,
        )

    def start(self, journal: Journal, say: Say = print) -> None:
        """Start the account, and write the config that points at it.

        An account whose deployment was killed is emptied (see `deploy`), and one that the engine has no stack on.
        """
        if self._unfinished.exists():
            self.stack.backend.require_free(self.config.stack)
            if self.stack.backend.was_killed(self.config.stack):
                say(f"the emulated AWS of {self.config.stack} is emptied: its last deployment was killed")
                self.forget(journal)
        empty_unless_deployed(self.emulator, self.stack, journal, say)
        self.emulator.up(journal)
        make_roles(self.access, self.config.account, self.config.people)
        self.config.write_emulated(self.config_file, self.emulator.url)

    def deploy(self, report: Report) -> str:
        """Bring the stack up; return how much changed.

        Without checkpoints, which take longer than all else in an account where a call takes milliseconds. A killed
        deployment leaves things that no state knows, so that the next `start` empties the account.
        """
        self._unfinished.touch()
        try:
            return self.stack.up(report, checkpoints=False)
        finally:
            # What ended by itself, also with an error, has written its state.
            if not self.stack.backend.was_killed(self.config.stack):
                self._unfinished.unlink()

    def forget(self, journal: Journal) -> None:
        """Stop the account, and remove it together with the engine's state."""
        self.emulator.down(journal)
        # The engine's first: a state without its account would make the engine believe that everything is there.
        remove_directories(self.directory, self.emulator.directory)


def empty_unless_deployed(emulator: Emulator, stack: Stack, journal: Journal, say: Say) -> None:
    """Forget an account that the engine has no stack on: what is in it would be in the way of everything made anew."""
    if emulator.keeps_state() and not stack.exists():
        say(f"the emulated AWS of {emulator.name} is emptied: the engine has no stack on it")
        emulator.forget(journal)
