"""The small environment whose shape can be scaled in two ways, by what its ScaledObject says."""

import time
from typing import Any

from tests.loadtests.small_environment import Rule
from tests.loadtests.small_nodes import SmallNodes

SHAPE = "http-connector"
SCALED_OBJECT = f"/apis/keda.sh/v1alpha1/namespaces/patchbay-runtime/scaledobjects/shape-{SHAPE}"
DEPLOYMENT = f"/apis/apps/v1/namespaces/patchbay-runtime/deployments/shape-{SHAPE}"
SLOTS = 8
Document = dict[str, Any]


def found() -> dict[str, Document]:
    """What of the two objects a load test may change, as it is at first."""
    trigger = {"type": "prometheus", "metadata": {"serverAddress": "http://prometheus:9090", "threshold": "1"}}
    return {
        SCALED_OBJECT: {
            "metadata": {"resourceVersion": "1"},
            "spec": {"maxReplicaCount": 10, "pollingInterval": 5, "fallback": {"replicas": 1}, "triggers": [trigger]},
        },
        DEPLOYMENT: {
            "metadata": {"resourceVersion": "1"},
            "spec": {"template": {"spec": {"terminationGracePeriodSeconds": 85}}},
        },
    }


def merged(document: Any, changes: Any) -> Any:
    """The document after a JSON merge patch."""
    if not isinstance(changes, dict):
        return changes
    old = document if isinstance(document, dict) else {}
    new = {key: merged(old.get(key), value) for key, value in changes.items() if value is not None}
    return {key: value for key, value in {**old, **new}.items() if key not in changes or changes[key] is not None}


class SmallScaling(SmallNodes):
    """`usual` is the rule as soon as the metric's target is a threshold of processes. A process waits for a slot."""

    def __init__(self, ours: Rule, usual: Rule, *, hold_seconds: float) -> None:
        super().__init__(self._desired)
        self.objects = found()
        self._ours, self._usual = ours, usual
        self.thresholds: set[str] = set()
        self._hold_seconds = hold_seconds
        self._running = 0

    def _desired(self, processes: int) -> int:
        rule = self._ours if self.threshold == "1" else self._usual
        return rule(processes)

    @property
    def threshold(self) -> str:
        metadata = self.objects[SCALED_OBJECT]["spec"]["triggers"][0]["metadata"]
        return str(metadata["threshold"])

    def slots(self) -> int:
        return SLOTS * self.ready(SHAPE)

    def handle(self, command: str, path: str, document: Any) -> tuple[int, Any] | None:
        if path in self.objects and command == "PATCH":
            self.objects[path] = merged(self.objects[path], document)
            self.thresholds.add(self.threshold)
            return 200, self.objects[path]
        if path == SCALED_OBJECT:
            return 200, {**self.objects[path], "status": {"hpaName": f"keda-hpa-shape-{SHAPE}"}}
        answer = super().handle(command, path, document)
        if answer is None and command == "GET" and path.startswith("/horizon/"):
            waiting = self.processes - self._running
            row = {"name": SHAPE, "length": waiting, "reserved": self._running, "processes": self.slots()}
            return 200, [row, {"name": "filter", "length": 0, "reserved": 0}]
        return answer

    def before_an_end(self) -> None:
        """What a process that has called the sink waits for."""

    def document(self, path: str) -> Any:
        answer = super().document(path)
        if path == DEPLOYMENT:
            return merged(answer, self.objects[path])
        if path.endswith(f"/horizontalpodautoscalers/keda-hpa-shape-{SHAPE}"):
            target = {"type": "AverageValue", "averageValue": self.threshold}
            metric = {"type": "External", "external": {"target": target}}
            return {**answer, "spec": {**answer["spec"], "metrics": [metric]}}
        return answer

    def _process(self, run: str, key: str) -> None:
        while True:
            with self.lock:
                if self._running < self.slots():
                    self._running += 1
                    break
            time.sleep(0.02)
        body = {"key": key, "hold_seconds": self._hold_seconds}
        self._client.post(self.sink_url("/deliveries"), json=body, headers={"Idempotency-Key": key})
        self.before_an_end()
        with self.lock:
            self._running -= 1
            self.processes -= 1
            self.runs[run] -= 1
