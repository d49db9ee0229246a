"""How soon the second pod is Ready, with this environment's HPA sync period and with EKS's default beside it."""

import json
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from patchbay_local.commands import proof
from patchbay_local.commands.sync_period import EKS_DEFAULT_SECONDS, put_back_after, set_sync_period
from patchbay_local.kubernetes.cluster.spec import ClusterSpec
from patchbay_local.machine import paths

REPORTS: Final = paths.REPORTS / "latency"


def compare(console: Console, *, repeat: int) -> bool:
    """Scale up `repeat` + 1 times under each period; puts this environment's own period back. False: a proof failed."""
    own = ClusterSpec().hpa_sync_seconds
    passed = True
    with put_back_after(console):
        for seconds in (own, EKS_DEFAULT_SECONDS):
            set_sync_period(console, seconds)
            reports = REPORTS / f"sync-{seconds:g}s"
            passed &= proof.run(hpa_sync_seconds=seconds, short=True, repeat=repeat, reports=reports)
    console.print(_table({seconds: _latency(seconds) for seconds in (own, EKS_DEFAULT_SECONDS)}))
    return passed


def _latency(seconds: float) -> dict[str, Any]:
    """What the proof under this period measured; empty where it ended before its first scale-up."""
    result = json.loads((REPORTS / f"sync-{seconds:g}s" / "latest" / "result.json").read_text())
    found: dict[str, Any] = result["latency"] or {}
    return found


def _table(found: dict[float, dict[str, Any]]) -> Table:
    table = Table(title="From process 8 to the second pod Ready", title_justify="left")
    table.add_column("seconds")
    for period in found:
        table.add_column(f"sync {period:g} s", justify="right")
    latencies = list(found.values())
    for name, meaning in (("order_to_ready", "order"), ("metric_to_ready", "metric shown")):
        for percentile in ("p50", "p95"):
            figures = (_told(latency.get(f"{name}_{percentile}")) for latency in latencies)
            table.add_row(f"{meaning} until Ready, {percentile}", *figures)
    driven = (f"{latency.get('n', 0)} of {len(latency.get('scale_ups', ()))}" for latency in latencies)
    table.add_row("scale-ups measured", *driven)
    table.add_section()
    for leg in next((latency["legs_p50"] for latency in latencies if latency), ()):
        table.add_row(f"{leg}, p50 (share)", *(_part(latency, leg) for latency in latencies))
    return table


def _part(latency: dict[str, Any], leg: str) -> str:
    if not latency or latency["legs_p50"][leg] is None:
        return "-"
    return f"{latency['legs_p50'][leg]:.2f} ({latency['shares'][leg]:.0%})"


def _told(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"
