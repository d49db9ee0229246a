"""The cluster as a simulation sees it: nodes, the pods on them, and what these take."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from patchbay_standins.cluster_autoscaler.fit.volumes import NO_VOLUMES, Volumes
from patchbay_standins.cluster_autoscaler.objects import Amounts, Node, Pod

Ports = frozenset[tuple[str, int, str]]


@dataclass(frozen=True)
class Place:
    """A node and its pods; no pod is placed on one that is not open."""

    node: Node
    pods: tuple[Pod, ...] = ()
    used: Mapping[str, int] = field(default_factory=dict)
    ports: Ports = frozenset()
    is_open: bool = True

    @classmethod
    def of(cls, node: Node, pods: Iterable[Pod], *, is_open: bool = True) -> "Place":
        given = tuple(pods)
        used: Amounts = {}
        for pod in given:
            for name, value in pod.spec.requests.items():
                used[name] = used.get(name, 0) + value
        ports = frozenset[tuple[str, int, str]]().union(*(pod.spec.host_ports for pod in given))
        return cls(node, given, used, ports, is_open)

    def with_pod(self, pod: Pod) -> "Place":
        used = dict(self.used)
        for name, value in pod.spec.requests.items():
            used[name] = used.get(name, 0) + value
        return replace(self, pods=(*self.pods, pod), used=used, ports=self.ports | pod.spec.host_ports)


class Snapshot:
    """Copies share what they have in common, so a simulation may change its own."""

    def __init__(
        self,
        places: Iterable[Place],
        volumes: Volumes = NO_VOLUMES,
        namespaces: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._places = {place.node.name: place for place in places}
        self.volumes = volumes
        self.namespaces = namespaces or {}  # labels by namespace
        self._repelling = sum(_repels(pod) for place in self for pod in place.pods)

    def __iter__(self) -> Iterator[Place]:
        return iter(self._places.values())

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, node: str) -> Place:
        return self._places[node]

    def __contains__(self, node: object) -> bool:
        return node in self._places

    @property
    def has_repelling_pods(self) -> bool:
        """Whether any pod has a required anti-affinity, which keeps later pods away."""
        return self._repelling > 0

    def copy(self) -> "Snapshot":
        made = Snapshot((), self.volumes, self.namespaces)
        made._places = dict(self._places)
        made._repelling = self._repelling
        return made

    def add(self, place: Place) -> None:
        self._places[place.node.name] = place
        self._repelling += sum(_repels(pod) for pod in place.pods)

    def remove(self, node: str) -> Place:
        place = self._places.pop(node)
        self._repelling -= sum(_repels(pod) for pod in place.pods)
        return place

    def put(self, pod: Pod, node: str) -> None:
        """Places the pod; whether it fits is the caller's to ask before."""
        self._places[node] = self._places[node].with_pod(pod)
        self._repelling += _repels(pod)


def _repels(pod: Pod) -> bool:
    return bool(pod.spec.affinity.pod_anti_affinity.required)
