"""How rules read property values, of which some may be unknown in a preview."""

from collections.abc import Mapping, Sequence
from typing import Any

from patchbay_policies.model import UNKNOWN


def at(value: Any, *path: str) -> Any:
    """The value below `path`: None where something on the way is absent, UNKNOWN where it is unknown.

    Single-element lists on the way are looked through: AWS' schema wraps many blocks in one.
    """
    for key in path:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is UNKNOWN:
            return UNKNOWN
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def holds(value: Any, expected: Any) -> bool:
    """Whether a value is as expected, or may yet turn out to be."""
    return value is UNKNOWN or value == expected


def given(value: Any) -> bool:
    """Whether a value is set, or may yet turn out to be: not absent, empty or zero."""
    return value is UNKNOWN or bool(value)


def true(value: Any) -> bool:
    """Whether a switch is on; some of AWS' properties spell it as a string."""
    return value is UNKNOWN or value is True or value == "true"


def undecided(value: Any) -> bool:
    """Whether any part of a value is unknown: what it lacks may yet turn up."""
    if isinstance(value, Mapping):
        return any(undecided(inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return any(undecided(inner) for inner in value)
    return value is UNKNOWN


def items(value: Any) -> list[Any]:
    """The known elements of a list; a single value counts as a list of one."""
    if value is None or value is UNKNOWN:
        return []
    elements = value if isinstance(value, list | tuple) else [value]
    return [element for element in elements if element is not UNKNOWN]


def joined(values: Sequence[str]) -> str:
    return ", ".join(sorted(values))
