"""Where a data store keeps its files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self

from patchbay_config.model import Model
from pulumi_kubernetes.core.v1 import (
    EmptyDirVolumeSourceArgs,
    PersistentVolumeClaimArgs,
    PersistentVolumeClaimSpecArgs,
    PersistentVolumeClaimStatusArgs,
    VolumeArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pydantic import Field


class StorageConfig(Model):
    """`storage_class`: of the claim that keeps the data beyond the pod.

    Without one the data lies in the pod's own directory on its node: it outlives the container, not the pod. That is
    for environments whose data may be lost.
    """

    size: Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi)$")]
    storage_class: str | None = None


@dataclass(frozen=True)
class Storage:
    """The volume `data` of a StatefulSet: a claim per pod, or a directory of the pod."""

    volumes: Sequence[VolumeArgs]
    claims: Sequence[PersistentVolumeClaimArgs]

    @classmethod
    def of(cls, config: StorageConfig) -> Self:
        if config.storage_class is None:
            source = EmptyDirVolumeSourceArgs(size_limit=config.size)
            return cls([VolumeArgs(name="data", empty_dir=source)], [])
        # With what the API server would fill in, as Kubernetes compares the claims as a whole: an update that was cut
        # off could not be made again otherwise.
        claim = PersistentVolumeClaimArgs(
            api_version="v1",
            kind="PersistentVolumeClaim",
            metadata=ObjectMetaArgs(name="data"),
            spec=PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                storage_class_name=config.storage_class,
                resources=VolumeResourceRequirementsArgs(requests={"storage": config.size}),
                volume_mode="Filesystem",
            ),
            status=PersistentVolumeClaimStatusArgs(phase="Pending"),
        )
        return cls([], [claim])
