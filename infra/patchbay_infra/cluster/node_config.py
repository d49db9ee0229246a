"""Node groups' configuration."""

from typing import Annotated, Literal, Self

from patchbay_config.model import Model
from pydantic import Field, field_validator, model_validator

from patchbay_infra.cluster.architecture import Architecture, strangers
from patchbay_infra.cluster.node_density import most_pods, without_prefixes

Capacity = Literal["on-demand", "spot"]
Pool = Literal["system", "flows"]
InstanceType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\d[a-z0-9-]*\.(metal|\d*x?large|medium|small)$")]
LabelKey = Annotated[str, Field(pattern=r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$")]
LabelValue = Annotated[str, Field(pattern=r"^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$")]

_FEWEST_SPOT_TYPES = 3


class TaintConfig(Model):
    """Keeps pods away that do not tolerate it."""

    key: LabelKey
    value: LabelValue = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"


class NodeGroupConfig(Model):
    """Nodes that are all alike. `desired_size` holds at the group's making only: the autoscaler owns it from there on.

    `architecture`: that of all its types; arm64 is Graviton's. `max_pods`: fewer pods on a node than its addresses and
    EKS allow, which is what is taken where it is left out.
    `max_unavailable_percentage`: how many nodes an update may take away at a time.
    """

    architecture: Architecture = "amd64"
    instance_types: Annotated[tuple[InstanceType, ...], Field(min_length=1, max_length=20)]
    min_size: Annotated[int, Field(ge=0)]
    desired_size: Annotated[int, Field(ge=0)]
    max_size: Annotated[int, Field(ge=1, le=450)]
    disk_gib: Annotated[int, Field(ge=20, le=1000)] = 50
    max_pods: Annotated[int, Field(ge=10, le=250)] | None = None
    max_unavailable_percentage: Annotated[int, Field(ge=1, le=100)] = 33

    @field_validator("instance_types")
    @classmethod
    def _of_one_size(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(types)) != len(types):
            raise ValueError("a type stands twice; remove one")
        if len({name.partition(".")[2] for name in types}) > 1:
            raise ValueError(
                "sizes differ, but the autoscaler takes a group's nodes to be alike; name types of one size"
            )
        return types

    @field_validator("instance_types")
    @classmethod
    def _of_the_nitro_system(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        if found := without_prefixes(types):
            raise ValueError(
                f"{', '.join(found)} cannot be given prefixes of addresses; name types of the Nitro system"
            )
        return types

    @model_validator(mode="after")
    def _of_one_architecture(self) -> Self:
        if found := strangers(self.instance_types, self.architecture):
            other = "amd64" if self.architecture == "arm64" else "arm64"
            are = "is" if len(found) == 1 else "are"
            raise ValueError(
                f"instanceTypes: {', '.join(found)} {are} of {other}, and the group of {self.architecture}; name types "
                f"of {self.architecture}, or set architecture: {other} and name types of that only"
            )
        return self

    @model_validator(mode="after")
    def _no_more_pods_than_addresses(self) -> Self:
        most = most_pods(self.instance_types)
        if self.max_pods is not None and self.max_pods > most:
            raise ValueError(f"maxPods: nodes of these types take {most} pods at most; lower it, or remove it")
        return self

    @property
    def places(self) -> int:
        """The most pods on a node, those on its own network included."""
        return self.max_pods or most_pods(self.instance_types)

    @model_validator(mode="after")
    def _sizes_in_order(self) -> Self:
        if not self.min_size <= self.desired_size <= self.max_size:
            raise ValueError("minSize <= desiredSize <= maxSize does not hold; put desiredSize between the two")
        return self


class SpotNodeGroupConfig(NodeGroupConfig):
    """Nodes that AWS may take back within two minutes, from as many kinds of machine as it takes to be replaced."""

    @field_validator("instance_types")
    @classmethod
    def _enough_kinds(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        if len(types) < _FEWEST_SPOT_TYPES:
            raise ValueError(f"spot capacity of {len(types)} type(s) runs dry; name {_FEWEST_SPOT_TYPES} or more")
        return types


class FlowNodesConfig(Model):
    """Nodes for process flows: a base that stays, and spot nodes above it.

    `zonal`: one group per zone, each with the sizes given here, so that the autoscaler adds a node in the zone to
    which a pod's volume binds it.
    """

    on_demand: NodeGroupConfig
    spot: SpotNodeGroupConfig | None = None
    zonal: bool = False
    taints: tuple[TaintConfig, ...] = ()

    @field_validator("taints")
    @classmethod
    def _each_key_once(cls, taints: tuple[TaintConfig, ...]) -> tuple[TaintConfig, ...]:
        if len({(taint.key, taint.effect) for taint in taints}) != len(taints):
            raise ValueError("a key stands twice with one effect; remove one")
        return taints
