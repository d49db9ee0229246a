"""Parameter groups, which RDS and ElastiCache change and reset in portions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource, Values
from patchbay_standins.pulumi_plugins.aws_provider.row import Field

Parameter = Mapping[str, Any]

# How many parameters a call takes.
_PORTION: Final = 20


def parameters_field(*, read: str, at_once: bool = False) -> Field:
    """The property `parameters`. `at_once`: they tell when they apply, immediately unless they say otherwise."""
    methods = {"applyMethod": "immediate"} if at_once else {}

    def normal(value: Sequence[Parameter] | None) -> list[Any]:
        return sorted((sorted({**methods, **item}.items()) for item in value or ()), key=str)

    return Field("parameters", aws="", read=read, normal=normal)


def changed_and_removed(resource: Resource) -> tuple[list[Parameter], list[Parameter]]:
    """What an update of `parameters` sets, and what it takes back."""
    new, old = (_by_name(values) for values in (resource.inputs, resource.before))
    return [item for name, item in new.items() if item != old.get(name)], [
        item for name, item in old.items() if name not in new
    ]


def portions(items: Sequence[Parameter]) -> Iterator[Sequence[Parameter]]:
    for start in range(0, len(items), _PORTION):
        yield items[start : start + _PORTION]


def _by_name(values: Values) -> dict[str, Parameter]:
    return {item["name"]: item for item in values.get("parameters") or ()}
