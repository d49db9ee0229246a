"""Templates (`{name}`) in the table's parameters, ids and expressions."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import jmespath

Lookup = Callable[[str], Any]

_NAME: Final = re.compile(r"\{(\w+)\}")


class MissingValueError(Exception):
    """A template names a value that is not there."""


def render(template: Any, lookup: Lookup) -> Any:
    """The template's value; members of objects whose value is missing are left out. Raises MissingValueError."""
    if isinstance(template, str):
        return _render_text(template, lookup)
    if isinstance(template, Mapping):
        return dict(_render_members(template, lookup))
    if isinstance(template, list | tuple):
        return [render(item, lookup) for item in template]
    return template


def _render_members(template: Mapping[str, Any], lookup: Lookup) -> Iterator[tuple[str, Any]]:
    for name, item in template.items():
        try:
            yield name, render(item, lookup)
        except MissingValueError:
            continue


def _render_text(template: str, lookup: Lookup) -> Any:
    def one(match: re.Match[str]) -> Any:
        value = lookup(match[1])
        if value is None:
            raise MissingValueError(match[1])
        return value

    whole = _NAME.fullmatch(template)
    return one(whole) if whole else _NAME.sub(lambda match: str(one(match)), template)


def names(template: Any) -> set[str]:
    """The names in a template."""
    if isinstance(template, str):
        return set(_NAME.findall(template))
    if isinstance(template, Mapping):
        return set().union(*(names(item) for item in template.values()))
    if isinstance(template, list | tuple):
        return set().union(*(names(item) for item in template))
    return set()


def search(expression: str, value: Any, lookup: Lookup) -> Any:
    """What a JMESPath expression finds; `{name}` in it stands for a text. Raises MissingValueError."""

    def one(match: re.Match[str]) -> str:
        found = lookup(match[1])
        if found is None:
            raise MissingValueError(match[1])
        return "'" + str(found).replace("\\", "\\\\").replace("'", "\\'") + "'"

    return jmespath.search(_NAME.sub(one, expression), value)


def parse(template: str, text: str) -> dict[str, str]:
    """The names' values in a text that the template has rendered; empty if it cannot have."""
    parts = _NAME.split(template)
    pattern = "".join(f"(?P<{part}>.+?)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    found = re.fullmatch(pattern, text)
    return found.groupdict() if found else {}
