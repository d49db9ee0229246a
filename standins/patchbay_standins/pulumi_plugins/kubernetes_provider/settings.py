"""The provider's configuration."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patchbay_standins.pulumi_plugins.plugin.errors import SettingsError

# What the stand-in cannot do, and what a program would silently miss.
UNSUPPORTED = ("renderYamlToDirectory", "alwaysRender", "skipUpdateUnreachable")


@dataclass(frozen=True, slots=True)
class Settings:
    """The provider's settings; the names are the SDK's."""

    kubeconfig: str | None = None
    context: str | None = None
    cluster: str | None = None
    namespace: str | None = None
    enable_patch_force: bool = False
    enable_config_map_mutable: bool = False
    enable_secret_mutable: bool = False
    upsert_existing_objects: bool = False
    delete_unreachable: bool = False
    suppress_deprecation_warnings: bool = False

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "Settings":
        """Settings from the provider's inputs, which hold everything but text as JSON in a string."""
        if _boolean(values, "enableServerSideApply", default=True) is False:
            raise SettingsError("enableServerSideApply", "this provider only applies server-side: leave it out")
        for name in UNSUPPORTED:
            if values.get(name):
                raise SettingsError(name, "not supported by this provider: leave it out")
        return cls(
            kubeconfig=_text(values, "kubeconfig"),
            context=_text(values, "context"),
            cluster=_text(values, "cluster"),
            namespace=_text(values, "namespace"),
            enable_patch_force=_boolean(values, "enablePatchForce"),
            enable_config_map_mutable=_boolean(values, "enableConfigMapMutable"),
            enable_secret_mutable=_boolean(values, "enableSecretMutable"),
            upsert_existing_objects=_boolean(values, "upsertExistingObjects"),
            delete_unreachable=_boolean(values, "deleteUnreachable"),
            suppress_deprecation_warnings=_boolean(values, "suppressDeprecationWarnings"),
        )


def _text(values: Mapping[str, Any], field: str) -> str | None:
    value = values.get(field)
    if isinstance(value, dict):
        return json.dumps(value)
    if value is not None and not isinstance(value, str):
        raise SettingsError(field, f"must be a string, not a {type(value).__name__}")
    return value or None


def _boolean(values: Mapping[str, Any], field: str, *, default: bool = False) -> bool:
    value = values.get(field)
    if value is None or value == "":
        return default
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise SettingsError(field, f"must be true or false, not {value!r}")
