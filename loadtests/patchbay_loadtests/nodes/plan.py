"""What a node proof does, and how long it may take in this environment."""

from pydantic import BaseModel, ConfigDict, Field

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.nodes.autoscaler import AutoscalerTimes
from patchbay_loadtests.nodes.timeline import PhaseName
from patchbay_loadtests.proof.periods import Periods

# A drain may meet pods that take their whole grace to finish what they run.
DRAIN_SECONDS = 120.0


class NodePlan(BaseModel):
    """The phases' sizes and the waits that the verdict rests on. Sizes are in pods.

    `slots`: how many workers find room where the placeholders are; `free_slots`: how many beside them.
    """

    model_config = ConfigDict(frozen=True)

    periods: Periods
    times: AutoscalerTimes
    threshold: int = Field(default=8, ge=1)
    max_pods: int = Field(ge=2)
    placeholders: int = Field(ge=0)
    slots: int = Field(ge=0)
    free_slots: int = Field(ge=0)
    # How long a burst's pods, and a new node for them, may take at the most.
    node_start_seconds: float = Field(default=120, gt=0)

    @property
    def most(self) -> int:
        """The largest burst: the shape's maximum beyond the pod that is always there."""
        return self.max_pods - 1

    @property
    def back_seconds(self) -> float:
        """How long pods and nodes may take to come back to the start size."""
        pods = self.periods.scale_down + 2 * self.periods.metric
        return pods + self.idle_seconds + DRAIN_SECONDS + self.node_start_seconds

    @property
    def idle_seconds(self) -> float:
        """How long a node may be marked as unneeded before it goes, if it goes at all."""
        return self.times.unneeded + self.times.delay_after_add + 4 * self.times.scan

    def bursts(self, wanted: frozenset[PhaseName]) -> dict[PhaseName, int]:
        """The wanted phases that this environment allows, in their order, each with its burst.

        UnusableEnvironmentError where there is none, or where the headroom cannot be exceeded.
        """
        found = {name: pods for name, pods in self._sizes().items() if name in wanted and pods}
        if "beyond-headroom" in found and self.slots >= self.most:
            raise UnusableEnvironmentError(
                f"the headroom holds {self.slots} pods, all {self.most} that the shape may add: make "
                "patchbay:platform.headroom.pods smaller, or max_pods of the shape larger"
            )
        if not found.keys() - {"warm"}:
            raise UnusableEnvironmentError(
                "there is no headroom to burst into: set patchbay:platform.headroom and update the stack, or ask for "
                "--without-headroom"
            )
        return found

    def left_out(self, wanted: frozenset[PhaseName]) -> dict[PhaseName, str]:
        """The wanted phases that this environment does not allow, each with what it lacks for it."""
        lacks = {"warm": "the nodes have no free room; the headroom is held to its absolute limit alone"}
        return {
            name: lacks.get(name, "there is no headroom")
            for name, pods in self._sizes().items()
            if name in wanted and not pods
        }

    def _sizes(self) -> dict[PhaseName, int]:
        """Each phase's burst; 0 where the environment does not allow it."""
        slots = min(self.slots, self.most)
        warm = min(slots or self.most, self.free_slots)
        within = min(slots, warm) or slots
        return {
            "warm": warm,
            # As many as its peer, where there is one: pods that start together slow each other down.
            "within-headroom": within,
            "beyond-headroom": self.most if slots else 0,
            # The same burst with and without.
            "without-headroom": within or self.most,
        }
