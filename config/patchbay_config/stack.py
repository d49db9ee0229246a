"""The stack's config, read once and checked as a whole."""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import BaseModel, ValidationError

from patchbay_config.errors import ConfigError, describe

PROJECT: Final = "patchbay"
_REMEDY: Final = "set it in the stack's config file, or with `pulumi config set --path`"
_Settings = TypeVar("_Settings", bound=BaseModel)


def stack_config() -> dict[str, str]:
    """All keys of the stack's config, so that a misspelt one is noticed; `pulumi.Config` hands out known keys only."""
    return {**get_config_env(), **CONFIG.get()}


def load(settings: type[_Settings], config: Mapping[str, str]) -> _Settings:
    """`config`: the stack's whole config as the engine hands it over; structured values are JSON texts.

    Raises ConfigError, which names each field and its remedy.
    """
    values: dict[str, Any] = {}
    for key, text in config.items():
        namespace, _, name = key.partition(":")
        if namespace == PROJECT:
            values[name] = _value(text)
    try:
        return settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError(
            "the stack's config is refused:\n" + describe(f"{PROJECT}:", error, missing=_REMEDY)
        ) from None


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
