"""The command: deploy, check, report."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from patchbay_operations.checks.check import Result
from patchbay_operations.checks.facts import Facts
from patchbay_operations.checks.run import CHECKS
from patchbay_operations.inventory.read import inventory
from patchbay_operations.report.report import Report, write
from rich.console import Console
from rich.table import Table

from patchbay_local.build.tools.modules import PULUMI
from patchbay_local.build.tools.prepare import all_there, prepare
from patchbay_local.commands.plan import durations
from patchbay_local.commands.progress import Planned, Progress, Step, short_duration
from patchbay_local.deploy.emulation import Emulation
from patchbay_local.deploy.stack import pulumi
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.machine import addresses, checkout, paths, preflight
from patchbay_local.machine.journal import open_journal
from patchbay_local.machine.single_run import only_one

_STEPS: Final = (
    Planned("tools", "Pulumi's CLI, from its Go module where the machine has none"),
    Planned("emulator", "an empty AWS account on loopback, or the one of the last run"),
    Planned("aws", "pulumi up, with the policies"),
    Planned("again", "pulumi preview: nothing may be left to change"),
    Planned("checks", "AWS itself is asked"),
    Planned("report", "what was created, a drawing, every check"),
)


def emulate(console: Console, stack: str, *, afresh: bool) -> bool:
    """Deploy the stack's AWS on its emulated account and check it; True if every check passed."""
    emulation = Emulation.of(StackConfig.read(stack))
    with only_one(f"make emulate STACK={stack}"):
        run = _Run(console, emulation)
        if emulation.emulator.status(open_journal()).pid is None:
            preflight.require_free([addresses.port_of_emulator(stack)])
        checkout.claim()
        run.prepare()
        run.start(afresh=afresh)
        run.deploy()
        run.preview()
        results = run.check()
        return run.report(results)


class _Run:
    def __init__(self, console: Console, emulation: Emulation) -> None:
        self._console = console
        self._emulation = emulation
        self._progress = Progress(console, _plan(emulation), durations())
        config = emulation.config
        self._facts = Facts(emulation.access, config.environment, config.production)
        self._seconds: dict[str, float] = {}

    def prepare(self) -> None:
        with self._progress.step(_key(self._emulation, "tools")) as step:
            if pulumi.installed_cli() is None:
                step.detail = prepare([PULUMI], step.update, step.warn)

    def start(self, *, afresh: bool) -> None:
        with self._timed("emulator") as step:
            journal = open_journal()
            if afresh:
                self._emulation.forget(journal)
            self._emulation.start(journal, step.warn)
            step.detail = self._emulation.emulator.url

    def deploy(self) -> None:
        with self._timed("aws") as step:
            self._emulation.stack.prepare()
            step.detail = self._emulation.deploy(step.update)

    def preview(self) -> None:
        with self._timed("again") as step:
            self._emulation.stack.preview("--expect-no-changes")
            step.detail = "no changes"

    def check(self) -> list[Result]:
        results = []
        with self._timed("checks") as step:
            for number, check in enumerate(CHECKS):
                step.update(check.question, number / len(CHECKS))
                results.append(check.run(self._facts))
            step.detail = f"{sum(result.passed for result in results)} of {len(results)} passed"
        return results

    def report(self, results: list[Result]) -> bool:
        with self._timed("report") as step:
            items = inventory(self._emulation.access)
            report = Report(self._emulation.config.stack, items, results, self._seconds)
            page = write(report, self._facts, paths.REPORTS / "emulated" / self._emulation.config.stack)
            step.detail = f"{len(items)} things in AWS"
        _print(self._console, report)
        self._console.print(f"report:     {page}", highlight=False, soft_wrap=True)
        return report.passed

    @contextmanager
    def _timed(self, name: str) -> Iterator[Step]:
        began = time.monotonic()
        with self._progress.step(_key(self._emulation, name)) as step:
            yield step
        self._seconds[name] = time.monotonic() - began


def _key(emulation: Emulation, name: str) -> str:
    """Durations are kept per stack."""
    return f"{emulation.config.stack} {name}"


def _plan(emulation: Emulation) -> list[Planned]:
    kinds = {
        "tools": "present" if pulumi.installed_cli() or all_there([PULUMI]) else "build",
        "aws": "update" if emulation.stack.exists() else "create",
    }
    return [Planned(_key(emulation, step.name), step.title, kinds.get(step.name, "")) for step in _STEPS]


def _print(console: Console, report: Report) -> None:
    table = Table(title=f"{report.environment} on an emulated AWS", title_justify="left")
    table.add_column("check")
    table.add_column("looked at", justify="right")
    table.add_column("result")
    for result in report.results:
        faults = "\n".join(result.faults) or "nothing to look at"
        table.add_row(result.question, str(result.seen), "[green]yes[/]" if result.passed else f"[red]no[/]: {faults}")
    console.print(table)
    total = sum(report.seconds.values())
    parts = ", ".join(f"{name} {short_duration(value)}" for name, value in report.seconds.items())
    console.print(f"time:       {short_duration(total)} ({parts})", highlight=False, soft_wrap=True)
