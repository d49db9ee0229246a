"""Background tasks end with their block, also those that lose a cancellation."""

import asyncio

import pytest
from patchbay_runtime.tasks import end, running


async def test_a_task_that_lost_its_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("patchbay_runtime.tasks._AGAIN_SECONDS", 0.01)
    lost = 0

    async def loses_two() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if lost == 2:
                    raise
                lost += 1

    task = asyncio.create_task(loses_two())
    await asyncio.sleep(0)
    await asyncio.wait_for(end(task), 5)
    assert task.cancelled()
    assert lost == 2


async def test_a_task_that_failed_by_itself_does_not_hinder_the_end_of_its_block() -> None:
    async def fails() -> None:
        raise ValueError("of its own")

    async with running(fails()):
        await asyncio.sleep(0)
