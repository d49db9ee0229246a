"""The stack's config, as one frozen model."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import ValidationError

from patchbay_platform.api import ApiConfig
from patchbay_platform.cluster import ClusterConfig
from patchbay_platform.errors import ConfigError, describe
from patchbay_platform.gateway.config import GatewayConfig
from patchbay_platform.keda import KedaConfig
from patchbay_platform.mariadb.component import MariadbConfig
from patchbay_platform.model import Model
from patchbay_platform.namespaces import QuotaConfig
from patchbay_platform.network import NetworkConfig
from patchbay_platform.prometheus.component import PrometheusConfig
from patchbay_platform.redis.component import RedisConfig
from patchbay_platform.shapes import ScalingConfig

PROJECT: Final = "patchbay"


class Quotas(Model):
    gateway: QuotaConfig
    runtime: QuotaConfig
    data: QuotaConfig
    metrics: QuotaConfig


class Settings(Model):
    """All that differs from one environment to another. Keys are those of `Pulumi.<stack>.yaml`, below `patchbay:`."""

    cluster: ClusterConfig
    image_lock: Path
    quotas: Quotas
    network: NetworkConfig
    keda: KedaConfig
    redis: RedisConfig
    mariadb: MariadbConfig
    prometheus: PrometheusConfig
    gateway: GatewayConfig
    api: ApiConfig = ApiConfig()
    scaling: ScalingConfig = ScalingConfig()


def stack_config() -> dict[str, str]:
    """All keys of the stack's config, so that a misspelt one is noticed; `pulumi.Config` hands out known keys only."""
    return {**get_config_env(), **CONFIG.get()}


def load(config: Mapping[str, str]) -> Settings:
    """`config`: the stack's whole config as the engine hands it over; structured values are JSON texts.

    Raises ConfigError, which names each field and its remedy.
    """
    values: dict[str, Any] = {}
    for key, text in config.items():
        namespace, _, name = key.partition(":")
        if namespace == PROJECT:
            values[name] = _value(text)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        remedy = "set it in the stack's config file, or with `pulumi config set --path`"
        raise ConfigError("the stack's config is refused:\n" + describe(f"{PROJECT}:", error, missing=remedy)) from None


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
