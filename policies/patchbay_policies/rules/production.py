"""What counts as production, and that nothing else reaches its account."""

import json
from collections.abc import Iterator
from typing import Any, Final

from patchbay_policies.model import Environment, Resource, ResourceRule
from patchbay_policies.reading import at, items, undecided

STACK: Final = "pulumi:pulumi:Stack"
PROVIDER: Final = "pulumi:providers:aws"


def _registered(resource: Resource, environment: Environment) -> Iterator[str]:
    if resource.type == STACK:
        if environment.doubt:
            yield f"its config says production: false, and it counts as production: {environment.doubt}"
        return
    accounts = _accounts(at(resource.props, "allowedAccountIds"))
    if environment.production or undecided(accounts):
        return
    if items(accounts) != [environment.account]:
        yield f"it may work in other accounts than {environment.account} (allowedAccountIds)"


def _accounts(value: Any) -> Any:
    """The engine hands a provider's lists over as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


RULES: Final = (
    ResourceRule(
        name="production-is-registered",
        description="Only what the register of the policies lists, with its account, is not production.",
        remedy="Have the stack and its account added to policies/patchbay_policies/register.py, or keep to the "
        "rules of production; give the provider allowedAccountIds with that account.",
        types=frozenset({STACK, PROVIDER}),
        check=_registered,
    ),
)
