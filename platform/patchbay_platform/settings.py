"""The platform's part of the stack's config, as one frozen model."""

from pathlib import Path

from patchbay_config.model import Model

from patchbay_platform.api import ApiConfig
from patchbay_platform.cluster import ClusterConfig
from patchbay_platform.gateway.config import GatewayConfig
from patchbay_platform.keda import KedaConfig
from patchbay_platform.mariadb.component import MariadbConfig
from patchbay_platform.namespaces import QuotaConfig
from patchbay_platform.network import NetworkConfig
from patchbay_platform.prometheus.component import PrometheusConfig
from patchbay_platform.redis.component import RedisConfig
from patchbay_platform.shapes import ScalingConfig


class Quotas(Model):
    gateway: QuotaConfig
    runtime: QuotaConfig
    data: QuotaConfig
    metrics: QuotaConfig


class PlatformSettings(Model):
    """The section `patchbay:platform` of a stack's config: what differs on the clusters of one environment."""

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
