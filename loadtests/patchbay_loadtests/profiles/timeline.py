"""The record of one load; times are seconds since it began."""

from patchbay_loadtests.proof.timeline import Record


class LoadSample(Record):
    """One look at the environment, over all shapes.

    `offered` is the profile's rate in orders a second, `waiting` and `reserved` are processes, `oldest_wait` the
    seconds that the longest-waiting process has waited, `slots` how many processes the steered shape's live workers run
    at once. `desired` and `ready` count pods of shapes, `refused` orders that were given up so far.
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


class LoadTimeline(Record):
    """The whole record. Orders came from `began` to `ended`.

    `waits` are the seconds from an order's arrival until the connector called for each of its lines, sorted;
    `abandoned` counts calls that broke off before their answer.
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
