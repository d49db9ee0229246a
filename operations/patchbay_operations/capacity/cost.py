"""What the nodes of a plan cost."""

from patchbay_operations.capacity.record import Record
from patchbay_operations.capacity.simulation.engine import Outcome
from patchbay_operations.capacity.simulation.processes import Counts
from patchbay_operations.capacity.simulation.setting import Environment


class CostItem(Record):
    """One group's nodes: hours paid for, from the request for a node until it is terminated."""

    group: str
    instance_type: str
    capacity: str
    node_hours: float
    usd_per_hour: float
    usd: float


class Cost(Record):
    """`usd` is the sum of the items. Instances alone: no volumes, traffic, control plane or data services."""

    usd: float
    items: tuple[CostItem, ...]
    prices: str


def of(environment: Environment, outcome: Outcome, prices: str) -> Cost:
    """The bill of a run."""
    hours = outcome.clock.tick_seconds / 3600
    items = [
        _item(group.name, group.instance_type, group.capacity, float(ticks) * hours, group.usd_per_hour)
        for group, ticks in zip(environment.groups, outcome.node_ticks, strict=True)
    ]
    length = len(outcome.total_pods) * hours
    items += [
        _item(fixed.name, fixed.instance_type, "on-demand", fixed.nodes * length, fixed.usd_per_hour)
        for fixed in environment.fixed
    ]
    return Cost(usd=round(sum(item.usd for item in items), 2), items=tuple(items), prices=prices)


def per_hour(environment: Environment, nodes: Counts) -> float:
    """Dollars per hour with these nodes by group, and the fixed ones."""
    scaled = sum(int(count) * group.usd_per_hour for group, count in zip(environment.groups, nodes, strict=True))
    return round(scaled + sum(fixed.nodes * fixed.usd_per_hour for fixed in environment.fixed), 4)


def _item(name: str, instance_type: str, capacity: str, node_hours: float, usd_per_hour: float) -> CostItem:
    return CostItem(
        group=name,
        instance_type=instance_type,
        capacity=capacity,
        node_hours=round(node_hours, 3),
        usd_per_hour=round(usd_per_hour, 5),
        usd=round(node_hours * usd_per_hour, 2),
    )
