"""What a scan reads: one list call for each kind."""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from patchbay_standins.cluster_autoscaler.fit.volumes import NO_VOLUMES, Volumes
from patchbay_standins.cluster_autoscaler.kube.api import Api
from patchbay_standins.cluster_autoscaler.objects import DaemonSet, DisruptionBudget, Labels, Namespace, Node, Pod
from patchbay_standins.cluster_autoscaler.volume_objects import Claim, PersistentVolume, StorageClass

# The API server answers from its cache, without asking etcd; what it misses is seen by the next scan.
_CACHED: Final = {"resourceVersion": "0"}
_ENDED: Final = frozenset({"Succeeded", "Failed"})


class _Nodes(BaseModel):
    items: list[Node]


class _Pods(BaseModel):
    items: list[Pod]


class _DaemonSets(BaseModel):
    items: list[DaemonSet]


class _Budgets(BaseModel):
    items: list[DisruptionBudget]


class _Claims(BaseModel):
    items: list[Claim]


class _PersistentVolumes(BaseModel):
    items: list[PersistentVolume]


class _StorageClasses(BaseModel):
    items: list[StorageClass]


class _Namespaces(BaseModel):
    items: list[Namespace]


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
    def __init__(self, api: Api) -> None:
        self._api = api

    def read(self) -> Reading:
        pods = tuple(pod for pod in self._pods() if pod.status.phase not in _ENDED)
        return Reading(
            nodes=tuple(_Nodes.model_validate_json(self._list("/api/v1/nodes")).items),
            pods=pods,
            daemon_sets=tuple(_DaemonSets.model_validate_json(self._list("/apis/apps/v1/daemonsets")).items),
            budgets=tuple(_Budgets.model_validate_json(self._list("/apis/policy/v1/poddisruptionbudgets")).items),
            volumes=self._volumes() if any(_has_claims(pod) for pod in pods) else NO_VOLUMES,
            namespaces=self._namespaces() if any(_selects_namespaces(pod) for pod in pods) else {},
        )

    def pods_on(self, node: str) -> list[Pod]:
        """The pods bound to the node at this moment, not from the cache."""
        found = self._api.read("/api/v1/pods", {"fieldSelector": f"spec.nodeName={node}"})
        return [pod for pod in _Pods.model_validate_json(found).items if pod.status.phase not in _ENDED]

    def _pods(self) -> list[Pod]:
        return _Pods.model_validate_json(self._list("/api/v1/pods")).items

    def _list(self, path: str) -> bytes:
        return self._api.read(path, _CACHED)

    def _volumes(self) -> Volumes:
        return Volumes.of(
            _Claims.model_validate_json(self._list("/api/v1/persistentvolumeclaims")).items,
            _PersistentVolumes.model_validate_json(self._list("/api/v1/persistentvolumes")).items,
            _StorageClasses.model_validate_json(self._list("/apis/storage.k8s.io/v1/storageclasses")).items,
        )

    def _namespaces(self) -> dict[str, Labels]:
        listed = _Namespaces.model_validate_json(self._list("/api/v1/namespaces")).items
        return {namespace.metadata.name: namespace.metadata.labels for namespace in listed}


def _has_claims(pod: Pod) -> bool:
    return any(volume.persistent_volume_claim or volume.ephemeral is not None for volume in pod.spec.volumes)


def _selects_namespaces(pod: Pod) -> bool:
    affinity = pod.spec.affinity
    terms = (*affinity.pod_affinity.required, *affinity.pod_anti_affinity.required)
    return any(term.namespace_selector is not None for term in terms)
