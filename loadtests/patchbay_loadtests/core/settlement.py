"""Follows accepted runs to their end."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.flows import Order
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.ledger import Ending, RunsVerdict, judge_runs
from patchbay_loadtests.core.sink.client import SinkClient

PAGE = 1000
_EXAMPLES = 3


@dataclass(frozen=True)
class Patience:
    """Seconds. Runs are given up when none of them has ended for `stall`, or after `longest`."""

    stall: float = 60
    longest: float = 900
    poll: float = 1


@dataclass
class Settled:
    """How every run ended, by run; those that have not are told as they are, those that nobody knows not at all."""

    endings: dict[str, Ending] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


async def settle(
    gateway: Gateway,
    sink: SinkClient,
    orders: Sequence[Order],
    runs: Mapping[str, str],
    patience: Patience = Patience(),
) -> RunsVerdict:
    """Follow every accepted run (by order) to its end and compare it with what the sink received."""
    settled = await follow(gateway, runs.values(), patience)
    _, deliveries = await sink.deliveries()
    return judge_runs({order.id: order.parcel_keys for order in orders}, runs, settled.endings, deliveries)


async def follow(gateway: Gateway, runs: Collection[str], patience: Patience) -> Settled:
    """Follow the runs until each has ended, or the patience has."""
    settled = Settled()
    clock = asyncio.get_running_loop()
    began = moved = clock.time()
    open_runs = set(runs)
    while open_runs:
        trouble = None
        try:
            async for listed in _listed(gateway, open_runs):
                settled.endings[str(listed["run"])] = ending_of(listed)
        except UnusableEnvironmentError as error:
            trouble = str(error)
        left = {run for run in open_runs if run not in settled.endings or not settled.endings[run].is_final}
        if len(left) < len(open_runs):
            moved = clock.time()
        open_runs = left
        if clock.time() - moved > patience.stall or clock.time() - began > patience.longest:
            if trouble:
                settled.notes.append(f"the runs could not be read in the end: {trouble}")
            break
        if open_runs:
            await asyncio.sleep(patience.poll)
    for run, ending in list(settled.endings.items()):
        if ending.status == "failed":
            try:
                settled.endings[run] = ending_of(await gateway.run(run))
            except UnusableEnvironmentError as error:
                settled.notes.append(str(error))
    for run in sorted(open_runs)[:_EXAMPLES]:
        settled.notes.append(await _whereabouts(gateway, run))
    return settled


def ending_of(run: Mapping[str, Any]) -> Ending:
    """A run of the API as it is judged."""
    error = run.get("error") or {}
    return Ending(
        status=str(run["status"]),
        created=_seconds(run["created_at"]) or 0.0,
        finished=_seconds(run.get("finished_at")),
        error_code=error.get("code"),
        error_message=error.get("message"),
    )


async def _listed(gateway: Gateway, runs: Collection[str]) -> AsyncIterator[dict[str, Any]]:
    """Those of the runs that are in the tenant's list, a thousand at a time.

    The list begins before the first of them, but its order is not that of their identifiers: a pod whose clock was
    ahead has made others that are higher than all of these and come before them. To ask for each run would be a load of
    its own.
    """
    missing = set(runs)
    after = f"{int(min(missing), 16) - 1:032x}"
    while missing:
        page = await gateway.runs(after, PAGE)
        for run in page:
            if run["run"] in missing:
                missing.remove(run["run"])
                yield run
        if len(page) < PAGE:
            return
        after = str(page[-1]["run"])


async def _whereabouts(gateway: Gateway, run: str) -> str:
    """Where a run that has not ended is, for people."""
    try:
        found = await gateway.run(run)
    except UnusableEnvironmentError as error:
        return f"run {run}: {error}"
    steps = [
        f"{process['step']} {process['status']} since {process['started_at']}, {process['attempts']} failed attempts"
        for process in found.get("processes", [])
    ]
    return f"run {run} of {found['created_at']}: {'; '.join(steps) or found['status']}"


def _seconds(text: Any) -> float | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(str(text))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
