"""The handler of deliveries: a process's way through load, execution and record.

A short step takes one transaction, from the lock on its row to the commit of its result. A long step (it waits for the
outside world, or for the evaluation of its expressions) takes two, so that none is open while it waits. What a
transaction has decided is carried out on the queue after its commit; if that fails, the process is delivered again and
it is done then.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.evaluation.evaluators import Evaluators
from patchbay_runtime.execution.flow_cache import FlowCache
from patchbay_runtime.execution.limits import ProcessLimits
from patchbay_runtime.execution.record import FollowUp, Verdict, fail_dead_letter, record
from patchbay_runtime.execution.room import Room
from patchbay_runtime.execution.run_events import publish_run_ended
from patchbay_runtime.execution.step import execute_step
from patchbay_runtime.flows.flow import Flow, Step
from patchbay_runtime.queue import REDIS_AWAY, Delivery, Outcome, ProcessQueue, UnavailableError
from patchbay_runtime.reach.destinations import Destinations
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.implementation import implementation
from patchbay_runtime.steps.outcome import Output
from patchbay_runtime.storage import process_repository
from patchbay_runtime.storage.database import Database, is_contention, is_older_schema, may_pass, outage
from patchbay_runtime.storage.process_repository import StoredProcess

LONGEST_PAUSE_SECONDS = 2.0
OLDER_SCHEMA_SECONDS = 5.0
# A delivery this little before its time is not sent back: clocks and timers are no finer.
EARLY_SECONDS = 0.05

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Executor:
    """Handles the deliveries of any shape."""

    def __init__(
        self,
        database: Database,
        queue: ProcessQueue,
        evaluators: Evaluators,
        destinations: Destinations,
        limits: ProcessLimits,
    ) -> None:
        self._database = database
        self._limits = limits
        self._queue = queue
        self._evaluators = evaluators
        self._destinations = destinations
        self._room = Room(database, limits.open)
        self._flows = FlowCache()

    def prepare(self, shape: str) -> None:
        """Begin to start what the shape's first step would wait for."""
        if implementation(shape).only_evaluates:
            self._evaluators.prepare()

    async def handle(self, delivery: Delivery) -> Outcome:
        """Bring a process one execution further; `UnavailableError` if MariaDB or Redis is away."""
        try:
            follow_up = await self._execute(delivery)
        except Exception as error:
            if not is_older_schema(error):
                raise
            # It holds no slot meanwhile: other tenants' schemas are ready, and this one's may never be.
            log.warning("the tenant's schema has not been migrated yet", extra={"tenant": delivery.tenant})
            again = {delivery.shape: [delivery.process_id]}
            follow_up = FollowUp(again, OLDER_SCHEMA_SECONDS, outcome="retried")
        await self._carry_out(delivery, follow_up)
        return follow_up.outcome

    async def _execute(self, delivery: Delivery) -> FollowUp:
        begun = await self._available(
            self._database.transact(delivery.tenant, lambda connection: self._begin(connection, delivery))
        )
        if isinstance(begun, FollowUp):
            return begun
        process, flow, step = begun
        verdict = await execute_step(delivery.tenant, process, step, self._evaluators, self._destinations)
        if isinstance(verdict, Output) and len(verdict.children) > 1:
            has_room = await self._available(self._room.take(delivery.tenant, len(verdict.children)))
            verdict = verdict if has_room else self._limits.no_room()
        return await self._record(delivery.tenant, process, flow, step, verdict)

    async def give_up(self, delivery: Delivery, reason: str) -> None:
        """Fail a dead-lettered process and its run; may be called again."""
        follow_up = await self._database.transact(
            delivery.tenant, lambda connection: fail_dead_letter(connection, delivery.process_id, reason)
        )
        await self._carry_out(delivery, follow_up)

    async def _begin(
        self, connection: AsyncConnection, delivery: Delivery
    ) -> FollowUp | tuple[StoredProcess, Flow, Step]:
        process = await process_repository.lock(connection, delivery.process_id)
        if process is None:
            log.warning("a process is queued that does not exist", extra={"process_id": delivery.process_id})
            return FollowUp()
        if not process.is_open:
            return FollowUp(puts=await process_repository.children_not_begun(connection, process))
        if process.due_in > EARLY_SECONDS:
            return FollowUp.again(process, process.due_in)
        flow = await self._flows.get(connection, delivery.tenant, process.flow, process.version)
        step = flow.step(process.step)
        if step.implementation.long:
            await process_repository.begin(connection, process.id)
            return process, flow, step
        verdict = await execute_step(delivery.tenant, process, step, self._evaluators, self._destinations)
        return await record(connection, process, flow, step, verdict, limits=self._limits)

    async def _record(self, tenant: str, process: StoredProcess, flow: Flow, step: Step, verdict: Verdict) -> FollowUp:
        """Record a long step's result. One that MariaDB never takes fails the process, without another execution.

        Where the outside world has been called, the result is not given up, or it would be called again.
        """
        called = step.implementation.called is not None
        pause = 0.1
        while True:
            try:
                recording = self._database.transact(
                    tenant,
                    lambda connection: record(connection, process, flow, step, verdict, limits=self._limits),  # noqa: B023 - awaited here
                )
                return await (recording if called else self._available(recording))
            except StepFault as fault:
                verdict = fault
                continue
            except UnavailableError:
                raise
            except Exception as error:
                if not called and is_older_schema(error):
                    raise
                if not (may_pass(error) or is_older_schema(error)):
                    if isinstance(verdict, StepFault):
                        raise
                    # Not the error's text: it may quote the payload.
                    name = type(error).__name__
                    log.exception("a result cannot be kept", extra={"tenant": tenant, "process_id": process.id})
                    verdict = StepFault("invalid_output", f"the step's output cannot be kept ({name})")
                    continue
                log.warning("a result waits for MariaDB", extra={"tenant": tenant, "process_id": process.id})
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _available(self, work: Awaitable[Result]) -> Result:
        """What MariaDB answers; `UnavailableError` where it may answer later."""
        try:
            return await work
        except Exception as error:
            if not may_pass(error):
                raise
            if is_contention(error):
                raise UnavailableError("its row, or its run's, is wanted by too many") from error
            raise UnavailableError(f"MariaDB is away: {outage(error)}") from error

    async def _carry_out(self, delivery: Delivery, follow_up: FollowUp) -> None:
        try:
            for shape, processes in follow_up.puts.items():
                await self._queue.put(shape, delivery.tenant, processes, follow_up.delay_seconds)
        except REDIS_AWAY as error:
            raise UnavailableError("Redis is away") from error
        if follow_up.ended_run is not None:
            await publish_run_ended(self._queue.redis, delivery.tenant, follow_up.ended_run)
