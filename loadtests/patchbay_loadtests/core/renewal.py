"""Puts the end of something off, again and again, until it is over."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from patchbay_loadtests.core.errors import UnusableEnvironmentError

_RENEWED_SECONDS: Final = 20.0


class Renewal:
    """Calls `renew` every so many seconds. One that fails is made up for by the next."""

    def __init__(self, renew: Callable[[], Awaitable[None]], every_seconds: float) -> None:
        self._renew = renew
        self._every_seconds = every_seconds
        self._is_over = asyncio.Event()
        self._task = asyncio.create_task(self._go_on())

    async def end(self) -> None:
        """No renewal follows. One that is on its way is waited for: cancelled, it may be handled after the removal."""
        self._is_over.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_RENEWED_SECONDS):
                await self._task

    async def _go_on(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_seconds):
                    await self._is_over.wait()
                return
            # A server that is away for a while is asked again before the end.
            with suppress(UnusableEnvironmentError):
                await self._renew()
