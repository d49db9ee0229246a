"""Talks to the sink through the API server's service proxy, so that nothing of it is exposed."""

from pydantic import BaseModel, ConfigDict

from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.ledger import Delivery, deliveries_of
from patchbay_loadtests.core.sink.deployment import SERVICE

# A verifier that dies leaves no process hanging longer than this.
LEASE_SECONDS = 20.0


class SinkState(BaseModel):
    """The gate, how long each delivery is held (oldest first), and the totals.

    `instance` changes when the sink restarts and forgets.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    instance: str
    uptime: float
    gate: str
    lease_seconds: float
    held_seconds: tuple[float, ...]
    received: int
    answered: int
    abandoned: int


class SinkClient:
    """Controls one environment's sink."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    async def state(self) -> SinkState:
        """What the sink holds and has counted."""
        return SinkState.model_validate(await self._cluster.through_service(self._namespace, SERVICE, "/control/state"))

    async def close_gate(self) -> SinkState:
        """Hold deliveries from here on; to be repeated within LEASE_SECONDS."""
        return await self._set_gate(is_open=False)

    async def open_gate(self) -> SinkState:
        """Answer everything that is held, and what comes."""
        return await self._set_gate(is_open=True)

    async def release(self, count: int) -> int:
        """Answer the `count` deliveries that have been held longest; returns how many there were."""
        released = await self._cluster.through_service(
            self._namespace, SERVICE, "/control/release", method="POST", body={"count": count}
        )
        return int(released["released"])

    async def deliveries(self) -> tuple[str, dict[str, Delivery]]:
        """The sink's instance and every business key's deliveries."""
        document = await self._cluster.through_service(self._namespace, SERVICE, "/control/deliveries")
        return str(document["instance"]), deliveries_of(document)

    async def _set_gate(self, *, is_open: bool) -> SinkState:
        document = await self._cluster.through_service(
            self._namespace,
            SERVICE,
            "/control/gate",
            method="PUT",
            body={"open": is_open, "lease_seconds": LEASE_SECONDS},
        )
        return SinkState.model_validate(document)
