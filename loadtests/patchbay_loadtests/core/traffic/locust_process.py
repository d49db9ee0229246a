"""The verifier's end of the Locust process."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from patchbay_loadtests.core.access import Access
from patchbay_loadtests.core.errors import ProductFailureError, UnusableEnvironmentError
from patchbay_loadtests.core.flows import Order
from patchbay_loadtests.core.traffic.child import start
from patchbay_loadtests.core.traffic.protocol import (
    EVENTS,
    Accepted,
    Answered,
    OrderToPlace,
    Refused,
    Statistics,
    TrafficSettings,
)

ACCEPT_SECONDS = 60.0
STOP_SECONDS = 15.0


class LocustProcess:
    """Starts Locust, gives it orders and collects which runs the environment accepted."""

    def __init__(self, settings: TrafficSettings, log: Path, access: Access | None = None) -> None:
        self.runs: dict[str, str] = {}  # order id -> run id
        self.answers: list[Answered] = []
        self.statistics: Statistics | None = None
        self._settings = settings
        self._access = access or Access.from_environment()
        self._log_path = log
        self.refused: list[Refused] = []
        self._changed = asyncio.Condition()
        self._ended = False

    async def __aenter__(self) -> Self:
        self._log: IO[bytes] = self._log_path.open("wb")
        child = await start(
            "patchbay_loadtests.core.traffic.driver", self._settings, self._log, variables=self._access.variables()
        )
        self._process, self._orders = child.process, child.input
        self._reader = asyncio.create_task(self._read_events(child.output))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.finish()
        self._log.close()

    async def place(self, orders: Sequence[Order]) -> None:
        """Post the orders; returns when every one is accepted.

        ProductFailureError when the gateway answers and does not take one, or takes too long.
        """
        for order in orders:
            await self.post(order)
        waited_for = {order.id for order in orders}
        await self._until(lambda: waited_for <= self.runs.keys(), ACCEPT_SECONDS, "orders were not accepted")

    async def post(self, order: Order) -> None:
        """Post the order, without waiting for what becomes of it."""
        message = OrderToPlace(id=order.id, payload=order.payload())
        self._orders.write(message.model_dump_json().encode() + b"\n")
        try:
            await self._orders.drain()
        except ConnectionError as error:
            raise UnusableEnvironmentError(f"Locust ended early; see {self._log_path}") from error

    async def until_decided(self, orders: int) -> None:
        """Wait until this many orders are accepted or refused."""
        try:
            async with asyncio.timeout(ACCEPT_SECONDS), self._changed:
                await self._changed.wait_for(lambda: self._ended or len(self.runs) + len(self.refused) >= orders)
        except TimeoutError:
            raise UnusableEnvironmentError(f"orders were not answered within {ACCEPT_SECONDS:.0f} s") from None
        if len(self.runs) + len(self.refused) < orders:
            raise UnusableEnvironmentError(f"Locust ended early; see {self._log_path}")

    async def until_finished(self, seconds: float) -> None:
        """Wait for the end of a closed loop."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._reader)
        except TimeoutError:
            raise UnusableEnvironmentError(f"Locust did not end within {seconds:.0f} s; see {self._log_path}") from None

    async def finish(self) -> None:
        """End Locust; kill it when it does not."""
        self._orders.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader

    async def _until(self, holds: Callable[[], bool], seconds: float, failure: str) -> None:
        def decided() -> bool:
            return holds() or bool(self.refused) or self._ended

        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(decided)
        except TimeoutError:
            raise ProductFailureError(f"{failure} within {seconds:.0f} s") from None
        if self.refused:
            kind = ProductFailureError if self.refused[0].status else UnusableEnvironmentError
            raise kind(f"{failure}: {self.refused[0].reason}")
        if not holds():
            raise UnusableEnvironmentError(f"{failure}: Locust ended early; see {self._log_path}")

    async def _read_events(self, events: asyncio.StreamReader) -> None:
        async for line in events:
            event = EVENTS.validate_json(line)
            async with self._changed:
                match event:
                    case Accepted():
                        self.runs[event.order] = event.run
                    case Refused():
                        self.refused.append(event)
                    case Answered():
                        self.answers.append(event)
                    case Statistics():
                        self.statistics = event
                self._changed.notify_all()
        async with self._changed:
            self._ended = True
            self._changed.notify_all()
