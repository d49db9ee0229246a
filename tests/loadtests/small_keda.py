"""KEDA's own count of what it is asked, and a Prometheus that scrapes it, for a small environment."""

import time
from typing import Any

AUTOSCALERS = 8
SCRAPE_SECONDS = 0.2
EXTERNAL = {"type": "External", "external": {"metric": {"name": "s0-prometheus"}}}


class CountingKeda:
    """Mixed into a small environment. `hpa_seconds`: how often each of the eight HPAs asks."""

    hpa_seconds = 0.5

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._began = time.time()
        self.asked: list[float] = []

    def handle(self, command: str, path: str, document: Any) -> tuple[int, Any] | None:
        if "/external.metrics" in path:
            self.asked.append(time.time())
        if path.endswith("/api/v1/query"):
            return 200, {
                "data": {"result": [{"metric": {"job": "horizon"}, "value": [0, "8"], "values": self._counts()}]}
            }
        if path == "/apis/autoscaling/v2/horizontalpodautoscalers":
            return 200, {"items": [{"spec": {"metrics": [EXTERNAL]}}] * AUTOSCALERS}
        found: tuple[int, Any] | None = super().handle(command, path, document)  # type: ignore[misc]
        return found

    def _counts(self) -> list[list[Any]]:
        scrapes = int((time.time() - self._began) / SCRAPE_SECONDS)
        times = [self._began + number * SCRAPE_SECONDS for number in range(scrapes + 1)]
        return [[at, str(self._calls(at))] for at in times]

    def _calls(self, at: float) -> int:
        return AUTOSCALERS * int((at - self._began) / self.hpa_seconds) + sum(asked <= at for asked in self.asked)
