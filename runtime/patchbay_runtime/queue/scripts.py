"""The queue's Lua scripts: each is atomic, so a process is never seen in two states or in none."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

PREFIX = "patchbay:queue"
GROUP = "workers"


def shape_keys(shape: str) -> list[str]:
    """The keys of a shape's queue, in the order in which `shape.lua` names them."""
    names = ("stream", "queued", "delayed", "again", "minutes", "failures", "dead")
    return [f"{PREFIX}:{shape}:{name}" for name in names]


@cache
def _source(name: str) -> str:
    native = files(__package__) / "native"
    return (native / "shape.lua").read_text("utf-8") + (native / f"{name}.lua").read_text("utf-8")


@cache
def _digest(name: str) -> str:
    return sha1(_source(name).encode(), usedforsecurity=False).hexdigest()


async def run_script(redis: Redis, name: str, shape: str, *arguments: str | int) -> Any:
    """Run a script on one shape's queue; what it answers depends on the script."""
    keys = shape_keys(shape)
    try:
        return await redis.evalsha(_digest(name), len(keys), *keys, *arguments)
    except NoScriptError:  # a Redis that was restarted
        return await redis.eval(_source(name), len(keys), *keys, *arguments)


async def run_script_for_each(redis: Redis, name: str, shapes: Sequence[str], *arguments: str | int) -> list[Any]:
    """Run a script on every shape's queue in one round trip (three where Redis does not know it yet)."""
    pipeline = redis.pipeline(transaction=False)
    for shape in shapes:
        keys = shape_keys(shape)
        pipeline.evalsha(_digest(name), len(keys), *keys, *arguments)
    try:
        return list(await pipeline.execute())
    except NoScriptError:
        await redis.script_load(_source(name))
        return await run_script_for_each(redis, name, shapes, *arguments)
