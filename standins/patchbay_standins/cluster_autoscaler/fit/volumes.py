"""Where a pod's persistent volumes can be reached: a zone's disk ties its pod to that zone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from patchbay_standins.cluster_autoscaler.fit.selectors import admits_node, holds
from patchbay_standins.cluster_autoscaler.objects import Node, Pod
from patchbay_standins.cluster_autoscaler.volume_objects import Claim, PersistentVolume, StorageClass


@dataclass(frozen=True)
class Volumes:
    """The cluster's claims (by `namespace/name`), volumes and storage classes (by name)."""

    claims: Mapping[str, Claim] = field(default_factory=dict)
    volumes: Mapping[str, PersistentVolume] = field(default_factory=dict)
    classes: Mapping[str, StorageClass] = field(default_factory=dict)

    @classmethod
    def of(
        cls, claims: Iterable[Claim], volumes: Iterable[PersistentVolume], classes: Iterable[StorageClass]
    ) -> "Volumes":
        return cls(
            {f"{claim.metadata.namespace}/{claim.metadata.name}": claim for claim in claims},
            {volume.metadata.name: volume for volume in volumes},
            {storage.metadata.name: storage for storage in classes},
        )


NO_VOLUMES: Final = Volumes()


def refusal(pod: Pod, node: Node, known: Volumes) -> str | None:
    """Why the pod's volumes cannot be had on the node."""
    for name in _claim_names(pod):
        claim = known.claims.get(f"{pod.metadata.namespace}/{name}")
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if claim.spec.volume_name:
            volume = known.volumes.get(claim.spec.volume_name)
            required = volume.spec.node_affinity.required if volume else None
            if required is not None and not admits_node(required, node):
                return "node(s) had volume node affinity conflict"
        elif not _may_be_made(claim, node, known):
            return "node(s) didn't find available persistent volumes to bind"
    return None


def _claim_names(pod: Pod) -> Iterable[str]:
    yield from pod.spec.claims
    for volume in pod.spec.volumes:
        if volume.ephemeral is not None:
            yield f"{pod.metadata.name}-{volume.name}"


def _may_be_made(claim: Claim, node: Node, known: Volumes) -> bool:
    """Whether the claim's class makes volumes for the node; a claim that nothing else is known of keeps no pod away."""
    storage = known.classes.get(claim.spec.storage_class_name)
    if storage is None or not storage.allowed_topologies:
        return True
    return any(
        all(
            holds(requirement.model_copy(update={"operator": "In"}), node.labels)
            for requirement in term.match_label_expressions
        )
        for term in storage.allowed_topologies
    )
