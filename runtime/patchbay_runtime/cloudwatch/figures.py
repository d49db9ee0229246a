"""The figures, each from where it is known."""

from dataclasses import dataclass
from typing import Final, Self

import httpx

from patchbay_runtime.cluster_api import ClusterApi, ClusterAwayError

TIMEOUT_SECONDS: Final = 10.0

WAITING: Final = "WaitingProcesses"
NODES: Final = "Nodes"


@dataclass(frozen=True)
class Figures:
    """`known`: by metric. `missing`: why the others are not."""

    known: dict[str, int]
    missing: list[str]


class Sources:
    """Horizon's workload and the Kubernetes API; while one is away, the other's figure is still known."""

    def __init__(self, horizon: str, cluster: ClusterApi) -> None:
        """`horizon`: the address of the API that serves it."""
        self._horizon = httpx.AsyncClient(base_url=horizon, timeout=TIMEOUT_SECONDS, trust_env=False)
        self._cluster = cluster

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._horizon.aclose()
        await self._cluster.close()

    async def figures(self) -> Figures:
        """As they are now."""
        found = Figures({}, [])
        try:
            found.known[WAITING] = await self._waiting()
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            found.missing.append(f"Horizon gives no workload ({type(error).__name__})")
        try:
            found.known[NODES] = len(await self._cluster.list_metadata("/api/v1/nodes"))
        except ClusterAwayError as error:
            found.missing.append(str(error))
        return found

    async def _waiting(self) -> int:
        """Processes of all shapes that could run now and do not."""
        answer = await self._horizon.get("/horizon/api/workload")
        return sum(int(shape["length"]) for shape in answer.raise_for_status().json())
