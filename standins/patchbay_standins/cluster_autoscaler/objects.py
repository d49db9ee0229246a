"""The few fields of Kubernetes objects that decisions need. Unknown fields are left out when they are read."""

from datetime import UTC, datetime
from functools import cached_property
from math import ceil
from typing import Annotated, Any, Final, Literal

from patchbay_runtime.quantity import millicores, parse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

EPOCH: Final = datetime.fromtimestamp(0, UTC)
Amounts = dict[str, int]  # by resource: CPU in thousandths of a core, the rest in bytes or pieces


def amount(resource: str, text: str) -> int:
    """How much of a resource a quantity is, rounded up as the scheduler does. ValueError where it is none."""
    return millicores(text) if resource == "cpu" else ceil(parse(text))


def _amounts(given: Any) -> Any:
    return {name: amount(name, str(text)) for name, text in (given or {}).items()}


def _or_empty(given: Any) -> Any:
    return {} if given is None else given


def _or_none_listed(given: Any) -> Any:
    return () if given is None else given


class Object(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


Resources = Annotated[Amounts, BeforeValidator(_amounts)]
Labels = Annotated[dict[str, str], BeforeValidator(_or_empty)]


class Owner(Object):
    kind: str
    name: str
    uid: str = ""
    controller: bool = False


class Metadata(Object):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    labels: Labels = {}
    annotations: Labels = {}
    owner_references: tuple[Owner, ...] = ()
    creation_timestamp: datetime = EPOCH
    deletion_timestamp: datetime | None = None


class Condition(Object):
    type: str
    status: str
    reason: str = ""


class Requirement(Object):
    """One expression of a label or node selector."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class LabelSelector(Object):
    match_labels: Labels = {}
    match_expressions: tuple[Requirement, ...] = ()


class NodeSelectorTerm(Object):
    match_expressions: tuple[Requirement, ...] = ()
    match_fields: tuple[Requirement, ...] = ()


class NodeSelector(Object):
    node_selector_terms: tuple[NodeSelectorTerm, ...] = ()


class NodeAffinity(Object):
    required: NodeSelector | None = Field(default=None, alias="requiredDuringSchedulingIgnoredDuringExecution")


class PodAffinityTerm(Object):
    topology_key: str
    label_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()
    namespace_selector: LabelSelector | None = None
    match_label_keys: tuple[str, ...] = ()
    mismatch_label_keys: tuple[str, ...] = ()


class PodAffinity(Object):
    required: tuple[PodAffinityTerm, ...] = Field(default=(), alias="requiredDuringSchedulingIgnoredDuringExecution")


class Affinity(Object):
    node_affinity: NodeAffinity = NodeAffinity()
    pod_affinity: PodAffinity = PodAffinity()
    pod_anti_affinity: PodAffinity = PodAffinity()


class Toleration(Object):
    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


class Taint(Object):
    key: str
    effect: str
    value: str = ""


class SpreadConstraint(Object):
    max_skew: int
    topology_key: str
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    label_selector: LabelSelector | None = None
    min_domains: int = 1
    node_affinity_policy: str = "Honor"
    node_taints_policy: str = "Ignore"
    match_label_keys: tuple[str, ...] = ()


class Port(Object):
    container_port: int = 0
    host_port: int = 0
    host_ip: str = Field(default="", alias="hostIP")
    protocol: str = "TCP"


class ResourceNeeds(Object):
    requests: Resources = {}


class Container(Object):
    resources: ResourceNeeds = ResourceNeeds()
    ports: tuple[Port, ...] = ()
    restart_policy: str = ""


class ClaimSource(Object):
    claim_name: str


class EmptyDir(Object):
    medium: str = ""


class Volume(Object):
    name: str
    persistent_volume_claim: ClaimSource | None = None
    ephemeral: dict[str, Any] | None = None
    empty_dir: EmptyDir | None = None
    host_path: dict[str, Any] | None = None


class PodSpec(Object):
    node_name: str = ""
    scheduler_name: str = "default-scheduler"
    priority: int | None = None
    node_selector: Labels = {}
    affinity: Affinity = Affinity()
    tolerations: tuple[Toleration, ...] = ()
    topology_spread_constraints: tuple[SpreadConstraint, ...] = ()
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    overhead: Resources = {}
    resources: ResourceNeeds = ResourceNeeds()
    volumes: tuple[Volume, ...] = ()
    host_network: bool = False
    termination_grace_period_seconds: int = 30

    @cached_property
    def requests(self) -> Amounts:
        """What the scheduler reserves, one pod included."""
        return _requests(self)

    @cached_property
    def host_ports(self) -> frozenset[tuple[str, int, str]]:
        """(protocol, port, address) of the ports taken on the node."""
        return frozenset(
            (port.protocol, port.host_port or port.container_port, port.host_ip or "0.0.0.0")  # noqa: S104 - a wildcard
            for container in (*self.containers, *self.init_containers)
            for port in container.ports
            if port.host_port or (self.host_network and port.container_port)
        )

    @property
    def claims(self) -> tuple[str, ...]:
        """Names of the persistent volume claims that its volumes are."""
        return tuple(
            volume.persistent_volume_claim.claim_name for volume in self.volumes if volume.persistent_volume_claim
        )


class PodStatus(Object):
    phase: str = "Pending"
    conditions: tuple[Condition, ...] = ()
    nominated_node_name: str = ""


class Pod(Object):
    metadata: Metadata
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def key(self) -> str:
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def controller(self) -> Owner | None:
        return next((owner for owner in self.metadata.owner_references if owner.controller), None)

    @property
    def is_of_a_daemon_set(self) -> bool:
        controller = self.controller
        return controller is not None and controller.kind == "DaemonSet"

    @property
    def is_mirror(self) -> bool:
        return "kubernetes.io/config.mirror" in self.metadata.annotations

    @property
    def is_terminating(self) -> bool:
        return self.metadata.deletion_timestamp is not None

    @cached_property
    def equivalence(self) -> str:
        """The same for pods that the scheduler cannot tell apart: those of one controller with one specification."""
        owner = self.controller
        if owner is None:
            return self.metadata.uid or self.key
        labels = sorted(item for item in self.metadata.labels.items() if item[0] not in _LABELS_OF_ONE_POD)
        parts = (labels, sorted(self.spec.requests.items()), self.spec.claims, self.spec.priority)
        return f"{self.metadata.namespace} {owner.uid or owner.name} {parts}"

    def on(self, node: str) -> "Pod":
        """The pod as if it were bound to the node (to none: the empty name)."""
        return self.model_copy(update={"spec": self.spec.model_copy(update={"node_name": node})})


# Each pod of a StatefulSet or an indexed Job has its own value of these.
_LABELS_OF_ONE_POD: Final = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/job-completion-index",
        "statefulset.kubernetes.io/pod-name",
    }
)


class NodeSpec(Object):
    provider_id: str = Field(default="", alias="providerID")
    taints: Annotated[tuple[Taint, ...], BeforeValidator(_or_none_listed)] = ()
    unschedulable: bool = False


class NodeStatus(Object):
    capacity: Resources = {}
    allocatable: Resources = {}
    conditions: tuple[Condition, ...] = ()


class Node(Object):
    metadata: Metadata
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def labels(self) -> dict[str, str]:
        return self.metadata.labels

    @property
    def instance(self) -> str:
        """The id of its EC2 instance, from `aws:///<zone>/<instance id>`; empty where it is none."""
        provider = self.spec.provider_id
        return provider.rpartition("/")[2] if provider.startswith("aws:") else ""

    @property
    def is_ready(self) -> bool:
        """Says so itself, and no controller has yet to look at it."""
        if any(taint.key in _NOT_READY for taint in self.spec.taints):
            return False
        return any(condition.type == "Ready" and condition.status == "True" for condition in self.status.conditions)


_NOT_READY: Final = frozenset(
    {
        "node.cloudprovider.kubernetes.io/uninitialized",
        "node.kubernetes.io/network-unavailable",
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    }
)


class PodTemplate(Object):
    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()


class DaemonSetSpec(Object):
    template: PodTemplate = PodTemplate()


class DaemonSet(Object):
    metadata: Metadata
    spec: DaemonSetSpec = DaemonSetSpec()


class DisruptionBudgetSpec(Object):
    selector: LabelSelector | None = None


class DisruptionBudgetStatus(Object):
    disruptions_allowed: int = 0


class DisruptionBudget(Object):
    metadata: Metadata
    spec: DisruptionBudgetSpec = DisruptionBudgetSpec()
    status: DisruptionBudgetStatus = DisruptionBudgetStatus()


class Namespace(Object):
    metadata: Metadata


def _requests(spec: PodSpec) -> Amounts:
    """As the scheduler counts: containers and sidecars together, or a larger init container, and the overhead."""
    total: Amounts = {}
    for container in spec.containers:
        _add(total, container.resources.requests)
    sidecars: Amounts = {}
    largest: Amounts = {}
    for container in spec.init_containers:
        if container.restart_policy == "Always":
            _add(sidecars, container.resources.requests)
            _raise_to(largest, sidecars)
        else:
            _raise_to(largest, _sum(sidecars, container.resources.requests))
    _add(total, sidecars)
    _raise_to(total, largest)
    total.update(spec.resources.requests)  # requests of the pod as a whole replace what its containers add up to
    _add(total, spec.overhead)
    total["pods"] = 1
    return {name: value for name, value in total.items() if value}


def _add(total: Amounts, more: Amounts) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def _sum(left: Amounts, right: Amounts) -> Amounts:
    total = dict(left)
    _add(total, right)
    return total


def _raise_to(total: Amounts, other: Amounts) -> None:
    for name, value in other.items():
        total[name] = max(total.get(name, 0), value)
