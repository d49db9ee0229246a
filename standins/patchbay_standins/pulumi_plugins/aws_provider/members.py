"""Which member of a request or an answer is meant by a property's name."""

import re
from collections.abc import Iterable
from functools import lru_cache


def find(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that has the property's name, but for case, separators and a plural's `s`."""
    return _find(name, tuple(candidates))


@lru_cache(maxsize=65536)
def _find(name: str, candidates: tuple[str, ...]) -> str | None:
    by_normal = {_normal(candidate): candidate for candidate in candidates}
    wanted = _normal(name)
    singular = wanted.removesuffix("s")
    return by_normal.get(wanted) or by_normal.get(f"{wanted}s") or (by_normal.get(singular) if singular else None)


def _normal(name: str) -> str:
    return re.sub("[-_]", "", name).lower()
