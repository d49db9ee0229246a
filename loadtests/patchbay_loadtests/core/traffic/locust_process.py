"""The verifier's end of the Locust process."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

from patchbay_loadtests.core.access import Access
from patchbay_loadtests.core.errors import ProductFailureError, UnusableEnvironmentError
from patchbay_loadtests.core.traffic.protocol import (
    EVENTS,
    NO_ANSWER,
    Answered,
    OrderToPlace,
    Placed,
    Ready,
    Statistics,
    TrafficSettings,
)

START_SECONDS = 60.0
ACCEPT_SECONDS = 60.0
STOP_SECONDS = 15.0


class AnOrder(Protocol):
    """What can be posted: an id, which is its idempotency key too, and the webhook's body."""

    @property
    def id(self) -> str: ...

    def payload(self) -> dict[str, Any]: ...


class LocustProcess:
    """Starts Locust, gives it orders and collects what became of each at the gateway.

    `access`: what orders show to the flow's webhook, as `Gateway.sender` has it.
    """

    def __init__(self, settings: TrafficSettings, log: Path, access: Access | None = None) -> None:
        self.placed: list[Placed] = []
        self.answers: list[Answered] = []
        self.statistics: Statistics | None = None
        self._settings = settings
        self._access = access or Access.from_environment().of_orders(None)
        self._log_path = log
        self._posted = 0
        self._runs: dict[str, str] = {}
        self._refused: list[Placed] = []
        self._changed = asyncio.Condition()
        self._ready = False
        self._ended = False

    @property
    def runs(self) -> dict[str, str]:
        """Order id -> run id of those that were accepted."""
        return self._runs

    @property
    def refused(self) -> list[Placed]:
        """The orders that were given up."""
        return self._refused

    async def __aenter__(self) -> Self:
        self._log: IO[bytes] = self._log_path.open("ab")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "patchbay_loadtests.core.traffic.driver",
            self._settings.model_dump_json(),
            stdin=PIPE,
            stdout=PIPE,
            stderr=self._log,
            # A secret is not seen by others here, as it would be among the arguments.
            env=self._access.environment(),
            # Ctrl-C reaches the verifier alone, which then ends Locust in good order.
            start_new_session=True,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the pipes that were asked for are missing")
        self._orders = self._process.stdin
        self._reader = asyncio.create_task(self._read_events(self._process.stdout))
        try:
            async with asyncio.timeout(START_SECONDS), self._changed:
                await self._changed.wait_for(lambda: self._ready or self._ended)
        except TimeoutError:
            self._process.kill()
        if not self._ready:
            raise self._ended_early()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self.finish()
        finally:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
            await self._reader
            self._log.close()

    async def place(self, orders: Sequence[AnOrder]) -> None:
        """Post the orders; returns when every one is accepted.

        ProductFailureError when the gateway answers and does not take one, or takes too long.
        """
        for order in orders:
            await self.post(order)
        waited_for = {order.id for order in orders}
        try:
            async with asyncio.timeout(ACCEPT_SECONDS), self._changed:
                await self._changed.wait_for(
                    lambda: waited_for <= self.runs.keys() or bool(self.refused) or self._ended
                )
        except TimeoutError:
            raise ProductFailureError(f"orders were not accepted within {ACCEPT_SECONDS:.0f} s") from None
        if self.refused:
            failures = self.refused[0].failures
            is_answered = bool(failures) and failures[-1].kind != NO_ANSWER
            raise (ProductFailureError if is_answered else UnusableEnvironmentError)(
                f"orders were not accepted: {self.refused[0].reason}"
            )
        if not waited_for <= self.runs.keys():
            raise self._ended_early()

    async def post(self, order: AnOrder, due: float | None = None) -> None:
        """Post the order, which is due now or was at `due` (Unix seconds), and do not wait for what becomes of it."""
        message = OrderToPlace(id=order.id, payload=order.payload(), due=time.time() if due is None else due)
        self._posted += 1
        self._orders.write(message.model_dump_json().encode() + b"\n")
        try:
            await self._orders.drain()
        except ConnectionError as error:
            raise self._ended_early() from error

    async def send(self, coming: Iterable[tuple[float, AnOrder]]) -> None:
        """Post each order at its moment, whatever becomes of those before it: what is posted late keeps its moment."""
        for due, order in coming:
            await asyncio.sleep(max(0.0, due - time.time()))
            await self.post(order, due)

    def ensure_alive(self) -> None:
        """UnusableEnvironmentError when Locust has ended by itself."""
        if self._process.returncode is not None:
            raise self._ended_early()

    async def until_finished(self, seconds: float) -> None:
        """Wait for the end of a closed loop."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._reader)
        except TimeoutError:
            raise UnusableEnvironmentError(f"Locust did not end within {seconds:.0f} s; see {self._log_path}") from None

    async def finish(self) -> None:
        """Let no more orders come, wait for those that are open as long as the settings say, and end Locust."""
        self._orders.close()
        try:
            async with asyncio.timeout(self._settings.finish_seconds + STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader
        if len(self.placed) < self._posted:
            raise self._ended_early()

    def _ended_early(self) -> UnusableEnvironmentError:
        return UnusableEnvironmentError(f"Locust ended early; see {self._log_path}")

    async def _read_events(self, events: asyncio.StreamReader) -> None:
        async for line in events:
            event = EVENTS.validate_json(line)
            async with self._changed:
                match event:
                    case Ready():
                        self._ready = True
                    case Placed(run=None):
                        self.placed.append(event)
                        self._refused.append(event)
                    case Placed(run=str(run)):
                        self.placed.append(event)
                        self._runs[event.order] = run
                    case Answered():
                        self.answers.append(event)
                    case Statistics():
                        self.statistics = event
                self._changed.notify_all()
        async with self._changed:
            self._ended = True
            self._changed.notify_all()
