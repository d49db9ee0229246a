"""All that differs from one environment's AWS to another's, as one frozen model."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Protocol, Self

from patchbay_config.model import Model
from pydantic import Field, model_validator

from patchbay_infra.cache.config import CacheConfig
from patchbay_infra.cluster.config import ClusterConfig
from patchbay_infra.context import Context
from patchbay_infra.databases.config import DatabasesConfig
from patchbay_infra.delivery.config import DeliveryConfig
from patchbay_infra.edge.config import EdgeConfig
from patchbay_infra.images.config import ImagesConfig
from patchbay_infra.network.config import NetworkConfig
from patchbay_infra.objects.config import ObjectsConfig
from patchbay_infra.provider import AwsConfig
from patchbay_infra.search.config import SearchConfig
from patchbay_infra.tenant_secrets.config import SecretsConfig
from patchbay_infra.vpn.config import ClientVpnConfig
from patchbay_infra.watching.config import WatchingConfig

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,14}[a-z0-9]$")]
Zone = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")]


class EnvironmentConfig(Model):
    """`production` turns on what must not be forgotten there; what is too weak for it is then refused."""

    name: Slug
    production: bool
    owner: Annotated[str, Field(min_length=1, max_length=64)]
    cost_center: Annotated[str, Field(min_length=1, max_length=64)]


class _Judging(Protocol):
    def faults(self, *, production: bool) -> Iterable[tuple[str, str]]: ...


class InfraSettings(Model):
    """Keys below `patchbay:infra` in a stack's config. `clusters`: by name, each with the tenants that live on it."""

    aws: AwsConfig
    environment: EnvironmentConfig
    zones: Annotated[tuple[Zone, ...], Field(min_length=3, max_length=3)]
    network: NetworkConfig
    clusters: Annotated[Mapping[Slug, ClusterConfig], Field(min_length=1)]
    databases: DatabasesConfig
    cache: CacheConfig
    search: SearchConfig
    objects: ObjectsConfig
    images: ImagesConfig
    secrets: SecretsConfig
    edge: EdgeConfig
    delivery: DeliveryConfig
    watching: WatchingConfig
    vpn: ClientVpnConfig | None = None

    @model_validator(mode="after")
    def _zones_of_the_region(self) -> Self:
        if len(set(self.zones)) != len(self.zones):
            raise ValueError("zones: a zone stands twice; name three different ones")
        strangers = [zone for zone in self.zones if zone[:-1] != self.aws.region]
        if strangers:
            raise ValueError(f"zones: {', '.join(strangers)} not in {self.aws.region}; name zones of aws.region")
        return self

    @model_validator(mode="after")
    def _one_cluster_for_each_tenant(self) -> Self:
        count = Counter(tenant for cluster in self.clusters.values() for tenant in cluster.tenants)
        if twice := sorted(tenant for tenant, number in count.items() if number > 1):
            raise ValueError(f"clusters: {', '.join(twice)} on more than one cluster; keep each tenant on one")
        return self

    @model_validator(mode="after")
    def _strong_enough(self) -> Self:
        production = self.environment.production
        found = [
            f"{part}.{field}: {remedy}"
            for part, config in self._parts.items()
            for field, remedy in config.faults(production=production)
        ]
        if self.vpn is not None:
            found += [f"vpn.{field}: {remedy}" for field, remedy in self.vpn.collisions(self.network)]
        if found:
            raise ValueError("; ".join(found))
        return self

    @property
    def _parts(self) -> Mapping[str, _Judging]:
        parts: dict[str, _Judging] = {
            "network": self.network,
            "databases": self.databases,
            "cache": self.cache,
            "search": self.search,
            "objects": self.objects,
            "edge": self.edge,
            "watching": self.watching,
        }
        parts |= {f"clusters.{name}": config for name, config in self.clusters.items()}
        return parts if self.vpn is None else {**parts, "vpn": self.vpn}

    @property
    def tenants(self) -> dict[str, tuple[str, ...]]:
        """The subdomains that live on each cluster."""
        return {name: config.tenants for name, config in self.clusters.items()}

    @property
    def context(self) -> Context:
        """What every component is told of the environment."""
        return Context(
            environment=self.environment.name,
            region=self.aws.region,
            account_id=self.aws.account_id,
            zones=self.zones,
            production=self.environment.production,
            owner=self.environment.owner,
            cost_center=self.environment.cost_center,
        )
