"""The chart of a plan: processes, pods, nodes, waiting time and cost over one time axis."""

from io import BytesIO
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from patchbay_operations.capacity.plan import Plan

BLUE, ORANGE, GREEN, GREY, RED = "#1f5fa8", "#d9822b", "#2e8b57", "#8a8f98", "#b3382c"
_GROUPS: Final = (GREEN, "#8fc2a5", "#4c6f91", "#a9c1dd", "#7a5c99", "#c5b3d8")


def plan_png(plan: Plan) -> bytes:
    """The plan as a PNG of 1500 x 1350 pixels."""
    figure = Figure(figsize=(10, 9), dpi=150, layout="constrained")
    figure.suptitle(f"{plan.profile} on {plan.stack}, cluster {plan.cluster}: simulated", fontsize=12)
    processes, pods, nodes, waits = figure.subplots(4, 1, sharex=True, height_ratios=(3, 3, 3, 2))
    _processes(processes, plan)
    _pods(pods, plan)
    _nodes(nodes, plan)
    _waits(waits, plan)
    for axes in (processes, pods, nodes, waits):
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_ylim(bottom=0)
        axes.margins(x=0)
        axes.legend(loc="upper left", ncols=3, frameon=False, fontsize=8)
    for axes in (processes, pods, nodes):
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        # The legend stands above the lines.
        axes.set_ylim(top=max(axes.get_ylim()[1] * 1.3, 1))
    waits.set_xlabel("hours")
    figure.align_ylabels([processes, pods, nodes, waits])
    image = BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()


def _processes(axes: Axes, plan: Plan) -> None:
    series = plan.series
    axes.plot(series.hour, series.running, color=BLUE, linewidth=1.2, label="running")
    axes.fill_between(series.hour, series.waiting, color=RED, alpha=0.5, linewidth=0, label="waiting")
    axes.set_ylabel("processes")


def _pods(axes: Axes, plan: Plan) -> None:
    series = plan.series
    axes.step(series.hour, series.pods_desired, where="post", color=ORANGE, linewidth=1.0, label="desired")
    axes.step(series.hour, series.pods_ready, where="post", color=GREEN, linewidth=1.4, label="ready")
    axes.fill_between(
        series.hour, series.pods_pending, step="post", color=RED, alpha=0.5, linewidth=0, label="without a node"
    )
    if any(series.headroom_pods):
        axes.step(series.hour, series.headroom_pods, where="post", color=GREY, linestyle=":", label="headroom in place")
    axes.set_ylabel("pods")


def _nodes(axes: Axes, plan: Plan) -> None:
    series = plan.series
    counts = series.nodes_paid_by_group
    colors = [_GROUPS[index % len(_GROUPS)] for index in range(len(counts))]
    axes.stackplot(series.hour, list(counts.values()), labels=list(counts), colors=colors, step="post", linewidth=0)
    axes.step(series.hour, series.nodes_ready, where="post", color="black", linewidth=0.8, label="ready")
    axes.set_ylabel("nodes")


def _waits(axes: Axes, plan: Plan) -> None:
    series = plan.series
    axes.plot(series.hour, series.wait_p95_seconds, color=RED, linewidth=1.2, label="wait p95, s")
    axes.plot(series.hour, series.wait_mean_seconds, color=BLUE, linewidth=1.0, label="wait mean, s")
    axes.set_ylabel("seconds")
    axes.set_ylim(top=max(axes.get_ylim()[1] * 1.4, 1))
    cost = axes.twinx()
    cost.plot(series.hour, series.usd_per_hour, color=GREY, linewidth=1.0, linestyle="--", label="USD per hour")
    cost.set_ylabel("USD per hour")
    cost.set_ylim(bottom=0, top=max(series.usd_per_hour, default=1) * 1.5)
    cost.spines[["top"]].set_visible(False)
    cost.legend(loc="upper right", frameon=False, fontsize=8)
