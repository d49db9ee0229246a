"""What the local cluster consists of."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from patchbay_local import paths

DEFAULT_REGION = "eu-central-1"
MAX_NODES = 200  # addresses .20 to .219 of the bridge's network


class NodeSize(BaseModel):
    """What a node reports to the scheduler, and the cap on its CPU time. Reported is at most what the machine has."""

    model_config = ConfigDict(frozen=True)

    cpus: float = Field(default=2, gt=0)
    memory_mib: int = Field(default=4096, ge=512)
    pods: int = Field(default=110, ge=4, le=250)


class Taint(BaseModel):
    """A taint that the node registers with."""

    model_config = ConfigDict(frozen=True)

    key: str
    value: str = ""
    effect: str = Field(default="NoSchedule", pattern="^(NoSchedule|PreferNoSchedule|NoExecute)$")


class NodeSpec(BaseModel):
    """A node; the provider id is `aws:///<zone>/<instance id>`."""

    model_config = ConfigDict(frozen=True)

    # The name is also a directory, a control group and a part of a process's name.
    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")
    zone: str = Field(pattern=r"^[a-z]{2}-[a-z]+-\d[a-z]$")
    instance_id: str = Field(default="", pattern=r"^(i-[0-9a-f]{17})?$")
    instance_type: str = "m6i.large"
    size: NodeSize = NodeSize()
    labels: Mapping[str, str] = {}
    taints: tuple[Taint, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _made_up_instance_id(cls, data: object) -> object:
        if isinstance(data, dict) and not data.get("instance_id") and isinstance(data.get("name"), str):
            return {**data, "instance_id": "i-" + hashlib.sha256(data["name"].encode()).hexdigest()[:17]}
        return data

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


def default_nodes(count: int = 3, region: str = DEFAULT_REGION, size: NodeSize | None = None) -> tuple[NodeSpec, ...]:
    """Nodes `node-1`, `node-2`, ... in zones a, b and c in turn."""
    return tuple(
        NodeSpec(name=f"node-{number}", zone=f"{region}{'abc'[(number - 1) % 3]}", size=size or NodeSize())
        for number in range(1, count + 1)
    )


class ClusterImages(BaseModel):
    """References (with digest) of the images that the cluster itself runs."""

    model_config = ConfigDict(frozen=True)

    pause: str
    coredns: str
    # OCI archives that every node imports before its first pod, for images that no registry holds.
    archives: tuple[Path, ...] = ()

    @classmethod
    def from_lock(cls, lock: Path = paths.IMAGE_LOCK) -> Self:
        """Raises ValueError naming the lock file if it is missing or lacks an image."""
        try:
            images = json.loads(lock.read_text(encoding="utf-8"))
            return cls(pause=images["pause"], coredns=images["coredns"])
        except FileNotFoundError as error:
            raise ValueError(f"{lock}: no such file; build the images first") from error
        except (KeyError, json.JSONDecodeError) as error:
            raise ValueError(f"{lock}: has no pause and coredns images ({error}); build the images again") from error


class ClusterSpec(BaseModel):
    """The cluster; times in seconds."""

    model_config = ConfigDict(frozen=True)

    nodes: tuple[NodeSpec, ...] = Field(default_factory=default_nodes, min_length=1)
    # Those of the image lock if not given.
    images: ClusterImages | None = None
    # EKS has 15 by default; its provisioned control plane can be set lower.
    hpa_sync_seconds: float = Field(default=5, gt=0, le=60)
    # Kubernetes has 50. Lower notices a dead node sooner, and also takes a starved one for dead.
    node_monitor_grace_seconds: int = Field(default=20, ge=8, le=300)

    @model_validator(mode="after")
    def _nodes_are_distinct(self) -> Self:
        for field in ("name", "instance_id"):
            values = [getattr(node, field) for node in self.nodes]
            if repeated := {value for value in values if values.count(value) > 1}:
                raise ValueError(f"nodes: {field} {', '.join(sorted(repeated))} given more than once")
        if len(self.nodes) > MAX_NODES:
            raise ValueError(f"nodes: at most {MAX_NODES}")
        return self
