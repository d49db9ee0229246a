"""Which environment the pack looks at.

The engine names the stack and hands over its config. That config is under review itself, so it alone makes nothing less
than production: the register of the pack must say the same of the stack, its name and its account.
"""

import json
import os
from collections.abc import Mapping
from typing import Any, Final

from patchbay_policies.model import Environment
from patchbay_policies.register import NOT_PRODUCTION, TRUSTED

CONFIG_KEY: Final = "patchbay:infra"


def current(
    variables: Mapping[str, str] = os.environ, not_production: Mapping[str, str] = NOT_PRODUCTION
) -> Environment:
    """An environment that cannot be read counts as production: the strict rules hold.

    `not_production`: stack -> account, of those that may say that they are not.
    """
    stack = variables.get("PULUMI_STACK", "")
    infra = _infra(variables.get("PULUMI_CONFIG", ""))
    said = _mapping(infra.get("environment"))
    name = said.get("name")
    doubt = _doubt(stack, infra, not_production) if said.get("production") is False else ""
    return Environment(
        stack=stack,
        name=name if isinstance(name, str) else stack,
        production=said.get("production") is not False or bool(doubt),
        account=not_production.get(stack, ""),
        doubt=doubt,
        own_account=_account(infra),
        own_region=str(_mapping(infra.get("aws")).get("region") or ""),
        trusted=frozenset(TRUSTED),
    )


def _doubt(stack: str, infra: Mapping[str, Any], not_production: Mapping[str, str]) -> str:
    """Why a config that says `production: false` is not believed; empty where it is."""
    if stack not in not_production:
        return f"the register of the policies does not list stack {stack}"
    name = _mapping(infra.get("environment")).get("name")
    if name != stack:
        return f"environment.name is {name}, in stack {stack}"
    account = _account(infra) or "missing"
    if account != not_production[stack]:
        return f"aws.accountId is {account}, and the register of the policies has {not_production[stack]} for {stack}"
    return ""


def _account(infra: Mapping[str, Any]) -> str:
    return str(_mapping(infra.get("aws")).get("accountId") or "")


def _infra(config: str) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(json.loads(config)[CONFIG_KEY]))
    except (KeyError, TypeError, ValueError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
