"""The shape of one mutation."""

from collections.abc import Callable
from dataclasses import dataclass, field

from patchbay_operations.checks.facts import Facts


@dataclass(frozen=True)
class Mutation:
    """`spoil` changes a stack's account; `check` then fails, and in a fault says `names`.

    `others`: checks that cannot but fail with it.
    """

    title: str
    stack: str
    check: str
    names: str
    spoil: Callable[[Facts], None]
    others: frozenset[str] = field(default=frozenset())
