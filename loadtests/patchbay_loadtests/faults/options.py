"""How the faults are run."""

from pathlib import Path

from patchbay_local.kubernetes.edge import edge
from patchbay_local.machine import addresses, paths
from pydantic import Field

from patchbay_loadtests.core.target import Target


class Options(Target):
    """This machine's environment, and how much of what. Seconds and orders per second."""

    host: str = edge.URL
    kubeconfig: Path = paths.KUBECONFIG
    tenant: str = "faults"
    data_namespace: str = "patchbay-data"
    gateway_namespace: str = "patchbay-gateway"
    # Where flows deliver to: no address of our own networks, which connectors may not call.
    receiver_address: str = str(addresses.ELSEWHERE_ADDRESS)
    # Always the same one: what an interrupted run left in the queues is delivered to the next. 0: any.
    receiver_port: int = Field(default=5690, ge=0, le=65535)
    # What was changed and not yet put back is kept here.
    state: Path = paths.RUN / "faults"
    reports: Path = paths.REPORTS / "faults"
    # Orders in all; each fault gets a share by the time that it takes anyway.
    runs: int = Field(default=100_000, ge=1)
    # None: half of what turns out to be too much for this machine.
    orders_per_second: float | None = Field(default=None, gt=0, le=500)
    # Undisturbed service before each fault: what it is compared with.
    baseline_seconds: float = Field(default=10, ge=3)
    # Undisturbed service after each, so that a relapse is seen.
    calm_seconds: float = Field(default=20, ge=10)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Whose pods have to be whole again after a fault."""
        return (self.gateway_namespace, self.namespace, self.data_namespace, self.metrics_namespace, "keda")
