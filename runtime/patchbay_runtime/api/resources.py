"""What the routes work with, made once per replica."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from patchbay_runtime.api.run_waiters import RunWaiters
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.evaluation.evaluators import Evaluators
from patchbay_runtime.execution.limits import ProcessLimits
from patchbay_runtime.execution.reconciler import USUAL_SWEEPS, Reconciler, SweepPace
from patchbay_runtime.execution.start import RunStarter
from patchbay_runtime.open_id.keys import Asker, Keys
from patchbay_runtime.open_id.tokens import Tokens
from patchbay_runtime.queue import ProcessQueue
from patchbay_runtime.reach.rule import Reach
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.engine import create_engine
from patchbay_runtime.tasks import running
from patchbay_runtime.webhooks.key_check import KeyCheck
from patchbay_runtime.webhooks.sealing import Sealer
from patchbay_runtime.webhooks.webhooks import Webhooks

POOL_SIZE = 8
# Less than the gateway's own limit, so that the caller gets our 503 and not the gateway's.
DATABASE_TIMEOUT_SECONDS = 5.0
# Less than that: a connection that is given up is taken for a server that is silent.
STATEMENT_SECONDS = 4.0


@dataclass(frozen=True)
class Resources:
    """Connections and services of one replica. `reach`: what flows may call. `evaluators` read their expressions.

    `webhooks`: who may start their runs from outside. `key_check`: of the key that their secrets are sealed by.
    `tokens`: of people.
    """

    settings: Settings
    database: Database
    queue: ProcessQueue
    waiters: RunWaiters
    starter: RunStarter
    reconciler: Reconciler
    reach: Reach
    evaluators: Evaluators
    webhooks: Webhooks
    key_check: KeyCheck
    tokens: Tokens


@asynccontextmanager
async def open_resources(
    settings: Settings, sealer: Sealer, sweeps: SweepPace = USUAL_SWEEPS
) -> AsyncIterator[Resources]:
    """Connect lazily, run the background tasks, and close all in the end."""
    engine = create_engine(settings, pool_size=POOL_SIZE, pre_ping=True, statement_seconds=STATEMENT_SECONDS)
    database = Database(engine, DATABASE_TIMEOUT_SECONDS)
    queue = ProcessQueue.open(settings, CATALOG)
    waiters = RunWaiters(queue.redis, database)
    reconciler = Reconciler(database, queue, sweeps)
    asker = Asker()
    # Flows are seldom registered, and replicas have little memory.
    evaluators = Evaluators(at_once=1, most_idle=0, most_waiting=4)
    try:
        async with running(waiters.listen_forever()), running(reconciler.run_forever()):
            starter = RunStarter(database, queue, ProcessLimits.of(settings))
            webhooks = Webhooks(starter.flows, sealer)
            reach = Reach.of(settings)
            yield Resources(
                settings,
                database,
                queue,
                waiters,
                starter,
                reconciler,
                reach,
                evaluators,
                webhooks,
                KeyCheck(sealer),
                Tokens(settings.openid_issuers, lambda issuer: Keys(issuer, asker.client)),
            )
    finally:
        await asker.close()
        await evaluators.close()
        await queue.close()
        await database.close()


async def _resources(request: Request) -> Resources:
    return cast(Resources, request.state.resources)


ResourcesOf = Annotated[Resources, Depends(_resources)]


async def queue_of(resources: ResourcesOf) -> ProcessQueue:
    """The queue alone, for routes that need nothing else."""
    return resources.queue
