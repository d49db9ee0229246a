"""The record of one load; times are seconds since it began."""

from patchbay_loadtests.core.traffic.protocol import Endpoint
from patchbay_loadtests.proof.promise import MAX_PODS, THRESHOLD
from patchbay_loadtests.proof.timeline import Record


class LoadSample(Record):
    """One look at the environment, over all shapes.

    `offered` is the rate that the profile plans in orders a second, `waiting` and `reserved` are processes,
    `oldest_wait` the seconds that the longest-waiting process has waited, `slots` how many processes the steered
    shape's live workers run at once. `desired` and `ready` count pods of shapes, `refused` orders that
    were given up so far.
    """

    at: float
    offered: float
    waiting: int
    reserved: int
    oldest_wait: float
    steered_processes: int
    steered_ready: int
    slots: int
    desired: int
    ready: int
    nodes: int
    nodes_ready: int
    pending: int
    refused: int


class PodEnd(Record):
    """A worker pod of the steered shape that was told to go at `leaving`."""

    name: str
    leaving: float


class SentOrder(Record):
    """`due`: when a customer wanted to place the order; `sent`: its first request; `accepted`: the answer to the last.

    None: it did not come to that.
    """

    due: float
    sent: float | None
    accepted: float | None


class LoadTimeline(Record):
    """The whole record. Orders were due from `began` to `ended`.

    `waits` are the seconds from the moment at which an order was due until the connector called for each of its lines,
    sorted; `abandoned` counts calls that broke off before their answer. The steered shape gets a pod more at every
    `threshold` processes, up to `max_pods`.
    """

    profile: str
    began: float
    ended: float
    orders: int
    samples: tuple[LoadSample, ...]
    waits: tuple[float, ...]
    leaving: tuple[PodEnd, ...]
    refusals: tuple[str, ...] = ()
    abandoned: int = 0
    sent: tuple[SentOrder, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    threshold: int = THRESHOLD
    max_pods: int = MAX_PODS
