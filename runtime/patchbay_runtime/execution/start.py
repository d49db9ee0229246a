"""Accepting a run: once it is in the database, it will be executed."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.execution.flow_cache import FlowCache
from patchbay_runtime.execution.limits import ProcessLimits
from patchbay_runtime.execution.room import Room
from patchbay_runtime.flows.flow import Flow
from patchbay_runtime.ids import new_id
from patchbay_runtime.queue import REDIS_AWAY, ProcessQueue
from patchbay_runtime.storage import flow_repository, process_repository, run_repository
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.process_repository import NewProcess
from patchbay_runtime.storage.run_repository import RunKey

KEY_DAYS: Final = 7
"""For which a key names its run. Senders of webhooks give up sooner: Stripe after 3 days, Shopify after 2."""

FindLatest = Callable[[AsyncConnection, str], Awaitable[int | None]]
"""A flow's latest version by its name; None if there is no such flow. The connection is in the tenant's schema."""

log = logging.getLogger(__name__)


async def _nothing(_connection: AsyncConnection) -> None:
    """Nothing is to be kept with the run."""


class UnknownFlowError(LookupError):
    """The tenant has no such flow."""


class KeyReusedError(Exception):
    """The idempotency key came with another payload before."""


class NoRoomError(Exception):
    """The tenant has as many open processes as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"the tenant has {most} open processes, the most that it may have")


@dataclass(frozen=True)
class Accepted:
    """A run, and whether this request started it or an earlier one with the same key."""

    run: str
    fresh: bool


class RunStarter:
    """Starts runs of registered flows. `flows`: those that were started last."""

    def __init__(self, database: Database, queue: ProcessQueue, limits: ProcessLimits) -> None:
        self._database = database
        self._queue = queue
        self._limits = limits
        self.flows = FlowCache()
        self._room = Room(database, limits.open)

    async def start(
        self,
        tenant: str,
        flow: str,
        payload: Callable[[], str],
        *,
        run: str,
        idempotency_key: str | None = None,
        find: FindLatest = flow_repository.latest_version,
        beside: Callable[[AsyncConnection], Awaitable[None]] = _nothing,
    ) -> Accepted:
        """Start a run, to be called `run`, of the flow's latest version with `payload` (JSON text).

        `find`: what its transaction does first; it may refuse by an error, before the payload is asked for.
        `beside`: what else it does.

        While Redis is away nothing is accepted. Should it go away between the check and the put, the run is accepted
        all the same, and the reconciler puts it.
        """
        key: RunKey | None = None
        has_room = False

        async def add(connection: AsyncConnection) -> NewProcess:
            nonlocal key, has_room
            version = await find(connection, flow)
            if version is None:
                raise UnknownFlowError(flow)
            await self._queue.ping()
            latest = await self.flows.get(connection, tenant, flow, version)
            text = payload()
            if idempotency_key is not None:
                key = RunKey(idempotency_key, sha256(text.encode()).hexdigest())
            has_room = has_room or await self._room.take(tenant, 1, connection)
            if not has_room:
                raise NoRoomError(self._limits.open)
            most = latest.extent.until_splits(latest.start)
            await run_repository.add_run(connection, run, flow, version, most_processes=most, key=key)
            process = _first(latest, version, run, text)
            await process_repository.add(connection, [process])
            await beside(connection)
            return process

        tries = 3
        while True:
            try:
                process = await self._database.transact(tenant, add)
                break
            except NoRoomError:
                if key is not None and (earlier := await self._earlier(tenant, flow, key)) is not None:
                    return Accepted(earlier, fresh=False)
                raise
            except IntegrityError:
                tries -= 1
                if key is None or not tries:
                    raise
                earlier = await self._earlier(tenant, flow, key)
                if earlier is not None:
                    return Accepted(earlier, fresh=False)
        try:
            await self._queue.put(process.shape, tenant, [process.id])
        except REDIS_AWAY:
            log.warning("an accepted run waits for Redis", extra={"tenant": tenant, "run": run})
        return Accepted(run, fresh=True)

    async def _earlier(self, tenant: str, flow: str, key: RunKey) -> str | None:
        """The run that the key names; None if it names none any more."""
        async with self._database.transaction(tenant) as connection:
            await run_repository.forget_key(connection, flow, key, KEY_DAYS)
            found = await run_repository.run_of_key(connection, flow, key)
        if found is None:
            return None
        run, same = found
        if not same:
            raise KeyReusedError
        return run


def _first(flow: Flow, version: int, run: str, payload: str) -> NewProcess:
    return NewProcess(
        id=new_id(), run=run, parent=None, flow=flow.name, version=version, step=flow.start,
        shape=flow.shape_of(flow.start), element="", payload=payload, variables="{}",
    )  # fmt: skip
