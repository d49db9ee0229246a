"""Timelines as a proof records them, for the verdict's tests."""

from patchbay_loadtests.proof.periods import Periods
from patchbay_loadtests.proof.promise import Deployed, Promise
from patchbay_loadtests.proof.timeline import PodLife, Sample, ShapePods, Step, Timeline

PERIODS = Periods(scrape=2, evaluation=2, polling=5, hpa_sync=5, scale_down=16)
PROMISE = Promise(periods=PERIODS, pod_start_seconds=32)
DEPLOYED = Deployed(threshold=8, min_pods=1, max_pods=16, periods=PERIODS, scale_up_tolerance=0)
INTERVAL = 0.5
IDLE = ShapePods(desired=1, replicas=1, ready=1)


def pods(count: int, ready: int | None = None) -> ShapePods:
    """A shape whose HPA and Deployment agree."""
    return ShapePods(desired=count, replicas=count, ready=count if ready is None else ready)


class Recorder:
    """Builds a timeline by saying how long the environment looked how."""

    def __init__(self) -> None:
        self.at = 0.0
        self.samples: list[Sample] = []
        self.steps: list[Step] = []
        self.pods: list[PodLife] = []
        self.deployed = DEPLOYED

    def look(self, seconds: float, processes: int, steered: ShapePods, idle: ShapePods = IDLE) -> None:
        """Samples of one unchanging state."""
        for _ in range(round(seconds / INTERVAL)):
            self.samples.append(
                Sample(
                    at=self.at,
                    waiting=max(0, processes - 8 * steered.ready),
                    reserved=min(processes, 8 * steered.ready),
                    prometheus_pods=float(processes // 8 + 1),
                    metric_pods=float(processes // 8 + 1),
                    steered=steered,
                    idle=idle,
                )
            )
            self.at += INTERVAL

    def step(self, since: float, processes: int) -> Step:
        """The step that began at `since` and ends with the latest sample."""
        step = Step(processes=processes, change=since, end=self.samples[-1].at)
        self.steps.append(step)
        return step

    def repeat(self, since: float, processes: int) -> None:
        """The same for a further scale-up, or the way back from it."""
        self.steps.append(Step(processes=processes, change=since, end=self.samples[-1].at, kind="repeat"))

    def timeline(self) -> Timeline:
        """The record."""
        return Timeline(
            shape="http-connector",
            idle_shape="filter",
            promise=PROMISE,
            deployed=self.deployed,
            steps=tuple(self.steps),
            samples=tuple(self.samples),
            pods=tuple(self.pods),
        )


def repeats(recorder: Recorder, count: int, ready_after: float) -> None:
    """So many further scale-ups, each with its second pod so many seconds after the order, and the way back."""
    for number in range(count):
        since = recorder.at
        recorder.look(ready_after, 8, pods(1))
        recorder.look(4, 8, pods(2))
        at = since + ready_after
        recorder.pods.append(
            PodLife(name=f"repeat-{number}", created=at - 2, scheduled=at - 1, started=at - 0.5, ready=at)
        )
        recorder.repeat(since, 8)
        since = recorder.at
        recorder.look(1, 8, pods(2))
        recorder.look(6, 0, pods(2))
        recorder.look(20, 0, pods(1))
        recorder.repeat(since, 0)


def good_record() -> Recorder:
    """7 stay at one pod, 8 bring the second, none takes it back."""
    recorder = Recorder()
    recorder.look(1, 3, pods(1))
    recorder.look(45, 7, pods(1))
    recorder.step(0.0, 7)
    at_8 = recorder.at
    recorder.look(4, 8, pods(1))
    recorder.look(3, 8, pods(2, ready=1))
    recorder.look(20, 8, pods(2))
    recorder.pods += [
        PodLife(name="worker-a", created=0, scheduled=0, started=0, ready=0),
        PodLife(name="worker-b", created=at_8 + 4.5, scheduled=at_8 + 5, started=at_8 + 6, ready=at_8 + 7),
    ]
    recorder.step(at_8, 8)
    at_0 = recorder.at
    recorder.look(1, 8, pods(2))
    recorder.look(6, 0, pods(2))
    recorder.look(20, 0, pods(1))
    recorder.step(at_0, 0)
    return recorder
