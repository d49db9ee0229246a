"""The evaluation processes of a worker."""

import asyncio
import json
import logging
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from patchbay_runtime.evaluation.limits import AT_ONCE, ENDED, MOST_IDLE, WALL_SECONDS
from patchbay_runtime.evaluation.nursery import Evaluator, GoneError, Nursery
from patchbay_runtime.steps.fault import StepFault

log = logging.getLogger(__name__)

Value = TypeVar("Value")

_TRIES: Final = 3
_CRASHES: Final = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL, -signal.SIGFPE}


class Evaluators:
    """Evaluates the expressions of steps, for each tenant one step at a time, in processes that no tenants share."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._turns: dict[str, tuple[asyncio.Lock, list[None]]] = {}
        self._idle: list[Evaluator] = []  # the one that was used last is at the end
        self._nursery: asyncio.Task[Nursery] | None = None
        self._spare: asyncio.Task[Evaluator] | None = None
        self._ending: set[asyncio.Task[int | None]] = set()

    def prepare(self) -> None:
        """Begin to start what the first step needs."""
        if self._spare is None:
            self._spare = asyncio.create_task(self._fork())

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """For what an evaluation needs to be in memory, which is too much for all processes of a worker at a time.

        One step of each tenant at a time, so that a tenant cannot take all turns from the others.
        """
        lock, waiting = self._turns.setdefault(tenant, (asyncio.Lock(), []))
        waiting.append(None)
        try:
            async with lock, self._free:
                yield
        finally:
            waiting.pop()
            if not waiting:
                del self._turns[tenant]

    async def evaluate(
        self,
        tenant: str,
        variables: Mapping[str, Any],
        expressions: Mapping[str, str],
        payload: Any,
        *,
        until_true: bool = False,
    ) -> list[Any]:
        """The same as `evaluate_in_turn`, in a turn of its own."""
        async with self.turn(tenant):
            return await self.evaluate_in_turn(tenant, variables, expressions, payload, until_true=until_true)

    async def evaluate_in_turn(
        self,
        tenant: str,
        variables: Mapping[str, Any],
        expressions: Mapping[str, str],
        payload: Any,
        *,
        until_true: bool = False,
    ) -> list[Any]:
        """The values of a step's expressions, which are given by the fields that hold them; within a `turn`.

        With `until_true` only up to the first that is not false or null. Raises StepFault for what an expression does
        wrong, and for a limit.
        """
        step = {
            "expressions": list(expressions.values()),
            "payload": payload,
            "variables": variables,
            "until_true": until_true,
            "millis": time.time_ns() // 1_000_000,
        }
        values, fault = await self._answers(tenant, b"e" + _encoded(step))
        if fault is not None:
            field = list(expressions)[min(len(values), len(expressions) - 1)]
            raise StepFault(fault.code, f"{field}: {fault.message}", retryable=fault.retryable)
        return values

    async def syntax(self, tenant: str, expressions: Sequence[str]) -> list[str | None]:
        """What is wrong with each of a flow's expressions. Raises StepFault for a limit."""
        async with self.turn(tenant):
            values, fault = await self._answers(tenant, b"s" + _encoded(list(expressions)))
        if fault is not None:
            raise fault
        return values

    async def _answers(self, tenant: str, message: bytes) -> tuple[list[Any], StepFault | None]:
        """The values up to the fault, if any."""
        values, fault = await self._asked(tenant, message)
        if fault is not None and fault.retryable:
            # Nothing was changed, so it can be begun again.
            values, fault = await self._asked(tenant, message)
        return values, fault

    async def _asked(self, tenant: str, message: bytes) -> tuple[list[Any], StepFault | None]:
        """The values up to the fault, if any."""
        evaluator = await self._of(tenant)
        values: list[Any] = []
        try:
            async with asyncio.timeout(WALL_SECONDS):
                fault, kept = await _ask(evaluator, message, values)
        except GoneError:
            return values, _fault_of(await asyncio.shield(self._end(evaluator)))
        except TimeoutError:
            self._end(evaluator)
            return values, StepFault(*ENDED["wall"])
        except BaseException:
            self._end(evaluator)
            raise
        if kept:
            self._keep(evaluator)
        else:
            self._end(evaluator)
        return values, fault

    async def close(self) -> None:
        """End every process."""
        for task in (self._spare, self._nursery):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        if self._spare is not None and _result(self._spare) is not None:
            self._idle.append(self._spare.result())
        for evaluator in self._idle:
            evaluator.close()
        if self._ending:
            await asyncio.wait(self._ending)
        if self._nursery is not None and _result(self._nursery) is not None:
            self._nursery.result().close()

    async def _of(self, tenant: str) -> Evaluator:
        """A process that has evaluated for nobody else."""
        for evaluator in self._idle:
            if evaluator.tenant == tenant:
                self._idle.remove(evaluator)
                if not evaluator.ended:
                    return evaluator
                self._end(evaluator)
                break
        while True:
            self.prepare()
            spare = self._spare
            assert spare is not None  # noqa: S101 - for the type
            try:
                evaluator = await asyncio.shield(spare)
            finally:
                # Of all that wait for it one gets it.
                mine = self._spare is spare and spare.done()
                if mine:
                    self._spare = None
            if mine:
                # The next one is made while this one works.
                self.prepare()
                if not evaluator.ended:
                    evaluator.tenant = tenant
                    return evaluator
                self._end(evaluator)

    def _keep(self, evaluator: Evaluator) -> None:
        self._idle.append(evaluator)
        if len(self._idle) > MOST_IDLE:
            self._end(self._idle.pop(0))

    def _end(self, evaluator: Evaluator) -> asyncio.Task[int | None]:
        task = asyncio.create_task(evaluator.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task

    async def _fork(self) -> Evaluator:
        for _ in range(_TRIES):
            if self._nursery is None:
                self._nursery = asyncio.create_task(Nursery.start())
            starting = self._nursery
            try:
                nursery = await starting
                evaluator, filtered = await nursery.fork()
            except (GoneError, TimeoutError):
                log.warning("the evaluation processes are started anew")
                self._nursery = None
                if (gone := _result(starting)) is not None:
                    gone.close()
                continue
            if not filtered:
                log.warning("the kernel does not filter the system calls of evaluation processes")
            return evaluator
        raise RuntimeError("no evaluation process can be started")


def _encoded(message: Any) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _result(task: asyncio.Task[Value]) -> Value | None:
    return task.result() if task.done() and not task.cancelled() and task.exception() is None else None


async def _ask(evaluator: Evaluator, message: bytes, values: list[Any]) -> tuple[StepFault | None, bool]:
    """Add the values to `values` as they come; gives the fault, if any, and whether to keep the process."""
    await evaluator.send(message)
    fault = None
    while True:
        answer = await evaluator.receive()
        kind, content = answer[:1], answer[1:]
        if kind == b"v":
            values.append(json.loads(content))
        elif kind == b"f":
            fault = StepFault(*json.loads(content))
        else:
            return fault, kind == b"k"


def _fault_of(status: int | None) -> StepFault:
    """Why a process ended before its last answer."""
    if status == -signal.SIGPROF:
        return StepFault(*ENDED["processor"])
    if status == -signal.SIGABRT:  # what C++ makes of a refused allocation
        return StepFault(*ENDED["memory"])
    if status in _CRASHES:
        return StepFault("expression_failed", "the expression nests too deeply or needs too much memory")
    # Killed from outside: the machine has no memory left, which may be another's doing.
    return StepFault("evaluation_lost", "the evaluation was ended from outside", retryable=True)
