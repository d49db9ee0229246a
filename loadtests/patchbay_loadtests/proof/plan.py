"""What a proof does, and how long it may take in this environment."""

from pydantic import BaseModel, ConfigDict, Field

from patchbay_loadtests.core.flows import CONNECTOR_TIMEOUT_SECONDS
from patchbay_loadtests.proof.periods import Periods

EDGES = (7, 8, 16, 40, 0)
SHORT_EDGES = (7, 8, 0)
QUIET_PERIODS = 3
# The longest grace that a worker with nothing to do needs to leave.
POD_STOP_SECONDS = 30.0
# A delivery is replaced when it has been held this long, well before the connector gives it up.
REFRESH_SECONDS = CONNECTOR_TIMEOUT_SECONDS - 12.0


class Plan(BaseModel):
    """The steps of a proof and the waits that its verdict rests on."""

    model_config = ConfigDict(frozen=True)

    periods: Periods
    threshold: int = Field(default=8, ge=1)
    max_pods: int = Field(ge=1)
    steps: tuple[int, ...] = EDGES
    repeat: int = Field(default=0, ge=0, le=100)
    # A pod's image pull, start and readiness, and where nodes are added, a node for it.
    pod_start_seconds: float = Field(default=60, gt=0)

    def hold_seconds(self, processes: int) -> float:
        """How long the expected pods must stand: below the threshold three full metric periods, else one."""
        return self.periods.metric * (QUIET_PERIODS if 0 < processes < self.threshold else 1)

    def deadline_seconds(self, processes: int) -> float:
        """How long after the load's change the expected pods may take to stand."""
        if processes == 0:
            return self.periods.scale_down + 2 * self.periods.metric + POD_STOP_SECONDS
        return 2 * self.periods.metric + self.pod_start_seconds
