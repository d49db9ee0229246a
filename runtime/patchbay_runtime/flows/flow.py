"""A flow version that is ready to run."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from patchbay_runtime.flows.extent import Extent
from patchbay_runtime.names import Name
from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.expression import registered
from patchbay_runtime.steps.implementation import Implementation, implementation
from patchbay_runtime.steps.retry import RetryPolicy

__all__ = ["Flow", "Step"]


@dataclass(frozen=True)
class Step:
    """One step with its settings read."""

    name: Name
    shape: str
    next: Name | None
    config: StepConfig

    @cached_property
    def implementation(self) -> Implementation:
        """The shape's code."""
        return implementation(self.shape)

    @property
    def splits(self) -> bool:
        """Whether a process may be followed by several."""
        return self.implementation.most_children is not None

    @property
    def targets(self) -> Collection[str]:
        """The steps that may follow."""
        if self.implementation.targets is not None:
            return self.implementation.targets(self.config).values()
        return () if self.next is None else (self.next,)

    @cached_property
    def policy(self) -> RetryPolicy:
        """How the step is retried."""
        return self.implementation.policy(self.config)


class Flow:
    """A registered version. Steps are read as they are needed: a worker meets only those of its own shape."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.name: str = document["name"]
        self.start: str = document["start"]
        self._documents: Mapping[str, Any] = document["steps"]
        self._steps: dict[str, Step] = {}

    def shape_of(self, step: str) -> str:
        """The shape of a step, without reading its settings."""
        return str(self._documents[step]["shape"])

    @cached_property
    def extent(self) -> Extent:
        """How many processes may come of one."""
        # Their settings are read for this alone: kept, those of all steps take thirty times their text.
        steps = [_read(name, document) for name, document in self._documents.items()]
        return Extent(
            {step.name: tuple(step.targets) for step in steps},
            {step.name: most(step.config) for step in steps if (most := step.implementation.most_children)},
        )

    @cached_property
    def splits(self) -> bool:
        """Whether a run may have several paths, and so several outputs."""
        return any(step["shape"] == "split" for step in self._documents.values())

    def step(self, name: str) -> Step:
        """The step called `name`."""
        known = self._steps.get(name)
        if known is None:
            known = self._steps[name] = _read(name, self._documents[name])
        return known


def _read(name: str, document: Mapping[str, Any]) -> Step:
    config = implementation(document["shape"]).config.model_validate(document.get("config", {}), context=registered)
    return Step(name, document["shape"], document.get("next"), config)
