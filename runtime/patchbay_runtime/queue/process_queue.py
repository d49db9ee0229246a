"""The queue of processes: one Redis stream with a consumer group for each shape."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import certifi
from redis.asyncio import Redis
from redis.credentials import CredentialProvider

from patchbay_runtime.queue.connection import ANSWER_SECONDS, connect
from patchbay_runtime.queue.credentials import credentials_of
from patchbay_runtime.queue.delivery import DeadLetter, ShapeCounts
from patchbay_runtime.queue.register import GONE_SECONDS, WorkerRecord
from patchbay_runtime.queue.scripts import GROUP, Call, run_script, run_scripts, shape_keys, worker_keys
from patchbay_runtime.queue.statistics import ShapeStatistics
from patchbay_runtime.settings import Settings

PUT_AT_ONCE = 1000
"""Processes per script call: a longer one would hold up every other client of Redis."""


@dataclass(frozen=True)
class Snapshot:
    """The queue at one time: by shape what is queued and what has finished, and the live workers by name."""

    counts: dict[str, ShapeCounts]
    statistics: dict[str, ShapeStatistics]
    workers: list[WorkerRecord]


class ProcessQueue:
    """Puts processes into the shapes' queues and counts them.

    Every method raises `redis.exceptions.RedisError` or `OSError` (`REDIS_AWAY`) while Redis is away.
    """

    def __init__(self, redis: Redis, shapes: Iterable[str]) -> None:
        self.redis = redis
        self.shapes = tuple(shapes)

    @classmethod
    def connect(
        cls,
        host: str,
        port: int,
        credentials: CredentialProvider | None,
        shapes: Iterable[str],
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> Self:
        """A queue on the Redis at `host`; it connects with its first command."""
        return cls(connect(host, port, credentials, answer_seconds=answer_seconds), shapes)

    @classmethod
    def open(cls, settings: Settings, shapes: Iterable[str]) -> Self:
        """A queue on the Redis of `settings`. Raises SettingsError."""
        ca_file = (settings.redis_ca_file or Path(certifi.where())) if settings.redis_tls else None
        redis = connect(settings.redis_host, settings.redis_port, credentials_of(settings), ca_file=ca_file)
        return cls(redis, shapes)

    async def put(self, shape: str, tenant: str, process_ids: Sequence[str], delay_seconds: float = 0) -> None:
        """Queue processes; one that is waiting, reserved or delayed already is left as it is.

        A process that is reserved and put with a delay comes again after it: that is how a step that runs asks for
        its own retry. It stays reserved until its delivery ends, and is delayed from then on.
        """
        delay_ms = round(delay_seconds * 1000)
        for start in range(0, len(process_ids), PUT_AT_ONCE):
            await run_script(
                self.redis, "put", shape_keys(shape), delay_ms, tenant, *process_ids[start : start + PUT_AT_ONCE]
            )

    async def counts(self) -> dict[str, ShapeCounts]:
        """Every shape's processes, each shape at one instant; one round trip."""
        answers = await run_scripts(self.redis, self._count_calls())
        return self._counts_of(answers)

    async def snapshot(self) -> Snapshot:
        """Counts, statistics and live workers; one round trip."""
        calls = [*self._count_calls(), *(Call("statistics", shape_keys(shape)) for shape in self.shapes)]
        *answers, records = await run_scripts(self.redis, [*calls, Call("workers", worker_keys(), [GONE_SECONDS])])
        statistics = answers[len(self.shapes) :]
        return Snapshot(
            counts=self._counts_of(answers[: len(self.shapes)]),
            statistics={
                shape: ShapeStatistics.of_answer(answer) for shape, answer in zip(self.shapes, statistics, strict=True)
            },
            workers=sorted(map(WorkerRecord.from_json, records), key=lambda record: record.name),
        )

    def _count_calls(self) -> list[Call]:
        return [Call("counts", [*shape_keys(shape), *worker_keys()], [GONE_SECONDS]) for shape in self.shapes]

    def _counts_of(self, answers: Sequence[Sequence[int]]) -> dict[str, ShapeCounts]:
        return {
            shape: ShapeCounts(waiting, reserved, delayed, oldest_ms / 1000)
            for shape, (waiting, reserved, delayed, oldest_ms) in zip(self.shapes, answers, strict=True)
        }

    async def held(self) -> dict[str, dict[str, int]]:
        """How many processes each worker holds, by shape and the worker's name; one round trip."""
        pipeline = self.redis.pipeline(transaction=False)
        for shape in self.shapes:
            pipeline.xinfo_consumers(shape_keys(shape)[0], GROUP)
        answers = await pipeline.execute(raise_on_error=False)
        for answer in answers:
            # Nothing was ever put, or the queue has just been emptied.
            if isinstance(answer, Exception) and not str(answer).startswith(("no such key", "NOGROUP")):
                raise answer
        return {
            shape: {} if isinstance(answer, Exception) else {worker["name"]: worker["pending"] for worker in answer}
            for shape, answer in zip(self.shapes, answers, strict=True)
        }

    async def dead_letters(self, shape: str, limit: int = 100) -> list[DeadLetter]:
        """The shape's latest dead letters, newest first."""
        letters = await self.redis.lrange(shape_keys(shape)[-1], 0, limit - 1)
        return [DeadLetter(**json.loads(letter)) for letter in letters]

    async def ping(self) -> None:
        """Return if Redis answers."""
        await self.redis.ping()

    async def close(self) -> None:
        """Close the connections."""
        await self.redis.aclose()
