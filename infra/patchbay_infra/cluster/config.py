"""A cluster's configuration."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal, Self

from patchbay_config.model import Model
from pydantic import BeforeValidator, Field, field_validator, model_validator

from patchbay_infra.cluster.ami_release import DEFAULT_RELEASES, Family
from patchbay_infra.cluster.ami_release import fault as release_fault
from patchbay_infra.cluster.node_config import Capacity, FlowNodesConfig, NodeGroupConfig, Pool
from patchbay_infra.retention import LogDays

Addon = Literal[
    "vpc-cni",
    "kube-proxy",
    "eks-pod-identity-agent",
    "coredns",
    "metrics-server",
    "aws-ebs-csi-driver",
]
AddonVersion = Annotated[str, Field(pattern=r"^v\d+\.\d+\.\d+-eksbuild\.\d+$")]
ControlPlaneTier = Literal["tier-xl", "tier-2xl", "tier-4xl", "tier-8xl"]
RoleArn = Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:role/[\w+=,.@/-]+$")]
Subdomain = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]

# `aws eks describe-addon-versions --kubernetes-version 1.35` lists what a region offers.
DEFAULT_ADDONS: Final[Mapping[Addon, str]] = {
    "vpc-cni": "v1.21.1-eksbuild.3",
    "kube-proxy": "v1.35.0-eksbuild.2",
    "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
    "coredns": "v1.13.2-eksbuild.1",
    "metrics-server": "v0.8.1-eksbuild.6",
    "aws-ebs-csi-driver": "v1.57.1-eksbuild.1",
}
_PRIVATE: Final = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_WIDEST_ALLOWED_PREFIX: Final = 16


def _network(value: object) -> IPv4Network:
    try:
        return IPv4Network(str(value))
    except ValueError:
        raise ValueError("not an IPv4 network without host bits; write it like 203.0.113.0/24") from None


def _with_defaults(value: object) -> object:
    return {**DEFAULT_ADDONS, **value} if isinstance(value, Mapping) else value


Network = Annotated[IPv4Network, BeforeValidator(_network)]


class ClusterConfig(Model):
    """One EKS cluster.

    `endpoint_allowlist`: public networks from which the API server answers; none = it answers inside the VPC only.
    `admins`, `viewers`: IAM roles that may administer the cluster, or read everything in it but Secrets.
    `tenants`: subdomains of the tenants that live on this cluster. `addons`: versions that differ from DEFAULT_ADDONS.
    `ami_family`, `ami_release`: the nodes' image, at every group, for the group's architecture; a release that is left
    out is the one of DEFAULT_RELEASES.
    `control_plane_tier`: a provisioned control plane, sized ahead of load. Only that takes `hpa_sync_seconds`, the
    autoscaler's interval (EKS' own is 15; it takes 10 to 15).
    """

    version: Annotated[str, Field(pattern=r"^1\.\d{2}$")] = "1.35"
    endpoint_allowlist: tuple[Network, ...] = ()
    service_cidr: Network = IPv4Network("172.20.0.0/16")
    admins: Annotated[tuple[RoleArn, ...], Field(min_length=1)]
    viewers: tuple[RoleArn, ...] = ()
    tenants: tuple[Subdomain, ...] = ()
    ami_family: Family = "AL2023"
    ami_release: str | None = None
    system: NodeGroupConfig
    flows: FlowNodesConfig
    addons: Annotated[Mapping[Addon, AddonVersion], BeforeValidator(_with_defaults)] = DEFAULT_ADDONS
    log_days: LogDays = 30
    control_plane_tier: ControlPlaneTier | None = None
    hpa_sync_seconds: Annotated[int, Field(ge=10, le=15)] | None = None

    @field_validator("endpoint_allowlist")
    @classmethod
    def _never_the_world(cls, networks: tuple[IPv4Network, ...]) -> tuple[IPv4Network, ...]:
        for network in networks:
            if network.prefixlen < _WIDEST_ALLOWED_PREFIX:
                raise ValueError(
                    f"{network} is too wide for an allowlist; narrow it to the offices' or VPN's addresses"
                )
            if any(network.overlaps(private) for private in _PRIVATE):
                raise ValueError(f"{network} never reaches a public endpoint; remove it, the VPC has a private one")
        return networks

    @field_validator("service_cidr")
    @classmethod
    def _private_services(cls, network: IPv4Network) -> IPv4Network:
        if not any(network.subnet_of(private) for private in _PRIVATE) or not 12 <= network.prefixlen <= 24:
            raise ValueError(f"{network} is not a private /12 to /24; take one that the VPC does not use")
        return network

    @field_validator("tenants", "admins", "viewers")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)} stands twice; remove one")
        return names

    @model_validator(mode="after")
    def _admins_are_no_viewers(self) -> Self:
        if both := sorted(set(self.admins) & set(self.viewers)):
            raise ValueError(f"viewers: {', '.join(both)} is among the admins as well; remove it from one of them")
        return self

    @model_validator(mode="after")
    def _sync_period_needs_a_provisioned_control_plane(self) -> Self:
        if self.hpa_sync_seconds is not None and self.control_plane_tier is None:
            raise ValueError(
                "hpaSyncSeconds: only a provisioned control plane takes it; set controlPlaneTier, or remove it"
            )
        return self

    @model_validator(mode="after")
    def _proxy_of_the_clusters_version(self) -> Self:
        if not self.addons["kube-proxy"].startswith(f"v{self.version}."):
            raise ValueError(
                f"addons.kube-proxy: not a build for {self.version}; set the version of the cluster's own minor"
            )
        return self

    @model_validator(mode="after")
    def _release_of_the_image(self) -> Self:
        if found := release_fault(self.ami_family, self.release, self.version):
            raise ValueError(f"amiRelease: {found}")
        return self

    @property
    def release(self) -> str:
        """The release of the nodes' image."""
        return self.ami_release or DEFAULT_RELEASES[self.ami_family]

    @property
    def groups(self) -> Sequence[NodeGroupConfig]:
        """All that its nodes are of."""
        return [nodes for _, _, nodes in self.pools]

    @property
    def pools(self) -> Sequence[tuple[Pool, Capacity, NodeGroupConfig]]:
        """The same, each with the pool that it is of and how it is paid for."""
        pools: list[tuple[Pool, Capacity, NodeGroupConfig | None]] = [
            ("system", "on-demand", self.system),
            ("flows", "on-demand", self.flows.on_demand),
            ("flows", "spot", self.flows.spot),
        ]
        return [(pool, capacity, nodes) for pool, capacity, nodes in pools if nodes]

    def faults(self, *, production: bool) -> Iterable[tuple[str, str]]:
        """Fields that are too weak for production, with the remedy."""
        if production and self.system.min_size < 3:
            yield "system.minSize", "a zone may be lost; set it to 3 or more"
        if production and self.log_days < 30:
            yield "logDays", "an incident is looked into later than that; set it to 30 or more"
        if production and self.flows.on_demand.min_size < 1:
            yield "flows.onDemand.minSize", "spot nodes alone may all be taken back at once; set it to 1 or more"
