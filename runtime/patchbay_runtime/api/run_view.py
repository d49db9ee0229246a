"""A run as the API shows it."""

from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.api.flows import timestamp
from patchbay_runtime.flows.flow import Flow
from patchbay_runtime.steps.json_text import JsonText
from patchbay_runtime.storage import flow_repository, process_repository, run_repository
from patchbay_runtime.storage.payloads import decode
from patchbay_runtime.storage.run_repository import RunState

MOST_PROCESSES_SHOWN = 1000
# Characters of JSON: a run may hold a hundred thousand times a mebibyte.
LARGEST_OUTPUT = 2 * 2**20
LARGEST_PAGE = 4 * 2**20
_BESIDE_OUTPUT = 2**20


def run_state(run: RunState) -> dict[str, Any]:
    """What can be told of a run without looking at its processes."""
    return {
        "run": run.id,
        "flow": run.flow,
        "version": run.version,
        "status": run.status,
        "created_at": timestamp(run.created_at),
        "finished_at": timestamp(run.finished_at),
    }


async def run_summary(connection: AsyncConnection, run: RunState) -> dict[str, Any]:
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


async def run_details(connection: AsyncConnection, run: RunState) -> dict[str, Any]:
    """The summary and the run's first processes."""
    page = await _page(connection, run.id, "", MOST_PROCESSES_SHOWN, _BESIDE_OUTPUT)
    for process in page["processes"]:
        process.pop("output", None)
    return {**await run_summary(connection, run), **page}


async def processes_page(connection: AsyncConnection, run: str, after: str, limit: int) -> dict[str, Any]:
    """The run's processes after `after`, at most `limit`, and whether there are more."""
    return await _page(connection, run, after, limit, LARGEST_PAGE)


async def _page(connection: AsyncConnection, run: str, after: str, limit: int, largest: int) -> dict[str, Any]:
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


async def _error(connection: AsyncConnection, process_id: str) -> dict[str, Any] | None:
    process = await process_repository.get(connection, process_id)
    if process is None:
        return None
    return {
        "step": process.step,
        "shape": process.shape,
        "process": process.id,
        "attempts": process.attempts,
        **decode(process.error),
        "payload": _text(process.payload),
    }


def _process(row: Row[Any]) -> dict[str, Any]:
    shown = {
        "process": row.id,
        "parent": row.parent,
        "step": row.step,
        "shape": row.shape,
        "element": row.element,
        "status": row.status,
        "attempts": row.attempts,
        "error": _text(row.error),
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
