"""All that differs from one environment's AWS to another's, as one frozen model."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final, Protocol, Self

from patchbay_config.errors import FaultsError
from patchbay_config.model import Model
from pydantic import Field, model_validator

from patchbay_infra.auditing.config import AuditingConfig
from patchbay_infra.backups.config import BackupsConfig
from patchbay_infra.cache.config import CacheConfig
from patchbay_infra.cluster.config import ClusterConfig
from patchbay_infra.cluster.node_addresses import faults as address_faults
from patchbay_infra.cluster.node_addresses import few_places
from patchbay_infra.context import Context
from patchbay_infra.databases.config import DatabasesConfig
from patchbay_infra.delivery.config import DeliveryConfig
from patchbay_infra.delivery.faults import faults as delivery_faults
from patchbay_infra.edge.config import EdgeConfig
from patchbay_infra.edge.routing import faults as edge_faults
from patchbay_infra.images.config import ImagesConfig
from patchbay_infra.network.address_plan import AddressPlan, divide
from patchbay_infra.network.config import NetworkConfig
from patchbay_infra.objects.config import ObjectsConfig
from patchbay_infra.provider import AwsConfig
from patchbay_infra.search.config import SearchConfig
from patchbay_infra.tenant_secrets.config import SecretsConfig
from patchbay_infra.vpn.config import ADDRESSES_OF_AN_ASSOCIATION, ClientVpnConfig
from patchbay_infra.watching.config import WatchingConfig

# What is left of 28 and 40 characters by the rest of the name.
_LONGEST_ENVIRONMENT: Final = 12
_LONGEST_PAIR: Final = 22

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
    auditing: AuditingConfig = AuditingConfig()
    backups: BackupsConfig | None = None
    vpn: ClientVpnConfig | None = None

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if found := [*self._misplaced(), *self._too_weak(), *self._too_long()]:
            raise FaultsError(found)
        return self

    def _misplaced(self) -> Iterator[tuple[str, str]]:
        if len(set(self.zones)) != len(self.zones):
            yield "zones", "a zone stands twice; name three different ones"
        if strangers := [zone for zone in self.zones if zone[:-1] != self.aws.region]:
            yield "zones", f"{', '.join(strangers)} not in {self.aws.region}; name zones of aws.region"
        if len(set(self.zones)) == len(self.zones):
            yield from self._crowded()
        count = Counter(tenant for names in self.tenants.values() for tenant in names)
        if twice := sorted(tenant for tenant, number in count.items() if number > 1):
            yield "clusters", f"{', '.join(twice)} on more than one cluster; keep each tenant on one"
        try:
            self.databases.placement(self.zones)
        except ValueError as error:
            yield "databases", str(error)
        yield from delivery_faults(self.context, self.clusters)
        for field, remedy in edge_faults(self.edge, self.tenants, self.context):
            yield f"edge.{field}", remedy
        if self.backups is not None:
            for field, remedy in self.backups.misplaced(
                region=self.aws.region,
                account_id=self.aws.account_id,
                backup_window=self.databases.backup_window,
                maintenance_window=self.databases.maintenance_window,
            ):
                yield f"backups.{field}", remedy
        if self.vpn is not None:
            for field, remedy in self.vpn.collisions(self.network):
                yield f"vpn.{field}", remedy

    def _crowded(self) -> Iterator[tuple[str, str]]:
        try:
            plan = self.address_plan
        except ValueError as error:
            yield "network", str(error)
            return
        yield from address_faults(self.clusters, plan, others=self._single_addresses)
        if plan.pods:
            yield from few_places(self.clusters)
        for name, cluster in self.clusters.items():
            if any(cluster.service_cidr.overlaps(pods) for pods in self.network.pod_ranges):
                yield f"clusters.{name}.serviceCidr", "overlaps network.podRanges; choose another range for one of them"

    @property
    def _single_addresses(self) -> int:
        """In each private subnet, besides those of nodes and clusters: an endpoint's one, and what the VPN needs.

        GuardDuty makes an endpoint for its agents (its guide, "How Runtime Monitoring works with Amazon EKS clusters").
        """
        endpoints = len(self.network.interface_endpoints) + (1 if self.auditing.guard_duty else 0)
        return endpoints + (ADDRESSES_OF_AN_ASSOCIATION if self.vpn else 0)

    def _too_weak(self) -> Iterator[tuple[str, str]]:
        if self.environment.production and self.backups is None:
            yield "backups", "production's databases have backups that go with them only; set lock and copyTo"
        for part, config in self._parts.items():
            for field, remedy in config.faults(production=self.environment.production):
                yield f"{part}.{field}", remedy

    def _too_long(self) -> Iterator[tuple[str, str]]:
        """Names in AWS are made of these, and some services take few characters."""
        if len(self.environment.name) > _LONGEST_ENVIRONMENT:
            yield "environment.name", f"OpenSearch's names are short; use {_LONGEST_ENVIRONMENT} characters at most"
        for name in self.clusters:
            if len(self.environment.name) + len(name) > _LONGEST_PAIR:
                yield (
                    f"clusters.{name}",
                    f"ElastiCache's names are short; environment and cluster may have {_LONGEST_PAIR} characters",
                )

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
            "auditing": self.auditing,
        }
        parts |= {f"clusters.{name}": config for name, config in self.clusters.items()}
        optional: dict[str, _Judging | None] = {"backups": self.backups, "vpn": self.vpn}
        return {**parts, **{part: config for part, config in optional.items() if config is not None}}

    @property
    def tells_of_events(self) -> bool:
        """Whether any event of AWS' own is told to the topic."""
        return self.auditing.guard_duty is not None or self.backups is not None

    @property
    def tenants(self) -> dict[str, tuple[str, ...]]:
        """The subdomains that live on each cluster."""
        return {name: config.tenants for name, config in self.clusters.items()}

    @property
    def address_plan(self) -> AddressPlan:
        """Which addresses each subnet has. Raises ValueError where the plan does not fit."""
        return divide(self.network.cidr, self.zones, self.network.pod_ranges)

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
