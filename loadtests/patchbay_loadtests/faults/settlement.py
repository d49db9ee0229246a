"""Follows accepted runs to their end."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.faults.judging.runs import Ending

# A machine that is behind catches up: what counts is whether runs still end.
STALL_SECONDS = 150.0
LONGEST_SECONDS = 900.0
POLL_SECONDS = 2.0
REQUEST_SECONDS = 30.0
PAGE = 1000
_EXAMPLES = 3


@dataclass
class Settled:
    """How every run ended, by run; those that have not are told as they are, those that nobody knows not at all."""

    endings: dict[str, Ending] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


async def settle(gateway: Gateway, runs: Collection[str]) -> Settled:
    """Follow the runs until each has ended, or none has for STALL_SECONDS."""
    settled = Settled()
    clock = asyncio.get_running_loop()
    began = moved = clock.time()
    open_runs = set(runs)
    async with httpx2.AsyncClient(base_url=gateway.host, timeout=REQUEST_SECONDS, trust_env=False) as http:
        while open_runs:
            trouble = None
            try:
                async for listed in _listed(http, gateway.tenant, min(open_runs), max(open_runs)):
                    if (run := str(listed["run"])) in open_runs:
                        settled.endings[run] = ending_of(listed)
            except (httpx2.HTTPError, UnusableEnvironmentError) as error:
                trouble = f"{type(error).__name__} {error}"
            ended = {run for run, ending in settled.endings.items() if ending.is_final}
            left = open_runs - ended
            if len(left) < len(open_runs):
                moved = clock.time()
            open_runs = left
            if clock.time() - moved > STALL_SECONDS or clock.time() - began > LONGEST_SECONDS:
                if trouble:
                    settled.notes.append(f"the runs could not be read in the end: {trouble}")
                break
            if open_runs:
                await asyncio.sleep(POLL_SECONDS)
    failed = [run for run, ending in settled.endings.items() if ending.status == "failed"]
    for run in failed:
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


async def _listed(http: httpx2.AsyncClient, tenant: str, first: str, last: str) -> AsyncIterator[dict[str, Any]]:
    """The tenant's runs from `first` to `last`, a thousand at a time: asking for each would be a load of its own."""
    after = f"{int(first, 16) - 1:032x}"
    while after < last:
        answer = await http.get(f"/api/tenants/{tenant}/runs", params={"after": after, "limit": PAGE})
        if not answer.is_success:
            raise UnusableEnvironmentError(f"list of runs: {answer.status_code} {answer.text.strip()[:200]}")
        page = answer.json()["runs"]
        for run in page:
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
