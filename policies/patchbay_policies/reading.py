"""How rules read property values, of which some may be unknown in a preview."""

import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
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


def is_world(cidr: Any) -> bool:
    """Whether a range is so wide that it names nobody: shorter than /8 in IPv4, than /16 in IPv6.

    Two halves of the world (0.0.0.0/1, 128.0.0.0/1) are as open as the whole.
    """
    if not isinstance(cidr, str):
        return False
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
    return network.prefixlen < (8 if network.version == 4 else 16)


def statements(document: Any) -> Iterator[Mapping[str, Any]]:
    """The statements of an IAM policy document, given as JSON or as data; none while it is unknown."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return
    if not isinstance(document, Mapping):
        return
    for statement in items(document.get("Statement")):
        if isinstance(statement, Mapping):
            yield statement


def words(value: Any) -> list[str]:
    """The strings of a policy statement's `Action`, `Resource` or principal entry."""
    return [element for element in items(value) if isinstance(element, str)]


def principals(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind (`AWS`, `Service`, `Federated`, `*`) and name of each principal of a statement."""
    principal = statement.get("Principal")
    if principal == "*":
        yield "*", "*"
    elif isinstance(principal, Mapping):
        for kind, names in principal.items():
            for name in words(names):
                yield str(kind), name


def condition_values(statement: Mapping[str, Any], suffix: str) -> list[str]:
    """The values that a statement's conditions give to keys ending in `suffix`."""
    found: list[str] = []
    for operator in (statement.get("Condition") or {}).values():
        if isinstance(operator, Mapping):
            for key, value in operator.items():
                if str(key).lower().endswith(suffix.lower()):
                    found.extend(words(value))
    return found


def joined(values: Sequence[str]) -> str:
    return ", ".join(sorted(values))
