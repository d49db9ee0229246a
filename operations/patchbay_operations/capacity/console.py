"""What the terminal shows of a plan."""

from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from patchbay_operations.capacity.plan import Plan

# Columns of words; the others are of figures.
_WORDS: Final = frozenset({"shape", "group", "type", "capacity"})


def print_plan(console: Console, plan: Plan) -> None:
    """The tables of shapes and nodes, then the limits that are reached."""
    console.print(_shapes(plan))
    console.print(_nodes(plan))
    console.print(
        f"pods: {plan.peak_pods} at the most, {plan.peak_pending_pods} of them without a node, "
        f"for {plan.longest_pending_seconds:.0f} s at the longest; nodes for process flows: {plan.peak_nodes}",
        highlight=False,
    )
    console.print(f"prices: {plan.cost.prices}", highlight=False)
    for remark in plan.remarks:
        console.print(Text.assemble(("- ", "yellow"), remark))
    for limit in plan.warnings:
        console.print(Text.assemble(("! ", "yellow"), f"{limit.field}: {limit.problem}; {limit.remedy}"))


def _shapes(plan: Plan) -> Table:
    table = Table(title=f"{plan.profile} on {plan.stack}, cluster {plan.cluster}: {plan.hours:g} h, seed {plan.seed}")
    for heading in ("shape", "processes", "pods, most", "backlog, most", "wait mean", "p95", "max", "unfinished"):
        table.add_column(heading, justify="left" if heading in _WORDS else "right", overflow="fold")
    for shape in plan.shapes:
        wait = shape.wait_seconds
        table.add_row(
            shape.name,
            f"{shape.arrived:,}",
            f"{shape.peak_pods} of {shape.max_pods}",
            f"{shape.peak_backlog:,}",
            *(f"{seconds:.1f} s" for seconds in (wait.mean, wait.p95, wait.max)),
            f"{shape.waiting_at_end + shape.running_at_end:,}",
        )
    return table


def _nodes(plan: Plan) -> Table:
    table = Table(title=f"Nodes: {plan.cost.usd:,.2f} USD")
    for heading in ("group", "type", "capacity", "nodes, most", "node hours", "USD per hour", "USD"):
        table.add_column(heading, justify="left" if heading in _WORDS else "right", overflow="fold")
    sizes = {group.name: f"{group.peak_nodes} of {group.max_nodes}" for group in plan.groups}
    for item in plan.cost.items:
        table.add_row(
            item.group,
            item.instance_type,
            item.capacity,
            sizes.get(item.group, "fixed"),
            f"{item.node_hours:,.1f}",
            f"{item.usd_per_hour:.4f}",
            f"{item.usd:,.2f}",
        )
    return table
