"""How the faults are run."""

import os
from pathlib import Path

from pydantic import Field

from patchbay_loadtests.core.access import TOKEN, Access
from patchbay_loadtests.core.objectives import Objectives, read_objectives
from patchbay_loadtests.core.target import Target
from patchbay_loadtests.faults.machine import place
from patchbay_loadtests.faults.pace import Pace


def _of_this_machine() -> Access:
    """The key that `make up` left, where no other one is named."""
    is_named = TOKEN in os.environ or not place.KEY_FILE.exists()
    return Access.from_environment(token_file=None if is_named else place.KEY_FILE)


class Options(Target):
    """This machine's environment, and how much of what. Seconds and orders per second."""

    host: str = place.HOST
    kubeconfig: Path = place.KUBECONFIG
    tenant: str = "faults"
    access: Access = Field(default_factory=_of_this_machine, exclude=True)
    data_namespace: str = "patchbay-data"
    gateway_namespace: str = "patchbay-gateway"
    # Where flows deliver to: no address of our own networks, which connectors may not call.
    receiver_address: str = place.RECEIVER_ADDRESS
    # Always the same one: what an interrupted run left in the queues is delivered to the next. 0: any.
    receiver_port: int = Field(default=place.RECEIVER_PORT, ge=0, le=65535)
    # What was changed of the machine and not yet put back is kept here.
    state: Path = place.STATE
    reports: Path = place.REPORTS
    # Orders in all; each fault gets a share by the time that it takes anyway.
    runs: int = Field(default=100_000, ge=1)
    # None: half of what turns out to be too much for this machine.
    orders_per_second: float | None = Field(default=None, gt=0, le=500)
    pace: Pace = Pace()
    objectives: Objectives = Field(default_factory=read_objectives)
    # The rules of the alerts, and what is promised of them.
    alerts: Path = place.ALERTS

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Whose pods have to be whole again after a fault."""
        return (self.gateway_namespace, self.namespace, self.data_namespace, self.metrics_namespace, "keda")
