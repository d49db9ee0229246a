"""How a rule's cases are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from patchbay_policies.model import Environment, Resource

PRODUCTION = Environment("production", "production", production=True, own_account="111122223333")
DEV = Environment("dev", "dev", production=False, own_account="444455556666")

Subject = Sequence[Resource]


@dataclass(frozen=True)
class Bad:
    """Resources that break the rule; `says`: a part of what a reader is told."""

    resources: Subject
    says: str
    environment: Environment = PRODUCTION


@dataclass(frozen=True)
class Good:
    """Resources that keep to the rule."""

    resources: Subject
    environment: Environment = PRODUCTION


@dataclass(frozen=True)
class Cases:
    """A rule's cases."""

    good: Sequence[Good] = field(default=())
    bad: Sequence[Bad] = field(default=())


def made(
    type_: str,
    name: str = "it",
    props: Mapping[str, Any] | None = None,
    *,
    refers: Mapping[str, Sequence[Resource] | Resource] | None = None,
    protect: bool = False,
) -> Resource:
    """A resource. `refers`: property -> the resources that its value comes from."""
    references = {
        prop: [other.urn for other in ([others] if isinstance(others, Resource) else others)]
        for prop, others in (refers or {}).items()
    }
    return Resource(type_, name, props or {}, f"urn:pulumi:test::patchbay::{type_}::{name}", protect, references)


def good(*resources: Resource, environment: Environment = PRODUCTION) -> Good:
    return Good(resources, environment)


def bad(*resources: Resource, says: str, environment: Environment = PRODUCTION) -> Bad:
    return Bad(resources, says, environment)
