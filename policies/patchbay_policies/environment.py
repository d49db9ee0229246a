"""Which environment the pack looks at: read from the stack's config, which the engine hands to the pack."""

import json
import os
from collections.abc import Mapping
from typing import Any, Final

from patchbay_policies.model import Environment

CONFIG_KEY: Final = "patchbay:infra"


def current(variables: Mapping[str, str] = os.environ) -> Environment:
    """An environment that cannot be read counts as production: the strict rules hold."""
    stack = variables.get("PULUMI_STACK", "")
    said = _said(variables.get("PULUMI_CONFIG", ""))
    name = said.get("name")
    return Environment(
        stack=stack,
        name=name if isinstance(name, str) else stack,
        production=said.get("production") is not False,
    )


def _said(config: str) -> Mapping[str, Any]:
    try:
        said = json.loads(json.loads(config)[CONFIG_KEY])["environment"]
    except (KeyError, TypeError, ValueError):
        return {}
    return said if isinstance(said, Mapping) else {}
