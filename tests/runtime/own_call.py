"""Calls to servers of a test, wherever they listen."""

from collections.abc import Sequence
from functools import partial

from patchbay_runtime.calls import call as calls


async def _as_it_is_written(host: str, _port: int) -> Sequence[str]:
    return [host]


call = partial(calls.call, addresses=_as_it_is_written)
