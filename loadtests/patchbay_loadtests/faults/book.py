"""What is known of the faults so far, and how the last one's result comes into it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from patchbay_loadtests.core.report.faults import write_faults
from patchbay_loadtests.core.report.publish import point_latest_to
from patchbay_loadtests.faults.alerts import AlertWatch
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.drill import Drilled, Say
from patchbay_loadtests.faults.judging.fault import judge_fault
from patchbay_loadtests.faults.judging.result import FaultResult, Result, judge, not_judged
from patchbay_loadtests.faults.judging.service import Second
from patchbay_loadtests.faults.options import Options
from patchbay_loadtests.faults.receiver import Receiver


@dataclass
class Book:
    """What is known so far, kept after each fault: the rest may be cut off. `planned`: every fault of the set."""

    directory: Path
    planned: Sequence[str]
    options: Options
    versions: dict[str, str]
    receiver: Receiver
    results: dict[str, FaultResult] = field(default_factory=dict)
    # Attempts at faults that are run again.
    attempts: list[FaultResult] = field(default_factory=list)
    timelines: dict[str, list[Second]] = field(default_factory=dict)
    # How often each order had been delivered when its fault was judged.
    judged: dict[str, int] = field(default_factory=dict)

    def result(self) -> Result:
        late = [
            order
            for order, delivery in self.receiver.deliveries().items()
            if delivery.received > max(1, self.judged.get(order, 0))
        ]
        return judge(
            tuple(self.results[name] for name in self.planned if name in self.results),
            earlier=tuple(self.attempts),
            missing=tuple(name for name in self.planned if name not in self.results),
            late_duplicates=tuple(sorted(late)),
            versions=self.versions,
            config={
                "host": self.options.host,
                "orders_per_second": self.options.orders_per_second,
                "runs": self.options.runs,
                "pace": asdict(self.options.pace),
                "planned": list(self.planned),
            },
        )

    def attempt(self, name: str) -> int:
        """Which one it is, counted from 1."""
        return 1 + sum(attempt.name == name for attempt in self.attempts)

    def not_judged(self, fault: type[Fault], reason: str) -> FaultResult:
        """The fault's result where nothing can be said of it."""
        return not_judged(
            fault.name,
            fault.question,
            fault.alert,
            reason,
            versions=self.versions,
            attempt=self.attempt(fault.name),
        )

    async def keep(self) -> Result:
        result = self.result()
        await asyncio.to_thread(write_faults, self.directory, result, self.timelines)
        point_latest_to(self.directory)
        return result


def summary(result: FaultResult) -> str:
    """One line."""
    runs = result.runs
    recovery = "-" if result.recovery_seconds is None else f"{result.recovery_seconds:.0f} s"
    line = (
        f"{'passed' if result.passed else 'FAILED'}: {runs.accepted} accepted, {runs.completed} completed once, "
        f"{runs.duplicated} duplicated, {runs.lost} lost, {runs.dead_lettered} dead-lettered; "
        f"back after {recovery}, longest wait {result.longest_wait_seconds or 0:.1f} s, "
        f"alert {'fired' if result.alert_fired else 'silent'}"
    )
    return "; ".join((line, *result.reasons))


def why(fault: Fault, error: Exception) -> str:
    return "; ".join([f"could not be judged: {type(error).__name__} {error}", *fault.findings])


class Concluding:
    """The fault that is over but for its alert: it is waited for while the next fault begins.

    That one waits by itself for the silence of every alert that it may fire, so that none is laid to the wrong fault.
    """

    def __init__(self, book: Book, alerts: AlertWatch, patience_seconds: float) -> None:
        self.accepted = 0
        self._book = book
        self._alerts = alerts
        self._patience_seconds = patience_seconds
        self._task: asyncio.Task[None] | None = None

    def begin(self, fault: Fault, drilled: Drilled | FaultResult, say: Say) -> None:
        """Judge and keep the fault as soon as its alert is silent."""
        self.accepted = drilled.accepted if isinstance(drilled, Drilled) else 0
        self._task = asyncio.create_task(self._conclude(fault, drilled, say))

    async def concluded(self) -> None:
        """Wait until the fault is judged and kept, if there is one."""
        if self._task:
            await self._task
            self._task = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A run that ends early leaves it unjudged."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _conclude(self, fault: Fault, drilled: Drilled | FaultResult, say: Say) -> None:
        book = self._book
        result = await self._judged(fault, drilled) if isinstance(drilled, Drilled) else drilled
        book.results[fault.name] = result
        self.accepted = 0
        say(summary(result))
        await book.keep()

    async def _judged(self, fault: Fault, drilled: Drilled) -> FaultResult:
        book = self._book
        try:
            record = await drilled.silenced(self._alerts, self._patience_seconds)
            record = replace(record, versions=book.versions, attempt=book.attempt(fault.name))
            result, book.timelines[fault.name] = judge_fault(record)
        except Exception as error:
            return book.not_judged(type(fault), why(fault, error))
        book.judged |= {order: delivery.received for order, delivery in record.deliveries.items()}
        return result
