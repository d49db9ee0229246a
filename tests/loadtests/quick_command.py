"""The command line for a small environment, which changes quickly: `python -m tests.loadtests.quick_command VERB ...`.

It looks more often than the options let it, waits less for what could still change, and gives up sooner an environment
that it no longer sees. A comparison's loads last until a second pod was seen.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any

from patchbay_loadtests.cli import app
from patchbay_loadtests.commands import compare, load, nodes, prove
from pydantic import BaseModel
from rich.console import Console

from tests.loadtests.until_scaled import until_scaled

LOOK_SECONDS = 0.2
BLIND_SECONDS = 3.0
STEADY_SECONDS = 1.0
ORDERS_PER_SECOND = 40.0


def change(
    module: ModuleType,
    work: str,
    within: Callable[[], AbstractContextManager[None]] = nullcontext,
    **settings: float,
) -> None:
    """Let the command in this module do its work with these settings, which its command line does not offer."""
    usual: Callable[[Any, Console], Awaitable[Any]] = getattr(module, work)

    async def changed(options: BaseModel, console: Console) -> Any:
        with within():
            return await usual(options.model_copy(update=settings), console)

    setattr(module, work, changed)


if __name__ == "__main__":
    change(compare, "make_comparison", until_scaled, look_seconds=LOOK_SECONDS)
    change(load, "load", look_seconds=LOOK_SECONDS)
    change(nodes, "prove_nodes", steady_seconds=STEADY_SECONDS, orders_per_second=ORDERS_PER_SECOND)
    change(prove, "prove", blind_seconds=BLIND_SECONDS, orders_per_second=ORDERS_PER_SECOND)
    app()
