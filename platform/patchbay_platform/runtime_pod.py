"""What the API's and the workers' pods share: the image, and how they get into the data stores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from pulumi_kubernetes.core.v1 import (
    EmptyDirVolumeSourceArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    ObjectFieldSelectorArgs,
    VolumeArgs,
    VolumeMountArgs,
)

from patchbay_platform import pods
from patchbay_platform.access_keys import AccessKeys
from patchbay_platform.limits import LimitsConfig
from patchbay_platform.store_access import StoreAccess


@dataclass(frozen=True)
class RuntimePod:
    """The runtime's image and its data stores. `keys`: only what gives access to others has them."""

    image: str
    stores: Sequence[StoreAccess]
    log_level: str
    limits: LimitsConfig
    keys: AccessKeys | None = None

    def with_keys(self, keys: AccessKeys) -> Self:
        """For the API's pods."""
        return replace(self, keys=keys)

    def with_queue_only(self) -> Self:
        """For a pod that looks at the queue and has no business in the database."""
        return replace(self, stores=[store for store in self.stores if store.queue])

    def without_stores(self) -> Self:
        """For a pod that has no business in any of them."""
        return replace(self, stores=[])

    def environment(self) -> list[EnvVarArgs]:
        variables = {name: value for store in self.stores for name, value in store.variables.items()}
        return [
            *(
                EnvVarArgs(name=name, value=value)
                for name, value in {
                    **variables,
                    **(self.keys.variables if self.keys else {}),
                    **self.limits.variables,
                    "PATCHBAY_LOG_LEVEL": self.log_level,
                }.items()
            ),
            _of_pod("PATCHBAY_NODE", "spec.nodeName"),
            # The same for all pods of one roll-out.
            _of_pod("PATCHBAY_RELEASE", "metadata.labels['pod-template-hash']"),
        ]

    def annotations(self) -> dict[str, str] | None:
        return {name: value for store in self.stores for name, value in store.annotations.items()} or None

    def volumes(self) -> list[VolumeArgs]:
        return [
            VolumeArgs(name="temporary", empty_dir=EmptyDirVolumeSourceArgs()),
            *self._files().values(),
        ]

    def mounts(self) -> list[VolumeMountArgs]:
        return [
            pods.mount("temporary", "/tmp"),  # noqa: S108 - a volume of the pod's own
            *(
                VolumeMountArgs(name=volume.name, mount_path=path, read_only=True)
                for path, volume in self._files().items()
            ),
        ]

    def _files(self) -> Mapping[str, VolumeArgs]:
        """Volumes by the directory that they are mounted at."""
        found = {path: volume for store in self.stores for path, volume in store.files.items()}
        return {**found, **self.keys.files} if self.keys else found


def _of_pod(variable: str, field: str) -> EnvVarArgs:
    # With its version, which the API server would fill in: Kubernetes compares the reference as a whole, and an update
    # that was cut off could not be made again, as it would conflict with itself.
    reference = ObjectFieldSelectorArgs(api_version="v1", field_path=field)
    return EnvVarArgs(name=variable, value_from=EnvVarSourceArgs(field_ref=reference))
