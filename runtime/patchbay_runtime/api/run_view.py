"""A run as the API shows it."""

from typing import Any, Literal, NotRequired, cast

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from patchbay_runtime.api.answers import Moment, timestamp
from patchbay_runtime.flows.flow import Flow
from patchbay_runtime.steps.json_text import JsonText
from patchbay_runtime.storage import flow_repository, process_repository, run_repository
from patchbay_runtime.storage.payloads import decode
from patchbay_runtime.storage.run_repository import RunState, RunStatus

MOST_PROCESSES_SHOWN = 1000
# Characters of JSON: a run may hold a hundred thousand times a mebibyte.
LARGEST_OUTPUT = 2 * 2**20
LARGEST_PAGE = 4 * 2**20
_BESIDE_OUTPUT = 2**20


class Run(TypedDict):
    """What can be told of a run without looking at its processes."""

    run: str
    flow: str
    version: int
    status: RunStatus
    created_at: Moment
    finished_at: Moment | None


class RunList(TypedDict):
    """A page of runs."""

    runs: list[Run]


class Failure(TypedDict):
    """What a run failed of; `payload` is any JSON."""

    step: str
    shape: str
    process: str
    attempts: int
    code: str
    message: str
    payload: Any


class RunSummary(Run):
    """A run's end. `output_left_out`: there is more of it than can be told at once."""

    output: Any
    output_left_out: bool
    error: Failure | None


class AttemptError(TypedDict):
    """What a process failed of when it was last tried."""

    code: str
    message: str


class Process(TypedDict):
    """One process. `payload`: of one that failed; `output`: of one that ended a path, in a page of processes."""

    process: str
    parent: str | None
    step: str
    shape: str
    element: str
    status: Literal["waiting", "delayed", "running", "completed", "failed"]
    attempts: int
    error: AttemptError | None
    started_at: Moment | None
    finished_at: Moment | None
    payload: NotRequired[Any]
    output: NotRequired[Any]


class ProcessPage(TypedDict):
    """Processes, and whether there are more after them."""

    processes: list[Process]
    more_processes: bool


class RunDetails(RunSummary, ProcessPage):
    """A run with its first processes."""


def run_state(run: RunState) -> Run:
    """What can be told of a run without looking at its processes."""
    return {
        "run": run.id,
        "flow": run.flow,
        "version": run.version,
        "status": run.status,
        "created_at": timestamp(run.created_at),
        "finished_at": timestamp(run.finished_at),
    }


async def run_summary(connection: AsyncConnection, run: RunState) -> RunSummary:
    """State, output and error.

    The output is what the run's path ended with; of a flow with a split it is the list of what all paths ended with, in
    the order of the elements. Paths that were dropped give nothing. More than can be told at once is left out.
    """
    output, complete = await _output(connection, run) if run.status == "completed" else (None, True)
    return {
        **run_state(run),
        "output": output,
        "output_left_out": not complete,
        "error": await _error(connection, run.failed_process) if run.failed_process else None,
    }


async def run_details(connection: AsyncConnection, run: RunState) -> RunDetails:
    """The summary and the run's first processes."""
    page = await _page(connection, run.id, "", MOST_PROCESSES_SHOWN, _BESIDE_OUTPUT)
    for process in page["processes"]:
        process.pop("output", None)
    return {**await run_summary(connection, run), **page}


async def processes_page(connection: AsyncConnection, run: str, after: str, limit: int) -> ProcessPage:
    """The run's processes after `after`, at most `limit`, and whether there are more."""
    return await _page(connection, run, after, limit, LARGEST_PAGE)


async def _page(connection: AsyncConnection, run: str, after: str, limit: int, largest: int) -> ProcessPage:
    rows, more = await run_repository.processes_of(connection, run, after, limit, largest)
    return {"processes": [_process(row) for row in rows], "more_processes": more}


async def _output(connection: AsyncConnection, run: RunState) -> tuple[list[JsonText] | JsonText | None, bool]:
    """The output, and whether it is complete."""
    outputs = await run_repository.outputs_of(connection, run.id, LARGEST_OUTPUT)
    if outputs is None:
        return None, False
    stored = await flow_repository.get_version(connection, run.flow, run.version)
    if stored is None or not Flow(stored.document).splits:
        return outputs[0][1] if outputs else None, True
    outputs.sort(key=lambda output: [int(index) for index in output[0].split(".") if index])
    return [text for _, text in outputs], True


async def _error(connection: AsyncConnection, process_id: str) -> Failure | None:
    process = await process_repository.get(connection, process_id)
    if process is None:
        return None
    error: AttemptError = decode(process.error)
    return {
        "step": process.step,
        "shape": process.shape,
        "process": process.id,
        "attempts": process.attempts,
        **error,
        "payload": _text(process.payload),
    }


def _process(row: Row[Any]) -> Process:
    shown: Process = {
        "process": row.id,
        "parent": row.parent,
        "step": row.step,
        "shape": row.shape,
        "element": row.element,
        "status": row.status,
        "attempts": row.attempts,
        "error": cast(AttemptError | None, _text(row.error)),
        "started_at": timestamp(row.started_at),
        "finished_at": timestamp(row.finished_at),
    }
    if row.status == "failed":
        shown["payload"] = _text(row.payload)
    if row.leaf and row.output is not None:
        shown["output"] = _text(row.output)
    return shown


def _text(column: str | None) -> JsonText | None:
    return None if column is None else JsonText(column)
