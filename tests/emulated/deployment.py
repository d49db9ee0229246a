"""A stack's whole AWS program, deployed by the real engine on an emulated account of its own; copies to spoil."""

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from patchbay_local.deploy.emulation import Emulation
from patchbay_local.deploy.emulator import Emulator
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.machine.journal import Journal
from patchbay_operations.checks.facts import Facts
from patchbay_operations.permissions.recorded import read
from patchbay_operations.permissions.roles import Role, read_roles

from tests.emulated import calls
from tests.ports import free_port

STACKS = ("dev", "staging", "production")


@dataclass(frozen=True)
class Deployment:
    """What runs and what is kept lies in one directory; nobody else's emulated account is touched."""

    emulation: Emulation
    journal: Journal

    @classmethod
    def of(cls, config: StackConfig, directory: Path) -> "Deployment":
        """Not started."""
        emulator = Emulator(
            config.stack,
            free_port(),
            directory / "account",
            config.account,
            run=directory / "run",
            logs=directory / "logs",
            record=directory / "calls.jsonl",
        )
        return cls(Emulation(config, emulator, directory / "engine"), Journal(directory / "journal"))

    @cached_property
    def facts(self) -> Facts:
        """What boto3 finds in the account, read once."""
        return self.new_facts()

    @property
    def record(self) -> Path:
        """Of all calls since the account was started."""
        record = self.emulation.emulator.record
        assert record is not None
        return record

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """The environment's roles, as they are when they are first asked for."""
        return tuple(read_roles(self.emulation.access, self.emulation.config.environment))

    def judged(self, roles: Sequence[Role], name: str) -> calls.Judged:
        """What was called so far, held to `roles`. A report of that name says which rights nobody used."""
        environment = self.emulation.config.environment
        recorded = list(read(self.record))
        made = calls.by_role(recorded, f"patchbay-{environment}-")
        rights = calls.report([(role, made[role.name]) for role in roles if role.name in made], environment, name)
        faults = calls.faults(recorded, roles, environment)
        return calls.Judged(faults, rights.get(f"patchbay-{environment}-{calls.APPLY}", []))

    def new_facts(self) -> Facts:
        """What boto3 finds now."""
        config = self.emulation.config
        return Facts(self.emulation.access, config.environment, config.production)

    def deploy(self) -> None:
        """`up` with the policies. The account is then stopped, and with that saved, and started again."""
        self.emulation.start(self.journal)
        self.emulation.stack.prepare()
        self.emulation.deploy(lambda *_: None)
        self.emulation.emulator.down(self.journal)
        self.emulation.start(self.journal)

    @contextmanager
    def copied(self, directory: Path) -> Iterator["Deployment"]:
        """The same account and the same state of the engine at another address, to be changed at will."""
        copy = Deployment.of(self.emulation.config, directory)
        shutil.copytree(self.emulation.emulator.directory, copy.emulation.emulator.directory)
        shutil.copytree(self.emulation.directory, copy.emulation.directory)
        stack_file = copy.emulation.stack.backend.stack_file(self.emulation.config.stack)
        # The provider's address is an input like any other, and would be the first difference.
        stack_file.write_text(stack_file.read_text().replace(self.emulation.emulator.url, copy.emulation.emulator.url))
        try:
            copy.emulation.start(copy.journal)
            copy.emulation.stack.prepare()
            yield copy
        finally:
            copy.journal.undo()


@contextmanager
def deployed(stack: str, directory: Path) -> Iterator[Deployment]:
    """The stack in an account that was empty."""
    deployment = Deployment.of(StackConfig.read(stack), directory)
    try:
        deployment.deploy()
        yield deployment
    finally:
        deployment.journal.undo()


@contextmanager
def empty_account(directory: Path, config: StackConfig) -> Iterator[Deployment]:
    """An account with nothing in it but what AWS itself puts into every one."""
    deployment = Deployment.of(dataclasses.replace(config), directory)
    try:
        deployment.emulation.start(deployment.journal)
        yield deployment
    finally:
        deployment.journal.undo()
