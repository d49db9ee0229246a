"""Processes at the shapes: they arrive, wait for a slot, run, and are done. Counts per tick, not objects."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from patchbay_operations.capacity.service_time import BINS, TickedService

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_BLOCK_TICKS = 3600
# Prime to BINS: neighbours in time get durations from all over the distribution.
_STRIDE = 13


class Load(Protocol):
    """What is at the shapes, tick by tick."""

    waiting: Counts
    running: Counts

    def step(self, tick: int, slots: Counts) -> None:
        """One tick, with so many slots of ready pods."""


class Processes:
    """The load of a profile.

    `rates`: ticks (an array) to arrivals per tick, one row per tick and a column per shape. Whatever arrived is
    waiting, running or done: `arrived == waiting + running + done` at all times.
    """

    def __init__(
        self,
        rates: Callable[[npt.NDArray[np.int64]], Floats],
        services: Sequence[TickedService],
        *,
        ticks: int,
        poisson: bool,
        arrivals_seed: np.random.SeedSequence,
        service_seed: np.random.SeedSequence,
    ) -> None:
        self._rates, self._ticks, self._poisson = rates, ticks, poisson
        self._arrivals_random = np.random.default_rng(arrivals_seed)
        self._service_random = np.random.default_rng(service_seed)
        self._stays = np.array([service.stays for service in services])
        self._held = np.stack([service.ticks for service in services])
        shapes = len(services)
        self._columns = np.repeat(np.arange(shapes)[:, None], BINS, axis=1)
        self._cycle = (np.arange(BINS) * _STRIDE) % BINS
        self._turn = np.zeros(shapes, np.int64)
        self._ending = np.zeros((int(self._held.max()) + 1, shapes), np.int64)
        self._block = np.zeros((0, shapes), np.int64)
        self._block_start = 0
        self._fraction = np.zeros(shapes)
        # The part of a process that busy slots could have taken on top of whole ones.
        self._part = np.zeros(shapes)
        self.waiting = np.zeros(shapes, np.int64)
        self.running = np.zeros(shapes, np.int64)
        self.done = np.zeros(shapes, np.int64)
        self.carried_in = np.zeros(shapes, np.int64)
        # Running sums, by tick, of what arrived and what was started: all that waiting times need.
        self.arrivals = np.zeros((ticks, shapes), np.int64)
        self.starts = np.zeros((ticks, shapes), np.int64)
        self._arrived = np.zeros(shapes, np.int64)
        self._started = np.zeros(shapes, np.int64)

    @property
    def arrived(self) -> Counts:
        """Everything that came so far, with what was running at the start."""
        return self._arrived + self.carried_in

    def prime(self) -> Counts:
        """Begin with as many running processes as the first tick's rate keeps running; returns their counts."""
        rate = self._rates(np.zeros(1, np.int64))[0] * self._stays
        remaining = np.arange(1, len(self._ending) + 1)
        still = (self._held[None, :, :] >= remaining[:, None, None]).mean(axis=2) * rate
        whole = np.diff(np.round(np.cumsum(still, axis=0)), axis=0, prepend=0).astype(np.int64)
        self._ending += whole
        self.running += whole.sum(axis=0)
        self.carried_in = self.running.copy()
        return self.running.copy()

    def step(self, tick: int, slots: Counts) -> None:
        """End what is due, take in what arrives, start what fits."""
        row = tick % self._ending.shape[0]
        ending = self._ending[row]
        self.running -= ending
        self.done += ending
        self._ending[row] = 0
        arriving = self._arriving(tick)
        self._arrived += arriving
        self.waiting += arriving
        free = np.maximum(slots - self.running, 0)
        # A slot whose process is done before the tick's end takes the next one within it.
        exact = free / self._stays + self._part
        most = exact.astype(np.int64)
        starting = np.minimum(self.waiting, most)
        self._part = np.where(starting == most, exact - most, 0.0)
        staying = np.where(
            starting == most, free, np.minimum(self._service_random.binomial(starting, self._stays), free)
        )
        np.minimum(staying, starting, out=staying)
        self._hold(tick, staying)
        self.waiting -= starting
        self.running += staying
        self.done += starting - staying
        self._started += starting
        self.arrivals[tick] = self._arrived
        self.starts[tick] = self._started

    def _hold(self, tick: int, staying: Counts) -> None:
        each, rest = np.divmod(staying, BINS)
        extra = ((self._cycle[None, :] - self._turn[:, None]) % BINS) < rest[:, None]
        self._turn = (self._turn + rest) % BINS
        rows = (tick + self._held) % self._ending.shape[0]
        np.add.at(self._ending, (rows, self._columns), each[:, None] + extra)

    def _arriving(self, tick: int) -> Counts:
        if tick >= self._block_start + len(self._block):
            ticks = np.arange(tick, min(tick + _BLOCK_TICKS, self._ticks))
            expected = self._rates(ticks)
            if self._poisson:
                self._block = self._arrivals_random.poisson(expected).astype(np.int64)
            else:
                sums = np.cumsum(expected, axis=0) + self._fraction
                # A rate such as 0.1 sums up to a hair below a whole number.
                whole = np.floor(sums + 1e-9)
                self._block = np.diff(whole, axis=0, prepend=0).astype(np.int64)
                self._fraction = sums[-1] - whole[-1]
            self._block_start = tick
        arriving: Counts = self._block[tick - self._block_start]
        return arriving


class Replayed:
    """Counts as they were measured: what waits and what runs is known, what scales is simulated."""

    def __init__(self, counts: Counts) -> None:
        """`counts`: one row per tick, one column per shape."""
        self._counts = counts
        self.waiting = np.zeros(counts.shape[1], np.int64)
        self.running = np.zeros(counts.shape[1], np.int64)

    def step(self, tick: int, slots: Counts) -> None:
        """Take the tick's counts; as many run as there are slots."""
        now = self._counts[min(tick, len(self._counts) - 1)]
        self.running = np.minimum(now, slots)
        self.waiting = now - self.running
