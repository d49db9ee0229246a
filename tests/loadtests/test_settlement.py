"""Accepted runs are followed to their end, at a price that does not grow with their number."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.settlement import Patience, ending_of, follow

from tests.loadtests.faults.small_environment import SmallEnvironment, environment, now

QUICK = Patience(stall=0.5, longest=5, poll=0.05)
# For runs that do end: a machine that stands still for a moment is no reason to give them up.
PATIENT = Patience(stall=30, longest=60, poll=0.05)


@pytest.fixture
def small() -> Iterator[SmallEnvironment]:
    with environment() as server:
        yield server


@asynccontextmanager
async def gateway_of(small: SmallEnvironment) -> AsyncIterator[Gateway]:
    async with Gateway(small.url, "t") as gateway:
        yield gateway


def add(small: SmallEnvironment, number: int, status: str) -> str:
    run = f"{number:032x}"
    ended = now() if status != "running" else None
    small.runs[run] = {"run": run, "status": status, "created_at": now(), "finished_at": ended, "error": None}
    return run


async def test_many_runs_are_read_by_pages(small: SmallEnvironment) -> None:
    runs = [add(small, number, "completed") for number in range(1, 2501)]
    async with gateway_of(small) as gateway:
        settled = await follow(gateway, runs[:2400], QUICK)
    assert set(settled.endings) == set(runs[:2400])
    assert all(ending.is_final for ending in settled.endings.values())


async def test_runs_of_a_pod_whose_clock_was_ahead_hide_none_that_came_after_them(small: SmallEnvironment) -> None:
    """They are higher than all that are followed, and more than a page of them comes before those."""
    for number in range(1_000_001, 1_001_501):
        add(small, number, "completed")
    runs = [add(small, number, "completed") for number in range(500_001, 502_001)]
    async with gateway_of(small) as gateway:
        settled = await follow(gateway, runs, QUICK)
    assert set(settled.endings) == set(runs)


async def test_a_run_that_ends_late_has_ended(small: SmallEnvironment) -> None:
    run = add(small, 7, "running")
    async with gateway_of(small) as gateway:
        settling = asyncio.create_task(follow(gateway, [run], PATIENT))
        give_up = time.monotonic() + 30
        while small.listings == 0:
            assert time.monotonic() < give_up, "the run was not asked for"
            await asyncio.sleep(0.01)
        assert not settling.done()
        add(small, 7, "completed")
        settled = await settling
    assert settled.endings[run].is_final


async def test_a_run_that_failed_is_told_with_its_reason(small: SmallEnvironment) -> None:
    run = add(small, 7, "failed")
    small.runs[run]["error"] = {"code": "dead_lettered", "message": "its worker died"}
    async with gateway_of(small) as gateway:
        settled = await follow(gateway, [run], QUICK)
    assert (settled.endings[run].error_code, settled.endings[run].error_message) == ("dead_lettered", "its worker died")


async def test_runs_that_do_not_end_are_given_up_and_told_apart_from_those_that_nobody_knows(
    small: SmallEnvironment,
) -> None:
    stuck, done = add(small, 1, "running"), add(small, 2, "completed")
    async with gateway_of(small) as gateway:
        settled = await follow(gateway, [stuck, done, f"{3:032x}"], QUICK)
    assert set(settled.endings) == {stuck, done}
    assert not settled.endings[stuck].is_final
    assert any(stuck in note for note in settled.notes)


def test_a_runs_wait_is_the_time_from_accepted_to_ended() -> None:
    run = {
        "status": "failed",
        "created_at": "2026-01-02T03:04:05.250000Z",
        "finished_at": "2026-01-02T03:04:07.750000Z",
        "error": {"code": "dead_lettered", "message": "its worker died"},
    }
    ending = ending_of(run)
    assert ending.wait == 2.5
    assert (ending.is_final, ending.error_code, ending.error_message) == (True, "dead_lettered", "its worker died")
    assert ending_of({"status": "running", "created_at": run["created_at"], "finished_at": None}).wait is None
