"""Which alerts fire, by Prometheus' own API."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from patchbay_loadtests.core import prometheus
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.errors import UnusableEnvironmentError


def firing(answer: Mapping[str, Any]) -> set[str]:
    """The names of the alerts that fire, from an answer of `/api/v1/alerts`."""
    return {str(alert["labels"]["alertname"]) for alert in answer["data"]["alerts"] if alert.get("state") == "firing"}


def first_moment(answer: Mapping[str, Any]) -> float | None:
    """The first moment of the series in an answer of `/api/v1/query_range`, in Unix seconds."""
    return min((float(series["values"][0][0]) for series in answer["data"]["result"]), default=None)


class AlertWatch:
    """Looks every `look_seconds`; while Prometheus cannot be asked, all stays as it was."""

    def __init__(self, cluster: Cluster, namespace: str, look_seconds: float) -> None:
        self.first_fired: dict[str, float] = {}  # alert -> Unix seconds
        self.last_fired: dict[str, float] = {}
        self.firing: set[str] = set()
        self.looks = 0
        self._cluster = cluster
        self._namespace = namespace
        self._look_seconds = look_seconds

    async def __aenter__(self) -> Self:
        self._looking = asyncio.create_task(self._look_forever())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._looking

    def forget(self, alert: str) -> None:
        """Begin anew: if it fires now it has not fired yet."""
        self.first_fired.pop(alert, None)
        self.last_fired.pop(alert, None)

    async def fires(self, alert: str, since: float, seconds: float) -> None:
        """Wait until the alert has fired, at most `seconds`.

        When it did is in Prometheus' memory. A look may come much later: it needs the API server, which may be away.
        """
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            with contextlib.suppress(UnusableEnvironmentError, LookupError, TypeError):
                if (moment := first_moment(await self._history(alert, since))) is not None:
                    self.first_fired[alert] = min(moment, self.first_fired.get(alert, moment))
                # A Prometheus that restarted has forgotten what was seen before.
                if alert in self.first_fired:
                    return
            await asyncio.sleep(self._look_seconds)

    async def silent(self, alert: str, seconds: float) -> bool:
        """Wait until the alert does not fire; False if it still does after `seconds`."""
        looks, give_up = self.looks, time.monotonic() + seconds
        while self.looks == looks or alert in self.firing:
            if time.monotonic() > give_up:
                return False
            await asyncio.sleep(self._look_seconds)
        return True

    async def _look_forever(self) -> None:
        while True:
            with contextlib.suppress(UnusableEnvironmentError, KeyError, TypeError):
                self._take(firing(await self._ask()))
            await asyncio.sleep(self._look_seconds)

    async def _history(self, alert: str, since: float) -> dict[str, Any]:
        query = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
        params = {"query": query, "start": f"{since:.3f}", "end": f"{time.time():.3f}", "step": "1"}
        return await self._cluster.through_service(
            self._namespace, prometheus.SERVICE, "/api/v1/query_range", params=params
        )

    async def _ask(self) -> dict[str, Any]:
        return await self._cluster.through_service(self._namespace, prometheus.SERVICE, "/api/v1/alerts")

    def _take(self, names: set[str]) -> None:
        self.firing = names
        self.looks += 1
        now = time.time()
        for name in names:
            self.first_fired.setdefault(name, now)
            self.last_fired[name] = now
