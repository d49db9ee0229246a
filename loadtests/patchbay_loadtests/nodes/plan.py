"""What a node proof does, and how long it may take in this environment."""

from pydantic import BaseModel, ConfigDict, Field

from patchbay_loadtests.errors import UnusableEnvironmentError
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
        waits = self.periods.scale_down + 2 * self.periods.metric + self.times.unneeded + self.times.delay_after_add
        return waits + 4 * self.times.scan + DRAIN_SECONDS + self.node_start_seconds

    def bursts(self, *, without_headroom: bool) -> dict[PhaseName, int]:
        """The phases in their order, each with its burst; UnusableEnvironmentError where one cannot be driven."""
        found: dict[PhaseName, int] = {}
        within = min(self.slots, self.most)
        warm = min(within or self.most, self.free_slots)
        if warm:
            found["warm"] = warm
        if within:
            if within == self.most:
                raise UnusableEnvironmentError(
                    f"the headroom holds {self.slots} pods, all {self.most} that the shape may add: make "
                    "patchbay:platform.headroom.pods smaller, or max_pods of the shape larger"
                )
            found["within-headroom"] = within
            found["beyond-headroom"] = self.most
        if without_headroom or not within:
            found["without-headroom"] = self.most
        return found
