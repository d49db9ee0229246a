"""`/horizon/api/workload`: an entry per shape.

Horizon's keys with Horizon's meaning, and three more: `reserved` (running), `delayed`, `oldest_wait` (seconds).
`length` counts what waits only, as in Horizon, so that a shape's processes are `length + reserved`.
"""

from typing_extensions import TypedDict

from patchbay_runtime.queue import Snapshot


class ShapeWorkload(TypedDict):
    """`wait`: seconds until the waiting ones are begun; `processes`: the slots of live workers."""

    name: str
    length: int
    wait: int
    processes: int
    split_queues: None
    reserved: int
    delayed: int
    oldest_wait: float


def workload(snapshot: Snapshot) -> list[ShapeWorkload]:
    """Every shape, the longest wait first as in Horizon."""
    entries = [
        ShapeWorkload(
            name=shape,
            length=counts.waiting,
            wait=seconds_to_clear(snapshot, shape),
            processes=slots(snapshot, shape),
            split_queues=None,
            reserved=counts.reserved,
            delayed=counts.delayed,
            oldest_wait=round(counts.oldest_wait_seconds, 3),
        )
        for shape, counts in snapshot.counts.items()
    ]
    return sorted(entries, key=lambda entry: -entry["wait"])


def slots(snapshot: Snapshot, shape: str) -> int:
    """How many processes of the shape its live workers run at once."""
    return sum(worker.slots for worker in snapshot.workers if worker.shape == shape)


def seconds_to_clear(snapshot: Snapshot, shape: str) -> int:
    """What waits, times the mean runtime, shared by the slots; by one slot where there is none, as in Horizon."""
    runtime_ms = snapshot.counts[shape].waiting * snapshot.statistics[shape].mean_runtime_ms
    return round(runtime_ms / max(slots(snapshot, shape), 1) / 1000)
