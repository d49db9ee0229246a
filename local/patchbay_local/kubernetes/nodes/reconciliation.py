"""What is to be done so that the nodes of this machine are the instances of its node groups."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from patchbay_local.kubernetes.cluster.node import NodeState
from patchbay_local.kubernetes.nodes.instance import Instance


@dataclass(frozen=True)
class Actions:
    """`join`: start these nodes; `report`: tell the group that these failed; `end`: no instance is behind these."""

    join: tuple[Instance, ...] = ()
    report: tuple[str, ...] = ()
    end: tuple[str, ...] = ()


def reconcile(
    instances: Iterable[Instance],
    nodes: Mapping[str, NodeState],
    *,
    now: datetime,
    boot: timedelta = timedelta(),
    busy: Collection[str] = (),
) -> Actions:
    """`nodes`: by instance id. `boot`: from an instance's launch to its node's start. What is `busy` is left alone."""
    alive = {one.identity: one for one in instances if one.is_alive}
    known = {name: state for name, state in nodes.items() if name not in busy}
    return Actions(
        join=tuple(
            one
            for name, one in alive.items()
            if name not in busy
            and known.get(name, NodeState.UNFINISHED) is NodeState.UNFINISHED
            and one.healthy
            and now - one.launched >= boot
        ),
        report=tuple(
            name for name, state in known.items() if state is NodeState.DEAD and name in alive and alive[name].healthy
        ),
        end=tuple(name for name in known if name not in alive),
    )
