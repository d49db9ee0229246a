"""Node groups: which Auto Scaling groups are the autoscaler's, and how they stand."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from patchbay_standins.cluster_autoscaler.aws.clients import Clients

_PAGE: Final = 100
_LEAVING: Final = frozenset(
    {"Terminating", "Terminating:Wait", "Terminating:Proceed", "Terminated", "Detaching", "Detached"}
)


class DiscoveryError(ValueError):
    """A node group flag that cannot be understood."""


@dataclass(frozen=True)
class TagFilter:
    """A tag that a group must have; any value will do where none is given."""

    key: str
    value: str | None


@dataclass(frozen=True)
class NamedGroup:
    """A group of `--nodes`, whose limits are the flag's."""

    name: str
    min_size: int
    max_size: int


@dataclass(frozen=True)
class Instance:
    id: str
    zone: str
    lifecycle: str
    healthy: bool = True

    @property
    def is_leaving(self) -> bool:
        return self.lifecycle in _LEAVING


@dataclass(frozen=True)
class LaunchTemplate:
    id: str
    version: str


@dataclass(frozen=True)
class NodeGroup:
    """An Auto Scaling group. `instance_types` are the overrides of a mixed group, empty elsewhere."""

    name: str
    min_size: int
    max_size: int
    desired: int
    zones: tuple[str, ...]
    instances: tuple[Instance, ...]
    launch_template: LaunchTemplate | None = None
    instance_types: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def present(self) -> tuple[Instance, ...]:
        """The instances that are there to stay."""
        return tuple(instance for instance in self.instances if not instance.is_leaving)

    @property
    def owed(self) -> int:
        """How many instances the group is yet to start."""
        return max(0, self.desired - len(self.present))


def parse_discovery(text: str) -> tuple[TagFilter, ...]:
    """`asg:tag=key,key2=value` as filters that a group must all pass."""
    kind, _, rest = text.partition(":")
    label, equals, listed = rest.partition("=")
    if kind != "asg" or label != "tag" or not equals or not listed:
        raise DiscoveryError(f"--node-group-auto-discovery={text}: write asg:tag=key,otherKey=value")
    filters = []
    for part in listed.split(","):
        key, has_value, value = part.partition("=")
        if not key:
            raise DiscoveryError(f"--node-group-auto-discovery={text}: a tag without a key")
        filters.append(TagFilter(key, value if has_value else None))
    return tuple(filters)


def parse_named(text: str) -> NamedGroup:
    """`min:max:name` of `--nodes`."""
    try:
        low, high, name = text.split(":", 2)
        group = NamedGroup(name, int(low), int(high))
    except ValueError:
        raise DiscoveryError(f"--nodes={text}: write min:max:name") from None
    if not group.name or not 0 <= group.min_size <= group.max_size or group.max_size == 0:
        raise DiscoveryError(f"--nodes={text}: the limits must be 0 <= min <= max, max at least 1, and a name")
    return group


class Groups:
    """Finds the groups anew at each reading."""

    def __init__(self, clients: Clients, discovery: Sequence[str], named: Sequence[str]) -> None:
        self._clients = clients
        self._discovery = tuple(parse_discovery(text) for text in discovery)
        self._named = {group.name: group for group in map(parse_named, named)}

    def read(self) -> dict[str, NodeGroup]:
        """All groups by name: those named, with the limits of their flag, and those found by their tags."""
        found: dict[str, NodeGroup] = {}
        for filters in self._discovery:
            for group in self._describe(Filters=[_as_filter(item) for item in filters]):
                found[group["AutoScalingGroupName"]] = _group(group)
        names = list(self._named)
        for start in range(0, len(names), _PAGE):
            for group in self._describe(AutoScalingGroupNames=names[start : start + _PAGE]):
                limits = self._named[group["AutoScalingGroupName"]]
                found[limits.name] = _group(group | {"MinSize": limits.min_size, "MaxSize": limits.max_size})
        return dict(sorted(found.items()))

    def _describe(self, **which: Any) -> Iterator[dict[str, Any]]:
        pages = self._clients.autoscaling.get_paginator("describe_auto_scaling_groups")
        for page in pages.paginate(MaxRecords=_PAGE, **which):
            yield from page["AutoScalingGroups"]


def _as_filter(wanted: TagFilter) -> dict[str, Any]:
    if wanted.value is None:
        return {"Name": "tag-key", "Values": [wanted.key]}
    return {"Name": f"tag:{wanted.key}", "Values": [wanted.value]}


def _group(described: Mapping[str, Any]) -> NodeGroup:
    mixed = described.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    template = described.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification")
    return NodeGroup(
        name=described["AutoScalingGroupName"],
        min_size=described["MinSize"],
        max_size=described["MaxSize"],
        desired=described["DesiredCapacity"],
        zones=tuple(described.get("AvailabilityZones", ())),
        instances=tuple(_instances(described.get("Instances", ()))),
        launch_template=_template(template) if template else None,
        instance_types=tuple(item["InstanceType"] for item in mixed.get("Overrides", ()) if "InstanceType" in item),
        tags={tag["Key"]: tag.get("Value", "") for tag in described.get("Tags", ())},
    )


def _instances(described: Iterable[Mapping[str, Any]]) -> Iterator[Instance]:
    for item in described:
        yield Instance(
            item["InstanceId"], item["AvailabilityZone"], item["LifecycleState"], item["HealthStatus"] == "Healthy"
        )


def _template(specification: Mapping[str, Any]) -> LaunchTemplate:
    return LaunchTemplate(specification["LaunchTemplateId"], specification.get("Version", "$Default"))
