"""What AWS tells of node groups and their instances."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

_ALIVE: Final = frozenset({"pending", "running"})


@dataclass(frozen=True)
class Instance:
    """`state` is EC2's, `lifecycle` and `healthy` are the Auto Scaling group's."""

    identity: str
    instance_type: str
    zone: str
    cluster: str
    node_group: str
    state: str
    lifecycle: str
    healthy: bool
    launched: datetime

    @property
    def is_alive(self) -> bool:
        """Whether it is a machine, or about to be one."""
        return self.state in _ALIVE and not self.lifecycle.startswith("Terminat")


@dataclass(frozen=True)
class Group:
    """The Auto Scaling group behind a node group."""

    name: str
    desired: int
    instances: tuple[Instance, ...]

    @property
    def is_settled(self) -> bool:
        """Whether it has the instances that it is to have."""
        return len(self.instances) == self.desired and all(
            one.is_alive and one.healthy and one.lifecycle == "InService" for one in self.instances
        )
