"""The few fields of persistent volumes, their claims and their classes."""

from patchbay_standins.cluster_autoscaler.objects import Metadata, NodeSelector, Object, Requirement


class VolumeNodeAffinity(Object):
    required: NodeSelector | None = None


class PersistentVolumeSpec(Object):
    node_affinity: VolumeNodeAffinity = VolumeNodeAffinity()


class PersistentVolume(Object):
    metadata: Metadata
    spec: PersistentVolumeSpec = PersistentVolumeSpec()


class ClaimSpec(Object):
    volume_name: str = ""
    storage_class_name: str = ""


class Claim(Object):
    metadata: Metadata
    spec: ClaimSpec = ClaimSpec()


class TopologyTerm(Object):
    match_label_expressions: tuple[Requirement, ...] = ()


class StorageClass(Object):
    metadata: Metadata
    allowed_topologies: tuple[TopologyTerm, ...] = ()
