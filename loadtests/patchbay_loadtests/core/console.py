"""What the terminal shows."""

import time

from rich.console import Console
from rich.table import Table

from patchbay_loadtests.core.messages import tell
from patchbay_loadtests.proof.latency import LEGS
from patchbay_loadtests.proof.result import Result
from patchbay_loadtests.proof.timeline import Sample, Step

# A step that does not move still says every so often that it is being watched.
QUIET_SECONDS = 5.0


class ProgressLines:
    """One line for each change that a step shows."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: tuple[object, ...] = ()
        self._shown_at = 0.0

    def __call__(self, step: Step, expected: int, sample: Sample, left: float) -> None:
        pods = sample.steered
        state = (step.change, sample.processes, pods.desired, pods.replicas, pods.ready)
        now = time.monotonic()
        if state == self._shown and now - self._shown_at < QUIET_SECONDS:
            return
        self._shown, self._shown_at = state, now
        idle = "" if sample.idle is None else f"idle shape {sample.idle.ready}   "
        self._console.print(
            f"{sample.at:6.1f} s  step {step.processes:>2} -> {expected} pods   "
            f"processes {sample.processes:>2}   desired {pods.desired}   ready {pods.ready}/{pods.replicas}   "
            f"{idle}at most {left:.0f} s left",
            highlight=False,
        )


def print_verdict(console: Console, result: Result) -> None:
    """The tables of steps, runs and latency, then the verdict."""
    steps = Table(title="Pods follow processes" if result.passed else "Pods do not follow processes")
    for heading in ("processes", "pods expected", "pods reached", "desired after", "ready after", "verdict"):
        steps.add_column(heading, justify="right")
    for step in result.steps:
        steps.add_row(
            str(step.processes),
            str(step.expected_pods),
            str(step.reached_pods),
            _seconds(step.desired_seconds),
            _seconds(step.ready_seconds),
            "[green]passed[/]" if step.passed else "[red]failed[/]",
        )
    console.print(steps)
    runs = result.runs
    console.print(
        f"runs: {runs.accepted} accepted, {runs.completed} completed exactly once, "
        f"{runs.lost} lost, {runs.duplicated} duplicated",
        highlight=False,
    )
    if result.latency is not None:
        _print_latency(console, result)
    for reason in result.reasons:
        tell(console, "x", reason)


def _print_latency(console: Console, result: Result) -> None:
    found = result.latency
    if found is None:
        return
    legs = Table(title=f"From process {result.threshold} to the second pod")
    for heading in ("part", "p50", "p95", "share"):
        legs.add_column(heading, justify="left" if heading == "part" else "right")
    for leg, meaning in LEGS.items():
        legs.add_row(
            f"{leg}: {meaning}",
            _seconds(found.legs_p50[leg]),
            _seconds(found.legs_p95[leg]),
            f"{found.shares[leg]:.0%}",
        )
    legs.add_section()
    for part, p50, p95 in (
        (
            f"order until second pod Ready, {found.n} of {len(found.scale_ups)} driven",
            found.order_to_ready_p50,
            found.order_to_ready_p95,
        ),
        ("metric shown until second pod Ready", found.metric_to_ready_p50, found.metric_to_ready_p95),
    ):
        legs.add_row(part, _seconds(p50), _seconds(p95), "")
    console.print(legs)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
