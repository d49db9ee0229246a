"""How a crafted input is written, and who judges it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from patchbay_policies import environment
from patchbay_policies.model import Environment, Resource

ACCOUNT: Final = "111122223333"
ORGANISATION: Final = "o-exampleorg1"


def stack_environment(stack: str, **said: Any) -> Environment:
    """What the pack makes of a stack's name and of what its config says under `patchbay:infra`."""
    config = json.dumps({"patchbay:infra": json.dumps(said)})
    return environment.current({"PULUMI_STACK": stack, "PULUMI_CONFIG": config})


PRODUCTION: Final = stack_environment("production", environment={"name": "production", "production": True})


@dataclass(frozen=True)
class Row:
    """One input. `policy`: the rule that must find fault with it, or must not.

    `refers`: property -> the resources that its value comes from. `beside`: what else the program makes.
    """

    name: str
    type: str
    inputs: Mapping[str, Any]
    policy: str
    refers: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    beside: Sequence[Resource] = ()
    environment: Environment = PRODUCTION
    settings: Mapping[str, Any] = field(default_factory=dict)
    protect: bool = False

    @property
    def resource(self) -> Resource:
        return made(self.type, "crafted", self.inputs, protect=self.protect, **self.refers)


def made(
    type_: str,
    name: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    protect: bool = False,
    **refers: Sequence[Resource],
) -> Resource:
    """A resource beside the crafted one; `refers` by property."""
    urns = {prop: [other.urn for other in others] for prop, others in refers.items()}
    return Resource(type_, name, inputs or {}, f"urn:pulumi:test::patchbay::{type_}::{name}", protect, urns)


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
