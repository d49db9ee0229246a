"""Follows accepted runs to their end."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from patchbay_loadtests.errors import UnusableEnvironmentError
from patchbay_loadtests.gateway import Gateway

from patchbay_faults.judging.runs import Ending

SETTLE_SECONDS = 180.0
POLL_SECONDS = 1.0
# The gateway lets through 200 requests a second to the API.
AT_ONCE = 6


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


async def settle(gateway: Gateway, runs: Collection[str]) -> dict[str, Ending]:
    """How every run ended, by run; those that have not after SETTLE_SECONDS are told as they are."""
    endings: dict[str, Ending] = {}
    clock = asyncio.get_running_loop()
    give_up = clock.time() + SETTLE_SECONDS
    open_runs = list(runs)
    while open_runs:
        await _ask(gateway, open_runs, endings)
        open_runs = [run for run in open_runs if run not in endings or not endings[run].is_final]
        if clock.time() > give_up:
            break
        if open_runs:
            await asyncio.sleep(POLL_SECONDS)
    return endings


async def _ask(gateway: Gateway, runs: list[str], endings: dict[str, Ending]) -> None:
    waiting = iter(runs)

    async def ask_in_turn() -> None:
        for run in waiting:
            try:
                endings[run] = ending_of(await gateway.run(run))
            except UnusableEnvironmentError:
                continue  # asked again, or told as not ended

    async with asyncio.TaskGroup() as asking:
        for _ in range(AT_ONCE):
            asking.create_task(ask_in_turn())


def _seconds(text: Any) -> float | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(str(text))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
