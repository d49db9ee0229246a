"""Accepting a run: once it is in the database, it will be executed."""

import logging
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.execution.flow_cache import FlowCache
from patchbay_runtime.ids import new_id
from patchbay_runtime.queue import REDIS_AWAY, ProcessQueue
from patchbay_runtime.storage import flow_repository, process_repository, run_repository
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.process_repository import NewProcess

log = logging.getLogger(__name__)


class UnknownFlowError(LookupError):
    """The tenant has no such flow."""


@dataclass(frozen=True)
class Accepted:
    """A run, and whether this request started it or an earlier one with the same key."""

    run: str
    fresh: bool


class RunStarter:
    """Starts runs of registered flows."""

    def __init__(self, database: Database, queue: ProcessQueue) -> None:
        self._database = database
        self._queue = queue
        self._flows = FlowCache()

    async def start(
        self, tenant: str, flow: str, payload: str, *, run: str, idempotency_key: str | None = None
    ) -> Accepted:
        """Start a run, to be called `run`, of the flow's latest version with `payload` (JSON text).

        While Redis is away nothing is accepted. Should it go away between the check and the put, the run is accepted
        all the same, and the reconciler puts it.
        """
        await self._queue.ping()

        async def add(connection: AsyncConnection) -> NewProcess:
            process = await self._first(connection, tenant, flow, run, payload)
            await run_repository.add_run(connection, run, flow, process.version, idempotency_key)
            await process_repository.add(connection, [process])
            return process

        try:
            process = await self._database.transact(tenant, add)
        except IntegrityError:
            if idempotency_key is None:
                raise
            async with self._database.transaction(tenant) as connection:
                earlier = await run_repository.run_of_key(connection, flow, idempotency_key)
            if earlier is None:
                raise
            return Accepted(earlier, fresh=False)
        try:
            await self._queue.put(process.shape, tenant, [process.id])
        except REDIS_AWAY:
            log.warning("an accepted run waits for Redis", extra={"tenant": tenant, "run": run})
        return Accepted(run, fresh=True)

    async def _first(self, connection: AsyncConnection, tenant: str, name: str, run: str, payload: str) -> NewProcess:
        """The run's first process, of the flow's latest version."""
        version = await flow_repository.latest_version(connection, name)
        if version is None:
            raise UnknownFlowError(name)
        flow = await self._flows.get(connection, tenant, name, version)
        return NewProcess(
            id=new_id(), run=run, parent=None, flow=name, version=version, step=flow.start,
            shape=flow.shape_of(flow.start), element="", payload=payload, variables="{}",
        )  # fmt: skip
