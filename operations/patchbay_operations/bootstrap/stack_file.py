"""What the preparation of an environment has to know of `Pulumi.<stack>.yaml`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from patchbay_operations.inputs import InputError
from patchbay_operations.stack_file import INFRA, PartOfStack, StackFile

_EXAMPLE_KEY: Final = ":key/00000000-0000-4000-8000-"
_EXAMPLE_BUCKET: Final = "example-"
# RFC 2606 keeps these from everybody.
_RESERVED_DOMAIN: Final = re.compile(r"(^|\.)example(\.(com|net|org))?$")
# Left out of the file, they are what infra/patchbay_infra says.
_ENDPOINTS: Final = 7


class Aws(PartOfStack):
    """`account_id`: twelve digits."""

    region: str
    account_id: Annotated[str, Field(pattern=r"^\d{12}$")]
    endpoint: str | None = None


class EnvironmentNames(PartOfStack):
    """What tags are made of."""

    name: str
    owner: str
    cost_center: str


class Network(PartOfStack):
    """What takes quotas of VPC."""

    nat_per_zone: bool = True
    interface_endpoints: tuple[str, ...] | None = None

    @property
    def endpoints(self) -> int:
        return _ENDPOINTS if self.interface_endpoints is None else len(self.interface_endpoints)


class Nodes(PartOfStack):
    """A node group at its largest, and how many of its nodes an update replaces at a time, in percent."""

    instance_types: Annotated[tuple[str, ...], Field(min_length=1)]
    max_size: Annotated[int, Field(ge=1)]
    disk_gib: Annotated[int, Field(ge=1)] = 50
    max_unavailable_percentage: Annotated[int, Field(ge=1, le=100)] = 33


class Flows(PartOfStack):
    """`zonal`: a group for each zone."""

    on_demand: Nodes
    spot: Nodes | None = None
    zonal: bool = False


class Cluster(PartOfStack):
    """`admins`: ARNs of roles, with their paths."""

    admins: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    system: Nodes
    flows: Flows


class Databases(PartOfStack):
    """Up to where the storage of each copy grows."""

    storage_limit_gib: Annotated[int, Field(ge=1)] = 500


class Cache(PartOfStack):
    """Nodes of each cluster's cache."""

    nodes: Annotated[int, Field(ge=1)] = 2


class Edge(PartOfStack):
    """`zone_id`: of a hosted zone that is there."""

    domain: Annotated[str, Field(min_length=3)]
    zone_id: str | None = None
    default_cluster: str | None = None
    shield: bool = False


class Delivery(PartOfStack):
    """`state_key_arn`: None where none is made yet."""

    state_bucket: Annotated[str, Field(min_length=3)]
    state_key_arn: Annotated[str, Field(pattern=r"^arn:aws:kms:[a-z0-9-]+:\d{12}:key/[\w-]+$")] | None = None

    @property
    def known_key(self) -> str | None:
        """The key's ARN, unless there is none yet, or the repository's example stands in its place."""
        return None if self.state_key_arn is None or _EXAMPLE_KEY in self.state_key_arn else self.state_key_arn


class Images(PartOfStack):
    """What the registry scans for."""

    registry_scanning: Literal["basic", "enhanced", "none"] = "basic"


class Auditing(PartOfStack):
    """Who records the account's settings: the word `made`, or who gives it."""

    aws_config: Any = None


class Vpn(PartOfStack):
    """Whether there is one."""


class Infra(PartOfStack):
    """The keys below `patchbay:infra` that matter here; the program checks the whole."""

    aws: Aws
    environment: EnvironmentNames
    zones: Annotated[tuple[str, ...], Field(min_length=1)]
    network: Network
    clusters: Annotated[Mapping[str, Cluster], Field(min_length=1)]
    databases: Databases
    cache: Cache
    edge: Edge
    delivery: Delivery
    images: Images = Images()
    auditing: Auditing = Auditing()
    vpn: Vpn | None = None


class _Placement(PartOfStack):
    platform: Mapping[str, str] = {}


class _Connectors(PartOfStack):
    ports: tuple[Any, ...] = ()


class _Policies(PartOfStack):
    connectors: _Connectors = _Connectors()


class Platform(PartOfStack):
    """`nodes.platform`: labels of the nodes that a gateway may run on; `network.connectors.ports`: ranges."""

    nodes: _Placement = _Placement()
    network: _Policies = _Policies()


@dataclass(frozen=True)
class Stack:
    """A stack by its name, and what its file says."""

    name: str
    file: Path
    infra: Infra
    platform: Platform

    @property
    def tags(self) -> dict[str, str]:
        """As the program tags, but for who looks after it."""
        names = self.infra.environment
        return {
            "patchbay:environment": names.name,
            "patchbay:owner": names.owner,
            "patchbay:cost-center": names.cost_center,
            "patchbay:managed-by": "bootstrap",
        }

    def resource_name(self, part: str) -> str:
        return f"patchbay-{self.infra.environment.name}-{part}"


def load_stack(path: Path) -> Stack:
    """InputError, which names the field and the remedy, for a file that nothing may be made by."""
    file = StackFile.read(path)
    infra, platform = file.infra(Infra), file.platform(Platform)
    if faults := examples(infra):
        raise InputError("\n".join(f"{path}: {INFRA}.{fault}" for fault in faults))
    return Stack(file.stack, path, infra, platform)


def examples(infra: Infra) -> list[str]:
    """What would be made by mistake, with the remedy: the repository's examples are nobody's."""
    found = []
    if infra.aws.endpoint is not None:
        found.append("aws.endpoint: names an emulator, which needs no preparation; name a stack on AWS")
    if _RESERVED_DOMAIN.search(infra.edge.domain):
        found.append(f"edge.domain: {infra.edge.domain} is an example; put a domain of your own")
    if infra.delivery.state_bucket.startswith(_EXAMPLE_BUCKET):
        found.append(f"delivery.stateBucket: {infra.delivery.state_bucket} is an example; put a name of your own")
    return found
