"""What of an environment's config the delivery roles' rights do not go with."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from patchbay_infra.context import Context
from patchbay_infra.delivery.scope import Scope


class _Admitting(Protocol):
    @property
    def admins(self) -> tuple[str, ...]: ...

    @property
    def viewers(self) -> tuple[str, ...]: ...


def faults(context: Context, clusters: Mapping[str, _Admitting]) -> Iterator[tuple[str, str]]:
    """Fields, with the remedy. `clusters`: by name."""
    if "-" in context.environment:
        first = context.environment.partition("-")[0]
        yield (
            "environment.name",
            f"rights of an environment {first!r} would hold here too; take a name without a hyphen",
        )
    own = set(Scope(context).globally("iam", "role/{}delivery-plan", "role/{}delivery-apply"))
    for name, config in clusters.items():
        for field, roles in (("admins", config.admins), ("viewers", config.viewers)):
            if given := sorted(own & set(roles)):
                yield f"clusters.{name}.{field}", f"{', '.join(given)} is let into every cluster anyway; remove it"
