"""The routes of Horizon's API."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from patchbay_runtime.catalog import Shape
from patchbay_runtime.horizon.masters import Master, masters
from patchbay_runtime.horizon.snapshot_cache import SnapshotCache
from patchbay_runtime.horizon.stats import Stats, stats
from patchbay_runtime.horizon.workload import ShapeWorkload, workload
from patchbay_runtime.queue import ProcessQueue, Snapshot


def horizon_router(queue_of: Callable[..., Awaitable[ProcessQueue]], catalog: Mapping[str, Shape]) -> APIRouter:
    """Routes below `/horizon/api`; `queue_of` is the dependency that gives the queue.

    While Redis is away they raise `REDIS_AWAY`: an answer from before would read as load that is not there.
    """
    router = APIRouter(prefix="/horizon/api", tags=["horizon"])
    cache = SnapshotCache()

    async def snapshot_of(queue: Annotated[ProcessQueue, Depends(queue_of)]) -> Snapshot:
        return await cache.get(queue)

    @router.get("/workload", response_model=list[ShapeWorkload])
    async def get_workload(snapshot: Annotated[Snapshot, Depends(snapshot_of)]) -> JSONResponse:
        """Waiting, reserved and delayed processes of every shape."""
        return JSONResponse(workload(snapshot))

    @router.get("/stats", response_model=Stats)
    async def get_stats(snapshot: Annotated[Snapshot, Depends(snapshot_of)]) -> JSONResponse:
        """Figures over all shapes."""
        return JSONResponse(stats(snapshot))

    @router.get("/masters", response_model=dict[str, Master] | list[Master])
    async def get_masters(snapshot: Annotated[Snapshot, Depends(snapshot_of)]) -> JSONResponse:
        """The live workers."""
        return JSONResponse(masters(snapshot, catalog))

    return router
