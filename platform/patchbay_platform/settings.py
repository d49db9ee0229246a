"""The platform's part of the stack's config, as one frozen model."""

from pathlib import Path
from typing import Self

from patchbay_config.model import Model
from pydantic import model_validator

from patchbay_platform.api import ApiConfig
from patchbay_platform.cluster import ClusterConfig
from patchbay_platform.cluster_autoscaler.config import ClusterAutoscalerConfig
from patchbay_platform.gateway.config import GatewayConfig
from patchbay_platform.headroom import HeadroomConfig
from patchbay_platform.identity import IdentityConfig
from patchbay_platform.keda import KedaConfig
from patchbay_platform.limits import LimitsConfig
from patchbay_platform.mariadb.component import MariadbConfig
from patchbay_platform.namespaces import QuotaConfig
from patchbay_platform.network import NetworkConfig
from patchbay_platform.placement import NodesConfig
from patchbay_platform.prometheus.component import PrometheusConfig
from patchbay_platform.redis.component import RedisConfig
from patchbay_platform.shapes import ScalingConfig


class Quotas(Model):
    """By namespace. `data`: where a data store runs in the cluster."""

    gateway: QuotaConfig
    runtime: QuotaConfig
    data: QuotaConfig | None = None
    metrics: QuotaConfig


class PlatformSettings(Model):
    """The section `patchbay:platform` of a stack's config: what differs on the clusters of one environment.

    `cluster`: one that is there already; without it the platform is put on each cluster of `patchbay:infra`.
    `redis`, `mariadb`: pods of the cluster, where the environment has no managed ones. `headroom`: none, if left out.
    """

    cluster: ClusterConfig | None = None
    image_lock: Path
    quotas: Quotas
    network: NetworkConfig = NetworkConfig()
    keda: KedaConfig
    redis: RedisConfig | None = None
    mariadb: MariadbConfig | None = None
    prometheus: PrometheusConfig
    gateway: GatewayConfig
    api: ApiConfig = ApiConfig()
    identity: IdentityConfig = IdentityConfig()
    limits: LimitsConfig = LimitsConfig()
    scaling: ScalingConfig = ScalingConfig()
    nodes: NodesConfig = NodesConfig()
    cluster_autoscaler: ClusterAutoscalerConfig | None = None
    headroom: HeadroomConfig | None = None

    @model_validator(mode="after")
    def _connectors_stay_out_of_the_cluster(self) -> Self:
        networks = self.cluster.networks if self.cluster else None
        own = (*networks.api_server, *networks.edge) if networks else ()
        if found := list(self.network.connectors.clashes(own)):
            raise ValueError(f"network.connectors.privateRanges: {'; '.join(found)}")
        return self

    @model_validator(mode="after")
    def _room_is_made_again(self) -> Self:
        if self.headroom and not self.cluster_autoscaler:
            raise ValueError(
                "headroom: nothing adds a node for what it gives away; set clusterAutoscaler, or remove headroom"
            )
        return self
