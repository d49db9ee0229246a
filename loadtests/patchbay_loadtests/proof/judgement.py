"""The verdict over a recorded timeline. Pure functions: a record gives the same verdict for ever."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from patchbay_loadtests.proof.promise import REPEAT_HOLD_SECONDS
from patchbay_loadtests.proof.timeline import Record, Sample, ShapePods, Step, Timeline, refresh_batch

# A longer gap in the record could hide a pod that came and went; a busy API server may well take half of it.
MAX_GAP_SECONDS = 8.0
# A look takes a moment: what it saw may belong to just before or after.
SLACK_SECONDS = 1.0


class StepVerdict(Record):
    """A step's outcome; the seconds count from the load's change, None where it never came to that."""

    shape: str
    processes: int
    expected_pods: int
    reached_pods: int
    desired_seconds: float | None
    ready_seconds: float | None
    passed: bool
    reasons: tuple[str, ...] = ()


def settled_at(samples: Sequence[Sample], holds: Callable[[Sample], bool]) -> float | None:
    """When the condition began to hold for all the rest of the samples; None: it does not hold at their end."""
    since: float | None = None
    for sample in samples:
        if not holds(sample):
            since = None
        elif since is None:
            since = sample.at
    return since


def all_ready(sample: Sample, pods: int) -> bool:
    """True when the steered shape has this many pods and each is ready."""
    return sample.steered.ready == sample.steered.replicas == pods


def as_driven(sample: Sample, step: Step) -> bool:
    """True when Horizon counts the processes that the step drives."""
    if sample.processes == step.processes:
        return True
    refreshing = any(begin - SLACK_SECONDS <= sample.at <= end + SLACK_SECONDS for begin, end in step.refreshes)
    return refreshing and step.processes - refresh_batch(step.processes) <= sample.processes < step.processes


def judge_step(timeline: Timeline, step: Step) -> StepVerdict:
    """Whether the step's load gave the expected pods, in time, no more of them, and nothing at the idle shape."""
    samples = [sample for sample in timeline.samples if step.change <= sample.at <= step.end]
    if not samples:
        return _verdict(timeline, step, (), reasons=[f"nothing was recorded at {step.processes} processes"])
    expected = timeline.promise.pods(step.processes)
    desired_at = settled_at(samples, lambda sample: sample.steered.desired == expected)
    ready_at = settled_at(samples, lambda sample: all_ready(sample, expected))
    reasons = [
        *_load_reasons(samples, step),
        *_pod_reasons(timeline, samples, step, desired_at, ready_at),
        *_idle_reasons(timeline, samples, step),
        *_gap_reasons(samples, step),
    ]
    return _verdict(timeline, step, samples, reasons=reasons, desired_at=desired_at, ready_at=ready_at)


def hold_seconds(timeline: Timeline, step: Step) -> float:
    """How long the step's pods must have stood, unchanged, at its end."""
    return REPEAT_HOLD_SECONDS if step.kind == "repeat" else timeline.promise.hold_seconds(step.processes)


def _verdict(
    timeline: Timeline,
    step: Step,
    samples: Sequence[Sample],
    *,
    reasons: Sequence[str],
    desired_at: float | None = None,
    ready_at: float | None = None,
) -> StepVerdict:
    return StepVerdict(
        shape=timeline.shape,
        processes=step.processes,
        expected_pods=timeline.promise.pods(step.processes),
        reached_pods=samples[-1].steered.ready if samples else 0,
        desired_seconds=None if desired_at is None else round(desired_at - step.change, 2),
        ready_seconds=None if ready_at is None else round(ready_at - step.change, 2),
        passed=not reasons,
        reasons=tuple(reasons),
    )


def _load_reasons(samples: Sequence[Sample], step: Step) -> list[str]:
    counted = [as_driven(sample, step) for sample in samples]
    if any(counted) and all(counted[counted.index(True) :]):
        return []
    counts = sorted({sample.processes for sample in samples})
    return [f"the load was not steady: Horizon counted {counts} where {step.processes} processes were driven"]


def _pod_reasons(
    timeline: Timeline, samples: Sequence[Sample], step: Step, desired_at: float | None, ready_at: float | None
) -> list[str]:
    expected = timeline.promise.pods(step.processes)
    deadline = timeline.promise.deadline_seconds(step.processes)
    hold = hold_seconds(timeline, step)
    reasons = []
    allowed = max(expected, _pods_before(timeline, step))
    most = max(max(sample.steered.desired, sample.steered.replicas) for sample in samples)
    if most > allowed:
        reasons.append(f"scaled too far: {most} pods at {step.processes} processes, where {expected} are right")
    last = samples[-1].steered
    if desired_at is None:
        reasons.append(f"{last.desired} pods were desired at {step.processes} processes, not {expected}")
    if ready_at is None:
        reasons.append(f"{last.ready} of {last.replicas} pods were ready at {step.processes} processes, not {expected}")
        return reasons
    seconds = ready_at - step.change
    if seconds > deadline:
        reasons.append(f"too late: {expected} pods were ready after {seconds:.1f} s of {deadline:.0f} s")
    held = samples[-1].at - ready_at
    if held < hold:
        reasons.append(f"{expected} pods were watched for {held:.1f} s only, not {hold:.0f} s")
    return reasons


def _pods_before(timeline: Timeline, step: Step) -> int:
    """The pods that the load before still accounts for; a record begins at rest."""
    earlier = [sample.steered for sample in timeline.samples if sample.at < step.change]
    return max(earlier[-1].desired, earlier[-1].replicas) if earlier else 0


def _idle_reasons(timeline: Timeline, samples: Sequence[Sample], step: Step) -> list[str]:
    if timeline.idle_shape is None:
        return []
    fewest = timeline.promise.min_pods
    idle = ShapePods(desired=fewest, replicas=fewest, ready=fewest)
    moved = next((sample for sample in samples if sample.idle != idle), None)
    if moved is None:
        return []
    seen = "it was not seen"
    if moved.idle is not None:
        seen = f"{moved.idle.desired} desired, {moved.idle.ready} of {moved.idle.replicas} ready at {moved.at:.1f} s"
    stay = f"did not stay at {fewest} pod{'' if fewest == 1 else 's'}"
    return [f"the idle shape {timeline.idle_shape} {stay} at {step.processes} processes: {seen}"]


def _gap_reasons(samples: Sequence[Sample], step: Step) -> list[str]:
    return gap_reasons(longest_gap([step.change, *(sample.at for sample in samples), step.end]))


def longest_gap(times: Sequence[float]) -> float:
    """The longest time, in seconds, between two looks: what pods did then nobody knows."""
    return max(later - earlier for earlier, later in pairwise(times))


def gap_reasons(gap: float) -> list[str]:
    """Why a record with this longest gap gives no good verdict."""
    return [f"nothing was recorded for {gap:.1f} s"] if gap > MAX_GAP_SECONDS else []
