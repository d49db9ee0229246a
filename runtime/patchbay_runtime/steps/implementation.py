"""A shape's code, found by its name."""

import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.outcome import Context, Output, Postponed
from patchbay_runtime.steps.retry import DEFAULT_RETRY_POLICY, RetryPolicy

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Implementation:
    """What a module of `patchbay_runtime.shapes` offers."""

    config: type[StepConfig]
    execute: Callable[[Any, Any, Context], Awaitable[Output | Postponed]]
    # None: a step is retried by the common policy.
    retry_policy: Callable[[Any], RetryPolicy] | None
    # None: the step goes on at its `next`; otherwise at the steps that its settings name.
    targets: Callable[[Any], Mapping[Place, str]] | None
    # None: a process is followed by one; otherwise by as many as this.
    most_children: Callable[[Any], int] | None
    # None: a step calls no other system.
    called: Callable[[Any], str] | None
    # Waits for the outside world or for an evaluation, so no database transaction may be open meanwhile.
    long: bool

    @property
    def only_evaluates(self) -> bool:
        """What takes long is the evaluation of expressions, which may be begun again."""
        return self.long and self.called is None

    def policy(self, config: StepConfig) -> RetryPolicy:
        """How a step with these settings is retried."""
        return self.retry_policy(config) if self.retry_policy else DEFAULT_RETRY_POLICY


@cache
def implementation(shape: str) -> Implementation:
    """The code of a shape of the catalogue."""
    module = importlib.import_module(f"patchbay_runtime.shapes.{shape.replace('-', '_')}")
    return Implementation(
        config=module.Config,
        execute=module.execute,
        retry_policy=getattr(module, "retry_policy", None),
        targets=getattr(module, "targets", None),
        most_children=getattr(module, "most_children", None),
        called=getattr(module, "called", None),
        long=getattr(module, "LONG", False),
    )
