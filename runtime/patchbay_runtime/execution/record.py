"""Recording the outcome of an execution: the process, its children and its run, in the caller's transaction.

Locks are always taken in the same order, the process before its run, and the run's row last and for as short as can be:
many processes of one run end at the same time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.execution.limits import ProcessLimits
from patchbay_runtime.flows.flow import Flow, Step
from patchbay_runtime.ids import new_ids
from patchbay_runtime.queue import Outcome
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.outcome import Output, Postponed
from patchbay_runtime.storage import process_repository, run_repository
from patchbay_runtime.storage.payloads import LARGEST_VARIABLES_BYTES, encode
from patchbay_runtime.storage.process_repository import NewProcess, StoredProcess

LONGEST_ELEMENT = 120
LARGEST_SPLIT = 16 * 2**20
"""Characters of the payloads and variables that one step adds; more might never be written within a transaction."""

Verdict = Output | Postponed | StepFault


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What is left to do once the transaction is committed."""

    # Processes to put into the queues, by shape.
    puts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    delay_seconds: float = 0
    ended_run: str | None = None
    outcome: Outcome = "done"

    @classmethod
    def again(cls, process: StoredProcess, seconds: float) -> "FollowUp":
        """The same process comes again later."""
        return cls({process.shape: [process.id]}, seconds, outcome="retried")


async def record(
    connection: AsyncConnection,
    process: StoredProcess,
    flow: Flow,
    step: Step,
    verdict: Verdict,
    *,
    limits: ProcessLimits,
) -> FollowUp:
    """Record an execution's outcome. A process that was finished meanwhile stays as it is.

    Raises StepFault for children beyond a limit: the transaction is to be rolled back, and the fault to be recorded.
    """
    if isinstance(verdict, Postponed):
        changed = await process_repository.postpone(connection, process.id, verdict.seconds)
        return FollowUp.again(process, verdict.seconds) if changed else FollowUp()
    if isinstance(verdict, Output):
        try:
            children = _children(process, flow, verdict)
            output = None if verdict.dropped or children else encode(verdict.payload)
        except ValueError as error:
            verdict = StepFault("invalid_output", f"the step's output cannot be kept: {error}")
        else:
            made = len(children) * flow.extent.until_splits(children[0].step) if step.splits and children else 0
            return await _complete(connection, process, children, output, made=made, limits=limits)
    return await _fault(connection, process, step, verdict)


async def fail_dead_letter(connection: AsyncConnection, process_id: str, reason: str) -> FollowUp:
    """Fail a process that was given up by the queue, and its run."""
    process = await process_repository.lock(connection, process_id)
    if process is None or not process.is_open:
        return FollowUp()
    return await _fail(connection, process, {"code": "dead_lettered", "message": reason})


async def _complete(
    connection: AsyncConnection,
    process: StoredProcess,
    children: list[NewProcess],
    output: str | None,
    *,
    made: int,
    limits: ProcessLimits,
) -> FollowUp:
    """`made`: what a split adds to the most that may come of the run."""
    if not await process_repository.complete(connection, process.id, leaf=not children, output=output):
        return FollowUp()
    if not children:
        ended = await run_repository.close_one(connection, process.run)
        return FollowUp(ended_run=process.run if ended else None)
    await process_repository.add(connection, children)
    if made and not await run_repository.open_more(
        connection, process.run, len(children) - 1, made=made, most=limits.run
    ):
        raise limits.run_exceeded()
    return FollowUp({children[0].shape: [child.id for child in children]})


async def _fault(connection: AsyncConnection, process: StoredProcess, step: Step, fault: StepFault) -> FollowUp:
    attempt = process.attempts + 1
    error = {"code": fault.code, "message": fault.message}
    if not fault.retryable or attempt > step.policy.retries:
        return await _fail(connection, process, error)
    seconds = step.policy.wait_seconds(attempt, fault.retry_after)
    changed = await process_repository.retry_later(connection, process.id, error, seconds)
    return FollowUp.again(process, seconds) if changed else FollowUp()


async def _fail(connection: AsyncConnection, process: StoredProcess, error: dict[str, Any]) -> FollowUp:
    if not await process_repository.fail(connection, process.id, error):
        return FollowUp()
    await run_repository.fail(connection, process.run, process.id)
    return FollowUp(ended_run=process.run, outcome="failed")


def _children(process: StoredProcess, flow: Flow, output: Output) -> list[NewProcess]:
    """The processes that follow; all at one step, so of one shape."""
    if not output.children:
        return []
    if output.variables is None:
        variables = process.variables or "{}"
    else:
        variables = encode(output.variables, LARGEST_VARIABLES_BYTES)
    children = []
    size = LARGEST_SPLIT
    for identifier, child in zip(new_ids(len(output.children)), output.children, strict=True):
        element = process.element
        if child.element is not None:
            element = f"{element}.{child.element}" if element else str(child.element)
            if len(element) > LONGEST_ELEMENT:
                raise ValueError("splits are nested too deeply")
        size -= len(variables) + len(child.payload.text)
        if size < 0:
            raise ValueError(
                f"with the path's variables for each of its elements it exceeds {LARGEST_SPLIT} characters"
            )
        children.append(
            NewProcess(
                identifier, process.run, process.id, process.flow, process.version, child.step,
                flow.shape_of(child.step), element, encode(child.payload), variables,
            )
        )  # fmt: skip
    return children
