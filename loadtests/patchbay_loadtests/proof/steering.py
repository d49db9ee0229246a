"""Holds a shape at exactly N processes: orders go in, and the sink keeps their deliveries waiting."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from patchbay_loadtests.core.errors import ProductFailureError, UnusableEnvironmentError
from patchbay_loadtests.core.flows import Order, OrderBook
from patchbay_loadtests.core.sink.client import LEASE_SECONDS, SinkClient, SinkState
from patchbay_loadtests.core.traffic.locust_process import LocustProcess
from patchbay_loadtests.proof.plan import REFRESH_SECONDS
from patchbay_loadtests.proof.sampler import Sampler
from patchbay_loadtests.proof.timeline import refresh_batch

SETTLE_SECONDS = 20.0


class Steering:
    """Keeps the gate shut while it is in use, and knows every order that it placed."""

    def __init__(self, sink: SinkClient, traffic: LocustProcess, sampler: Sampler, book: OrderBook) -> None:
        self.orders: list[Order] = []
        self.processes = 0
        self._sink = sink
        self._traffic = traffic
        self._sampler = sampler
        self._book = book
        self._instance: str | None = None
        # Opening must not be overtaken by a renewal that is under way.
        self._gate = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._close_gate()
        self._keeper = asyncio.create_task(self._keep_gate())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError, UnusableEnvironmentError):
            await self._keeper
        with contextlib.suppress(UnusableEnvironmentError):
            await self._sink.open_gate()

    async def drive_to(self, processes: int) -> None:
        """Bring the shape to this many processes: more than there are, or none."""
        if processes == 0:
            async with self._gate:
                self.processes = 0
                self._known(await self._sink.open_gate())
            return
        if processes < self.processes:
            raise ValueError(f"from {self.processes} processes the load goes up or to 0, not to {processes}")
        if self.processes == 0:
            async with self._gate:
                await self._close_gate()
        await self._place(processes - self.processes)
        self.processes = processes

    async def refresh(self, older_than: float = REFRESH_SECONDS) -> tuple[float, float] | None:
        """Replace deliveries that have been held too long, some at a time; returns when that began and ended.

        Those that leave are gone from Horizon's count before others are placed: the load never exceeds N.
        """
        if self._keeper.done():
            self._keeper.result()
        state = self._known(await self._sink.state())
        aged = sum(held > older_than for held in state.held_seconds)
        if not aged or not self.processes:
            return None
        began = self._sampler.now()
        while aged > 0:
            batch = min(aged, refresh_batch(self.processes))
            await self._sink.release(batch)
            await self._until_counted(self.processes - batch)
            await self._place(batch)
            await self._until_counted(self.processes)
            aged -= batch
        return began, self._sampler.now()

    async def _place(self, parcels: int) -> None:
        orders = list(self._book.orders_for(parcels))
        self.orders += orders
        await self._traffic.place(orders)

    async def _until_counted(self, processes: int) -> None:
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                while (await self._sampler.next_sample()).processes != processes:
                    pass
        except TimeoutError:
            raise ProductFailureError(
                f"while deliveries were replaced, Horizon did not come to {processes} processes within "
                f"{SETTLE_SECONDS:.0f} s, but stayed at {self._sampler.samples[-1].processes}"
            ) from None

    async def _close_gate(self) -> None:
        self._known(await self._sink.close_gate())

    async def _keep_gate(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 4)
            async with self._gate:
                if self.processes:
                    await self._close_gate()

    def _known(self, state: SinkState) -> SinkState:
        if self._instance not in {None, state.instance}:
            raise UnusableEnvironmentError("the sink restarted and forgot what it had received")
        self._instance = state.instance
        return state
