"""Which of the groups that could help gets the nodes."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from patchbay_standins.cluster_autoscaler.aws.groups import NodeGroup
from patchbay_standins.cluster_autoscaler.objects import Node, Pod


class ExpanderError(ValueError):
    """A name that `--expander` does not know."""


@dataclass(frozen=True)
class Option:
    """So many nodes of a group, and the pods that they would take."""

    group: NodeGroup
    template: Node
    count: int
    pods: tuple[Pod, ...]

    @property
    def waste(self) -> float:
        """The share of the new nodes' CPU and memory that stays free, 0 to 2."""
        return sum(self._free_share(resource) for resource in ("cpu", "memory"))

    def _free_share(self, resource: str) -> float:
        offered = self.template.status.allocatable.get(resource, 0) * self.count
        wanted = sum(pod.spec.requests.get(resource, 0) for pod in self.pods)
        return (offered - wanted) / offered if offered else 0.0


Strategy = Callable[[Sequence[Option]], Sequence[Option]]


def _least_waste(options: Sequence[Option]) -> Sequence[Option]:
    least = min(option.waste for option in options)
    return [option for option in options if option.waste == least]


def _most_pods(options: Sequence[Option]) -> Sequence[Option]:
    most = max(len(option.pods) for option in options)
    return [option for option in options if len(option.pods) == most]


def _least_nodes(options: Sequence[Option]) -> Sequence[Option]:
    least = min(option.count for option in options)
    return [option for option in options if option.count == least]


_BY_PRIORITY: Final = "priority"
_STRATEGIES: Final[dict[str, Strategy]] = {
    "least-waste": _least_waste,
    "most-pods": _most_pods,
    "least-nodes": _least_nodes,
    "random": lambda options: options,
}


class Expander:
    """One or more strategies by name, with commas between; the next decides between equals, chance after the last."""

    def __init__(self, names: str, by_priority: Strategy) -> None:
        strategies = {_BY_PRIORITY: by_priority, **_STRATEGIES}
        listed = [name.strip() for name in names.split(",")]
        if unknown := [name for name in listed if name not in strategies]:
            raise ExpanderError(f"--expander: {', '.join(unknown)} is not known here: use {', '.join(strategies)}")
        self._strategies = [strategies[name] for name in listed]

    def choose(self, options: Sequence[Option]) -> Option | None:
        """The best of at least one; None where a strategy leaves none."""
        for strategy in self._strategies:
            options = strategy(options)
            if len(options) <= 1:
                break
        return random.choice(options) if options else None  # noqa: S311 - spreads load, no secret
