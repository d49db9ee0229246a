"""A load that does not pass by between two looks: its later orders wait until a look has found a second pod.

How long a look takes is up to the machine, so that no time of a short load would be enough.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Self
from unittest.mock import patch

from patchbay_loadtests.core.traffic.locust_process import AnOrder, LocustProcess
from patchbay_loadtests.profiles import drive
from patchbay_loadtests.profiles.recorder import LoadRecorder

from tests.loadtests.small_scaling import SLOTS

# Enough for a second pod.
FIRST_ORDERS = 12
SCALED_SECONDS = 60.0


class LatestRecorder(LoadRecorder):
    """Says whether a second pod was seen, with its slots."""

    latest: ClassVar["LatestRecorder"]

    async def __aenter__(self) -> Self:
        LatestRecorder.latest = self
        return await super().__aenter__()

    @property
    def has_scaled(self) -> bool:
        return any(sample.steered_ready > 1 for sample in self.samples) and any(
            sample.slots > SLOTS for sample in self.samples
        )


class WaitingLocust(LocustProcess):
    """Its orders keep the moments at which they were due."""

    async def post(self, order: AnOrder, due: float | None = None) -> None:
        if self._posted >= FIRST_ORDERS:
            async with asyncio.timeout(SCALED_SECONDS):
                while not LatestRecorder.latest.has_scaled:
                    LatestRecorder.latest.check()
                    await asyncio.sleep(0.05)
        await super().post(order, due)


@contextmanager
def until_scaled() -> Iterator[None]:
    """Every load that is driven within is such a one."""
    with patch.multiple(drive, LoadRecorder=LatestRecorder, LocustProcess=WaitingLocust):
        yield
