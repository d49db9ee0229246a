"""The API and workers in the test's own event loop, for tests that look into them or change what they wait for."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import httpx
from patchbay_runtime.api.app import create_app
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.execution.open import open_executor
from patchbay_runtime.execution.reconciler import SweepPace
from patchbay_runtime.queue import Pace, ProcessQueue, run_worker
from patchbay_runtime.reach.look_ups import LookUps
from patchbay_runtime.settings import Settings
from starlette.types import Receive, Scope, Send

from tests.runtime.conftest import AUTHORIZED

PACE = Pace(lease=3, renew=0.5, reclaim=0.2)
SWEEPS = SweepPace(every=0.5, overdue=2)


@asynccontextmanager
async def api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator's client of an API that serves as long as the block lasts."""
    app = create_app(settings, SWEEPS)
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = httpx.ASGITransport(with_state, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://api", headers=AUTHORIZED, timeout=60)
        async with client:
            yield client


@asynccontextmanager
async def workers(settings: Settings, shapes: Iterable[str], look_ups: LookUps | None = None) -> AsyncIterator[None]:
    """A worker of each shape; they finish what they run when the block ends."""
    stop = asyncio.Event()
    queue = ProcessQueue.connect(settings.redis_host, settings.redis_port, None, CATALOG)
    async with open_executor(settings, queue, look_ups) as executor:
        running = [
            asyncio.create_task(
                run_worker(
                    queue, shape, 8, handler=executor.handle, on_dead_letter=executor.give_up, stop=stop, pace=PACE
                )
            )
            for shape in shapes
        ]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*running)
    await queue.close()
