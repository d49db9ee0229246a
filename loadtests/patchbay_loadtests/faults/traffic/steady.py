"""The runner's end of the Locust process."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.traffic.child import start
from patchbay_loadtests.faults.traffic.protocol import ArrivalSettings, Placed

_MARGIN_SECONDS = 30.0


class SteadyTraffic:
    """Orders arrive from `async with` on until `finish`; `placed` grows by those that the gateway has answered."""

    def __init__(self, settings: ArrivalSettings, log: Path) -> None:
        self.placed: list[Placed] = []
        self._settings = settings
        self._log_path = log

    async def __aenter__(self) -> Self:
        self._log: IO[bytes] = self._log_path.open("ab")
        child = await start("patchbay_loadtests.faults.traffic.driver", self._settings, self._log)
        self._process, self._input = child.process, child.input
        self._reader = asyncio.create_task(self._read(child.output))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reader
        self._log.close()

    def ensure_alive(self) -> None:
        """UnusableEnvironmentError when Locust has ended by itself."""
        if self._process.returncode is not None:
            raise UnusableEnvironmentError(f"Locust ended early; see {self._log_path}")

    async def finish(self) -> None:
        """Let no more orders arrive and wait until those that have are placed or given up."""
        self.ensure_alive()
        self._input.close()
        try:
            async with asyncio.timeout(self._settings.finish_seconds + _MARGIN_SECONDS):
                await self._process.wait()
        except TimeoutError:
            raise UnusableEnvironmentError(f"Locust did not end; see {self._log_path}") from None
        await self._reader

    async def _read(self, lines: asyncio.StreamReader) -> None:
        async for line in lines:
            self.placed.append(Placed.model_validate_json(line))
