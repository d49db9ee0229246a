"""What runs of the cluster, typed."""

from ipaddress import IPv4Address
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from patchbay_local.machine.daemons import DaemonStatus


class NodeStatus(BaseModel):
    """`pid` is the node's first process in the host's pids, None where the node is dead. The name is the instance's."""

    model_config = ConfigDict(frozen=True)

    name: str
    instance_type: str
    group: str
    zone: str
    provider_id: str
    address: IPv4Address
    pid: int | None
    ready: bool


class ClusterStatus(BaseModel):
    """`healthy`: the API server and every daemon and node are up."""

    model_config = ConfigDict(frozen=True)

    api_server: str
    kubeconfig: Path
    api_ready: bool
    control_plane: tuple[DaemonStatus, ...]
    nodes: tuple[NodeStatus, ...]

    @property
    def healthy(self) -> bool:
        return (
            self.api_ready
            and bool(self.nodes)
            and all(daemon.pid for daemon in self.control_plane)
            and all(node.pid and node.ready for node in self.nodes)
        )
