"""What a scan reads: one list call for each kind."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from lightkube import ALL_NS, Client
from lightkube.core.dictmixin import DictMixin
from lightkube.resources import apps_v1, core_v1, policy_v1, storage_v1

from patchbay_standins.cluster_autoscaler.fit.volumes import NO_VOLUMES, Volumes
from patchbay_standins.cluster_autoscaler.objects import (
    DaemonSet,
    DisruptionBudget,
    Labels,
    Namespace,
    Node,
    Object,
    Pod,
)
from patchbay_standins.cluster_autoscaler.volume_objects import Claim, PersistentVolume, StorageClass

_ENDED: Final = frozenset({"Succeeded", "Failed"})
_Kind = TypeVar("_Kind", bound=Object)


@dataclass(frozen=True)
class Reading:
    """The cluster at one moment; pods that have ended are left out."""

    nodes: tuple[Node, ...]
    pods: tuple[Pod, ...]
    daemon_sets: tuple[DaemonSet, ...]
    budgets: tuple[DisruptionBudget, ...]
    volumes: Volumes
    namespaces: dict[str, Labels]


class Reader:
    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self) -> Reading:
        pods = _not_ended(self._client.list(core_v1.Pod, namespace=ALL_NS))
        budgets = self._client.list(policy_v1.PodDisruptionBudget, namespace=ALL_NS)
        return Reading(
            nodes=_all(Node, self._client.list(core_v1.Node)),
            pods=pods,
            daemon_sets=_all(DaemonSet, self._client.list(apps_v1.DaemonSet, namespace=ALL_NS)),
            budgets=_all(DisruptionBudget, budgets),
            volumes=self._volumes() if any(_has_claims(pod) for pod in pods) else NO_VOLUMES,
            namespaces=self._namespaces() if any(_selects_namespaces(pod) for pod in pods) else {},
        )

    def pods_on(self, node: str) -> tuple[Pod, ...]:
        """The pods bound to the node at this moment."""
        return _not_ended(self._client.list(core_v1.Pod, namespace=ALL_NS, fields={"spec.nodeName": node}))

    def _volumes(self) -> Volumes:
        return Volumes.of(
            _all(Claim, self._client.list(core_v1.PersistentVolumeClaim, namespace=ALL_NS)),
            _all(PersistentVolume, self._client.list(core_v1.PersistentVolume)),
            _all(StorageClass, self._client.list(storage_v1.StorageClass)),
        )

    def _namespaces(self) -> dict[str, Labels]:
        listed = _all(Namespace, self._client.list(core_v1.Namespace))
        return {namespace.metadata.name: namespace.metadata.labels for namespace in listed}


def _all(kind: type[_Kind], listed: Iterable[DictMixin]) -> tuple[_Kind, ...]:
    return tuple(kind.model_validate(item.to_dict()) for item in listed)


def _not_ended(listed: Iterable[DictMixin]) -> tuple[Pod, ...]:
    return tuple(pod for pod in _all(Pod, listed) if pod.status.phase not in _ENDED)


def _has_claims(pod: Pod) -> bool:
    return any(volume.persistent_volume_claim or volume.ephemeral is not None for volume in pod.spec.volumes)


def _selects_namespaces(pod: Pod) -> bool:
    affinity = pod.spec.affinity
    terms = (*affinity.pod_affinity.required, *affinity.pod_anti_affinity.required)
    return any(term.namespace_selector is not None for term in terms)
