"""The queue's Lua scripts: each is atomic, so a process is never seen in two states or in none."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

PREFIX = "patchbay:queue"
GROUP = "workers"
_SHAPE_KEYS = (
    "stream", "queued", "delayed", "again", "minutes", "failures", "waiting", "turns", "ends", "oldest", "wake", "dead",
)  # fmt: skip
WORKER_SCRIPTS = frozenset({"register", "workers"})
"""Scripts that are not about one shape's queue."""


def shape_keys(shape: str) -> list[str]:
    """The keys of a shape's queue, in the order in which `shape.lua` names them."""
    return [f"{PREFIX}:{shape}:{name}" for name in _SHAPE_KEYS]


def wake_key(shape: str) -> str:
    """The list that an idle worker of the shape waits at."""
    return f"{PREFIX}:{shape}:wake"


def worker_keys() -> list[str]:
    """The keys of the workers' register: when each was last heard of, what it told, and which know of turns."""
    return [f"{PREFIX}:workers:{name}" for name in ("seen", "records", "in-turns")]


@dataclass(frozen=True)
class Call:
    """A script with its keys and arguments."""

    script: str
    keys: Sequence[str]
    arguments: Sequence[str | int] = ()


async def run_script(redis: Redis, script: str, keys: Sequence[str], *arguments: str | int) -> Any:
    """Run a script; what it answers depends on the script."""
    try:
        return await redis.evalsha(_digest(script), len(keys), *keys, *arguments)
    except NoScriptError:  # a Redis that was restarted
        return await redis.eval(_source(script), len(keys), *keys, *arguments)


async def run_scripts(redis: Redis, calls: Sequence[Call]) -> list[Any]:
    """Run scripts in one round trip (three where Redis does not know one of them yet)."""
    pipeline = redis.pipeline(transaction=False)
    for call in calls:
        pipeline.evalsha(_digest(call.script), len(call.keys), *call.keys, *call.arguments)
    try:
        return list(await pipeline.execute())
    except NoScriptError:
        for script in {call.script for call in calls}:
            await redis.script_load(_source(script))
        return await run_scripts(redis, calls)


@cache
def _source(script: str) -> str:
    native = files(__package__) / "native"
    beginning = "" if script in WORKER_SCRIPTS else (native / "shape.lua").read_text("utf-8")
    return beginning + (native / f"{script}.lua").read_text("utf-8")


@cache
def _digest(script: str) -> str:
    return sha1(_source(script).encode(), usedforsecurity=False).hexdigest()
