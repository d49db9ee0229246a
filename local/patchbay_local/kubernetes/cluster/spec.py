"""What the local cluster consists of."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from patchbay_local.machine import paths

_PRELOADED = ("pause", "runtime")
MAX_NODES = 200  # addresses .20 to .219 of the bridge's network


class NodeSize(BaseModel):
    """What a node reports to the scheduler, and the cap on its CPU time; this machine may have more or less."""

    model_config = ConfigDict(frozen=True)

    cpus: int = Field(default=2, ge=1)
    memory_mib: int = Field(default=8192, ge=512)
    pods: int = Field(default=110, ge=4, le=250)
    # For images, containers, logs and volumes without a claim. It takes the space of this machine that it uses.
    disk_gib: int = Field(default=20, ge=1)


class Taint(BaseModel):
    """A taint that the node registers with."""

    model_config = ConfigDict(frozen=True)

    key: str
    value: str = ""
    effect: str = Field(default="NoSchedule", pattern="^(NoSchedule|PreferNoSchedule|NoExecute)$")


class NodeSpec(BaseModel):
    """An instance that is to be a node; the provider id is `aws:///<zone>/<instance id>`."""

    model_config = ConfigDict(frozen=True)

    instance_id: str = Field(pattern=r"^i-[0-9a-f]{17}$")
    zone: str = Field(pattern=r"^[a-z]{2}-[a-z]+-\d[a-z]$")
    instance_type: str
    # The node group that the instance belongs to.
    group: str
    size: NodeSize = NodeSize()
    labels: Mapping[str, str] = {}
    taints: tuple[Taint, ...] = ()

    @property
    def name(self) -> str:
        """Of the node, and of its directory, control group and processes: no instance's id is ever used again."""
        return self.instance_id

    @property
    def region(self) -> str:
        return self.zone[:-1]

    @property
    def provider_id(self) -> str:
        return f"aws:///{self.zone}/{self.instance_id}"

    @property
    def all_labels(self) -> dict[str, str]:
        return {
            **self.labels,
            "node.kubernetes.io/instance-type": self.instance_type,
            "topology.kubernetes.io/region": self.region,
            "topology.kubernetes.io/zone": self.zone,
        }


class ClusterImages(BaseModel):
    """References (with digest) of the images that the cluster itself runs."""

    model_config = ConfigDict(frozen=True)

    pause: str
    coredns: str
    # OCI archives that every node imports before its first pod, for images that no registry holds.
    archives: tuple[Path, ...] = ()
    # References of what most pods run: on every node's disk from the start.
    preloaded: tuple[str, ...] = ()

    @classmethod
    def from_lock(cls, lock: Path = paths.IMAGE_LOCK) -> Self:
        """Raises ValueError naming the lock file if it is missing or lacks an image."""
        try:
            images = json.loads(lock.read_text(encoding="utf-8"))
            preloaded = tuple(images[name] for name in _PRELOADED if name in images)
            return cls(pause=images["pause"], coredns=images["coredns"], preloaded=preloaded)
        except FileNotFoundError as error:
            raise ValueError(f"{lock}: no such file; build the images first") from error
        except (KeyError, json.JSONDecodeError) as error:
            raise ValueError(f"{lock}: has no pause and coredns images ({error}); build the images again") from error


class ClusterSpec(BaseModel):
    """The control plane; times in seconds."""

    model_config = ConfigDict(frozen=True)

    # Those of the image lock if not given.
    images: ClusterImages | None = None
    # EKS has 15 by default; its provisioned control plane can be set lower.
    hpa_sync_seconds: float = Field(default=5, gt=0, le=60)
    # Kubernetes has 50. Lower notices a dead node sooner, and also takes a starved one for dead.
    node_monitor_grace_seconds: int = Field(default=20, ge=8, le=300)
