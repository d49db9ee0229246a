"""The evaluation processes of a worker."""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, TypeVar

from patchbay_runtime.evaluation.limits import (
    AT_ONCE,
    ENDED,
    LONGEST_FAULT,
    LOST,
    MOST_IDLE,
    MOST_WAITING,
    OUTPUT_BYTES,
    TURN_SECONDS,
    WALL_SECONDS,
)
from patchbay_runtime.evaluation.nursery import Evaluator, ForkError, GoneError, Nursery
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.json_text import JsonText, with_texts

log = logging.getLogger(__name__)

Value = TypeVar("Value")

_TRIES: Final = 3
_PAUSE_SECONDS: Final = 0.2


class Evaluators:
    """Evaluates the expressions of steps, for each tenant one step at a time, in processes that no tenants share."""

    def __init__(self, at_once: int = AT_ONCE, most_idle: int = MOST_IDLE, most_waiting: int = MOST_WAITING) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most_waiting = most_waiting
        self._most_idle = most_idle
        self._turns: dict[str, tuple[asyncio.Lock, list[None]]] = {}
        self._idle: list[Evaluator] = []  # the one that was used last is at the end
        self._nursery: asyncio.Task[Nursery] | None = None
        self._spare: asyncio.Task[Evaluator] | None = None
        self._ending: set[asyncio.Task[int | None]] = set()

    def prepare(self) -> None:
        """Begin to start what the first step needs."""
        if self._spare is None or (self._spare.done() and _result(self._spare) is None):
            self._spare = asyncio.create_task(self._fork())

    async def evaluate(
        self,
        tenant: str,
        variables: JsonText,
        expressions: Mapping[str, str],
        payload: JsonText,
        *,
        until_true: bool = False,
    ) -> list[JsonText]:
        """The values of a step's expressions, which are given by the fields that hold them.

        With `until_true` only up to the first that is not false or null. Raises StepFault for what an expression does
        wrong, and for a limit.
        """

        def message() -> bytes:
            step = {
                "expressions": list(expressions.values()),
                "until_true": until_true,
                "millis": time.time_ns() // 1_000_000,
                "payload": payload,
                "variables": variables,
            }
            return b"e" + _encoded(step)

        values, fault = await self._answers(tenant, message, len(expressions))
        if fault is not None:
            field = list(expressions)[min(len(values), len(expressions) - 1)]
            raise StepFault(fault.code, f"{field}: {fault.message}", retryable=fault.retryable)
        return values

    async def syntax(self, tenant: str, expressions: Sequence[str]) -> list[str | None]:
        """What is wrong with each of a flow's expressions. Raises StepFault for a limit."""
        values, fault = await self._answers(tenant, lambda: b"s" + _encoded(list(expressions)), len(expressions))
        if fault is not None:
            raise fault
        return [value.read() for value in values]

    async def _answers(
        self, tenant: str, message: Callable[[], bytes], count: int
    ) -> tuple[list[JsonText], StepFault | None]:
        """The values up to the fault, if any. The message is made when its turn has come."""
        async with self._turn(tenant):
            values, fault = await self._asked(tenant, message(), count)
            if fault is not None and fault.code == LOST:
                # Nothing was changed, so it can be begun again.
                values, fault = await self._asked(tenant, message(), count)
            return values, fault

    @asynccontextmanager
    async def _turn(self, tenant: str) -> AsyncIterator[None]:
        """One step of each tenant at a time, so that a tenant cannot take all turns from the others."""
        lock, waiting = self._turns.setdefault(tenant, (asyncio.Lock(), []))
        if len(waiting) >= self._most_waiting:
            raise _busy()
        waiting.append(None)
        try:
            async with AsyncExitStack() as held:
                try:
                    async with asyncio.timeout(TURN_SECONDS):
                        await held.enter_async_context(lock)
                        await held.enter_async_context(self._free)
                except TimeoutError:
                    raise _busy() from None
                yield
        finally:
            waiting.pop()
            if not waiting:
                del self._turns[tenant]

    async def _asked(self, tenant: str, message: bytes, count: int) -> tuple[list[JsonText], StepFault | None]:
        """The values up to the fault, if any."""
        values: list[JsonText] = []
        try:
            async with asyncio.timeout(WALL_SECONDS):
                evaluator = await self._of(tenant)
        except (StepFault, TimeoutError):
            return values, StepFault(LOST, "no evaluation process can be started", retryable=True)
        try:
            async with asyncio.timeout(WALL_SECONDS):
                fault, kept = await _ask(evaluator, message, values, count)
        except GoneError:
            return values, _fault_of(await asyncio.shield(self._end(evaluator)))
        except TimeoutError:
            self._end(evaluator)
            # A machine without time for it, not the expression's doing: that has its processor time.
            return values, StepFault(*ENDED["wall"], retryable=True)
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
            evaluator = await asyncio.shield(spare)
            # Of all that wait for it one gets it.
            if self._spare is spare:
                # The next one is made while this one works.
                self._spare = None
                self.prepare()
                if not evaluator.ended:
                    evaluator.tenant = tenant
                    return evaluator
                self._end(evaluator)

    def _keep(self, evaluator: Evaluator) -> None:
        self._idle.append(evaluator)
        if len(self._idle) > self._most_idle:
            self._end(self._idle.pop(0))

    def _end(self, evaluator: Evaluator) -> asyncio.Task[int | None]:
        task = asyncio.create_task(evaluator.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task

    async def _fork(self) -> Evaluator:
        """Raises StepFault where none can be started."""
        for tried in range(_TRIES):
            await asyncio.sleep(tried * _PAUSE_SECONDS)
            if self._nursery is None:
                self._nursery = asyncio.create_task(Nursery.start())
            starting = self._nursery
            try:
                evaluator, filtered = await (await starting).fork()
            except ForkError:
                log.warning("no evaluation process could be forked")
                continue
            except (GoneError, TimeoutError, OSError):
                log.warning("the evaluation processes are started anew")
                if self._nursery is starting:
                    self._nursery = None
                if (gone := _result(starting)) is not None:
                    gone.close()
                continue
            if not filtered:
                log.warning("the kernel does not filter the system calls of evaluation processes")
            return evaluator
        raise StepFault(LOST, "no evaluation process can be started", retryable=True)


def _busy() -> StepFault:
    return StepFault("evaluation_busy", "too many of the tenant's steps wait for their evaluation", retryable=True)


def _encoded(message: Any) -> bytes:
    return with_texts(message).encode("utf-8", "surrogatepass")


def _result(task: asyncio.Task[Value]) -> Value | None:
    return task.result() if task.done() and not task.cancelled() and task.exception() is None else None


async def _ask(
    evaluator: Evaluator, message: bytes, values: list[JsonText], count: int
) -> tuple[StepFault | None, bool]:
    """Add the values to `values` as they come; gives the fault, if any, and whether to keep the process.

    What it sends beyond what it may is not read: an engine with a hole may be anybody's by now.
    """
    await evaluator.send(message)
    fault = None
    left = OUTPUT_BYTES
    while True:
        answer = await evaluator.receive(left + LONGEST_FAULT)
        kind, content = answer[:1], answer[1:]
        left -= len(content)
        if kind == b"v" and len(values) < count and left >= 0:
            values.append(JsonText(_decoded(content)))
        elif kind == b"f" and fault is None and len(content) <= LONGEST_FAULT:
            code, _, text = _decoded(content).partition(" ")
            fault = StepFault(code, text)
        elif kind in {b"k", b"r"}:
            return fault, kind == b"k"
        else:
            raise GoneError


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise GoneError from None


def _fault_of(status: int | None) -> StepFault:
    """Why a process ended before its last answer."""
    if status == -signal.SIGPROF:
        return StepFault(*ENDED["processor"])
    if status == -signal.SIGABRT:  # what C++ makes of a refused allocation
        return StepFault(*ENDED["memory"])
    if status is None or status == -signal.SIGKILL:
        # From outside: the machine has no memory left, which may be another's doing.
        return StepFault(LOST, "the evaluation was ended from outside", retryable=True)
    return StepFault("expression_failed", "the expression nests too deeply or needs too much memory")
