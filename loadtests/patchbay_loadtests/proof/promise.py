"""What a proof holds an environment to. It is given, never read from the environment that is judged."""

from pydantic import BaseModel, ConfigDict, Field

from patchbay_loadtests.proof.periods import Periods

THRESHOLD = 8
MAX_PODS = 16
QUIET_PERIODS = 3
# The longest grace that a worker with nothing to do needs to leave.
POD_STOP_SECONDS = 30.0
# Above so many pods one more lies within the HPA's usual tolerance of a tenth.
EXACT_WITHOUT_TOLERANCE = 10
# A repeat is about the way up: the pods need not stand long.
REPEAT_HOLD_SECONDS = 1.0


class Promise(BaseModel):
    """A shape's pods follow its processes: `floor(processes / threshold) + 1`, from `min_pods` up to `max_pods`.

    `periods`: the longest waits on the metric path, in seconds. `pod_start_seconds`: a pod's image pull, start and
    readiness, and where nodes are added, a node for it.
    """

    model_config = ConfigDict(frozen=True)

    threshold: int = Field(default=THRESHOLD, ge=1)
    min_pods: int = Field(default=1, ge=1)
    max_pods: int = Field(default=MAX_PODS, ge=1)
    periods: Periods = Periods()
    pod_start_seconds: float = Field(default=60, gt=0)

    def pods(self, processes: int) -> int:
        """How many pods this many processes must have."""
        return max(self.min_pods, min(processes // self.threshold + 1, self.max_pods))

    def hold_seconds(self, processes: int) -> float:
        """How long the pods must stand: below the threshold three full metric periods, else one."""
        return self.periods.metric * (QUIET_PERIODS if 0 < processes < self.threshold else 1)

    def deadline_seconds(self, processes: int) -> float:
        """How long after the load's change the pods may take to stand."""
        if processes == 0:
            return self.periods.scale_down + 2 * self.periods.metric + POD_STOP_SECONDS
        return 2 * self.periods.metric + self.pod_start_seconds


class Deployed(BaseModel):
    """What the environment says of itself; None: it does not say.

    `scale_up_tolerance`: by how much of the pods the metric may differ before the HPA acts.
    """

    model_config = ConfigDict(frozen=True)

    threshold: int | None
    min_pods: int
    max_pods: int
    periods: Periods
    scale_up_tolerance: float | None


def differences(promise: Promise, deployed: Deployed) -> list[str]:
    """In what the environment is not set up as promised, each with the option that says what is promised."""
    found = [
        f"deployed {name} is {'unknown' if is_deployed is None else is_deployed}, promised {promised} ({option})"
        for name, is_deployed, promised, option in (
            ("process threshold", deployed.threshold, promise.threshold, "--threshold"),
            ("minReplicaCount", deployed.min_pods, promise.min_pods, "--min-pods"),
            ("maxReplicaCount", deployed.max_pods, promise.max_pods, "--max-pods"),
        )
        if is_deployed != promised
    ]
    waits = {
        "scrape": "scrape interval of Horizon's counts",
        "evaluation": "evaluation interval of the recording rules",
        "polling": "KEDA polling interval on the metric path",
        "scale_down": "time to scale down",
    }
    found += [
        f"deployed {name} is {slow:g} s, promised at most {promised:g} s (--{field.replace('_', '-')}-seconds)"
        for field, name in waits.items()
        if (slow := getattr(deployed.periods, field)) > (promised := getattr(promise.periods, field))
    ]
    if promise.max_pods > EXACT_WITHOUT_TOLERANCE and deployed.scale_up_tolerance != 0:
        says = "the usual one of 0.1" if deployed.scale_up_tolerance is None else f"{deployed.scale_up_tolerance:g}"
        found.append(
            f"the HPA's tolerance for scaling up is {says}, not 0: a pod more is not seen above "
            f"{EXACT_WITHOUT_TOLERANCE} pods; Kubernetes below 1.35 drops behavior.scaleUp.tolerance"
        )
    return found
