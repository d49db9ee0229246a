"""How many processes may come of one process of a flow. Steps form no cycle, so there is a most."""

from collections.abc import Collection, Mapping
from functools import cache


class Extent:
    """`targets`: for each step those that may follow it. `elements`: for each split the most of its children."""

    def __init__(self, targets: Mapping[str, Collection[str]], elements: Mapping[str, int]) -> None:
        self._targets = targets
        self._elements = elements
        self.until_splits = cache(self._until_splits)
        self.at_most = cache(self._at_most)

    def _until_splits(self, step: str) -> int:
        """The processes of the longest path from `step` on, up to its end or a split, both included."""
        if step in self._elements:
            return 1
        return 1 + max((self.until_splits(target) for target in self._targets[step]), default=0)

    def _at_most(self, step: str) -> int:
        """The processes that may come of one at `step`, itself included."""
        following = max((self.at_most(target) for target in self._targets[step]), default=0)
        return 1 + self._elements.get(step, 1) * following
