"""What a process sees of its node and of its own roll-out, as metrics: Prometheus asks no node and no cluster."""

import shutil
import tempfile
import time

from prometheus_client import Gauge

CLOCK = Gauge(
    "patchbay_node_clock_seconds", "The node's clock in Unix seconds, to be compared with the scraper's.", ["node"]
)
DISK_FREE = Gauge("patchbay_node_disk_free_ratio", "The part of the disk of the node's pods that is free.", ["node"])
INFO = Gauge(
    "patchbay_process_info",
    "1. `release` is the same for all pods of one roll-out, and no other's.",
    ["node", "release"],
)


def expose(node: str, release: str) -> None:
    """Show the metrics under these names; they are read when they are asked for."""
    CLOCK.labels(node).set_function(time.time)
    DISK_FREE.labels(node).set_function(_free_ratio)
    INFO.labels(node, release).set(1)


def _free_ratio() -> float:
    usage = shutil.disk_usage(tempfile.gettempdir())
    return usage.free / usage.total
