"""What a program itself waits for: the annotation `pulumi.com/waitFor`."""

import json
import re
from collections.abc import Mapping
from typing import Any

from patchbay_standins.pulumi_plugins.kubernetes_provider.api import ApiServer
from patchbay_standins.pulumi_plugins.kubernetes_provider.awaits.state import (
    READY,
    Check,
    Live,
    State,
    condition,
    waiting,
)
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError


def declared(expression: str) -> Check:
    """The check of `condition=Ready[=False]`, `jsonpath={.a.b}[=value]`, or of a JSON list of these."""
    terms = json.loads(expression) if expression.lstrip().startswith("[") else [expression]
    checks = [_term(str(term)) for term in terms]

    def check(live: Live, api: ApiServer) -> State:
        states = (term(live, api) for term in checks)
        return next((state for state in states if not state.ready), READY)

    return check


def _term(term: str) -> Check:
    kind, _, rest = term.partition("=")
    if kind == "condition" and rest:
        name, _, status = rest.partition("=")
        return _condition(name, status or "True")
    path, _, value = rest.partition("}")
    if kind == "jsonpath" and re.fullmatch(r"\{(\.\w+)+", path):
        return _path(path.removeprefix("{.").split("."), value.removeprefix("=") if value else None)
    message = f"pulumi.com/waitFor: {term!r} is neither condition=TYPE[=STATUS] nor jsonpath={{.path}}[=VALUE]"
    raise ProviderError(message)


def _condition(name: str, status: str) -> Check:
    def check(live: Live, _: ApiServer) -> State:
        found = condition(live, name)
        if found.get("status") == status:
            return READY
        return waiting(f"condition {name} is not {status}: {found.get('message') or 'not reported yet'}")

    return check


def _path(path: list[str], wanted: str | None) -> Check:
    def check(live: Live, _: ApiServer) -> State:
        value: Any = live
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is not None and (wanted is None or str(value) == wanted):
            return READY
        return waiting(f".{'.'.join(path)} is {value!r}")

    return check
