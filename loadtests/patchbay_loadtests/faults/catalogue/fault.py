"""What every fault has."""

import asyncio
import time
from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from patchbay_runtime.catalog import CATALOG

from patchbay_loadtests.core.ledger import MOST_DELIVERIES
from patchbay_loadtests.faults.flows import SHAPE
from patchbay_loadtests.faults.size import FEW_PODS
from patchbay_loadtests.faults.stage import Document, Stage


class Fault(ABC):
    """One thing that goes wrong. An instance is used once.

    `hold_seconds`: how long its cause lasts before `heal`; 0: it is over when it is done.
    `recovery_limit_seconds`: from the end of the cause until service and cluster are as before.
    `usual_seconds`: of load, from before it until after it; what more is needed for all the runs is shared out by it.
    `counts_pods`: it begins with one pod of each shape. `kills_workers`: it begins with workers that Prometheus knows.
    `most_pods`: how many pods each shape of the steady flow may have. `share_of_rate`: how much of the rate that the
    calm allowed comes; less than all where more pods start than did then, from which a small machine has its time.
    """

    name: ClassVar[str]
    question: ClassVar[str]
    # The alert that must fire while it lasts, and fall silent after; and others that may fire.
    alert: str
    also_fires: ClassVar[tuple[str, ...]] = ()
    # From when it is waited for: the fault's begin, the end of its cause, or the moment when all was whole again.
    alert_counts_from: Literal["began", "healed", "whole"] = "began"
    hold_seconds: ClassVar[float] = 0
    recovery_limit_seconds: ClassVar[float] = 120
    usual_seconds: ClassVar[float] = 60
    counts_pods: ClassVar[bool] = False
    kills_workers: ClassVar[bool] = False
    most_pods: ClassVar[int] = FEW_PODS
    share_of_rate: ClassVar[float] = 1.0

    @property
    def most_in_hand(self) -> int:
        """How many deliveries may be repeated, at most, by what the shape's workers had in hand when they died.

        One pod more than it may have: a roll-out starts it before it ends another. Every process may be repeated until
        the queue gives it up.
        """
        return (self.most_pods + 1) * CATALOG[SHAPE].threshold * (MOST_DELIVERIES - 1)

    def __init__(self) -> None:
        self.findings: list[str] = []  # what broke the fault's own promise
        self.notes: list[str] = []  # what was done to what
        self.shown: float | None = None

    def shows(self) -> None:
        """What the alert tells of has come about, where that is later than the fault's begin."""
        self.shown = time.time()

    async def victims(self, stage: Stage) -> list[Document]:
        """The pods that may be killed. Those that restarted before are replaced first."""
        return await stage.pods_of_shape(SHAPE) if self.kills_workers else []

    async def prepare(self, stage: Stage) -> None:  # noqa: B027 - most need nothing
        """Bring about what the fault needs; the service is still undisturbed."""

    @abstractmethod
    async def inject(self, stage: Stage) -> None:
        """Make it go wrong."""

    async def hold(self, stage: Stage) -> None:  # noqa: ARG002 - for faults that watch something meanwhile
        """Let it last."""
        await asyncio.sleep(self.hold_seconds)

    async def heal(self, stage: Stage) -> None:
        """End the cause; what the platform can do by itself is left to it."""
        await stage.put_back()

    async def lacks(self, stage: Stage) -> list[str]:  # noqa: ARG002 - most have nothing of their own
        """What of its own is not over yet, beside the cluster's wholeness."""
        return []
