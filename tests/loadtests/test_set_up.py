"""What a load test puts into an environment."""

import asyncio
import io
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from patchbay_loadtests.core import flows
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.set_up import set_up
from patchbay_loadtests.core.target import Target
from rich.console import Console

from tests.loadtests.small_environment import SmallEnvironment, serving


class PolicyKeeper(SmallEnvironment):
    """Keeps the network policies that are put into it, by namespace, and what was open when the flow was registered."""

    def __init__(self) -> None:
        super().__init__(lambda _: 1)
        self.policies: dict[str, Any] = {}
        self.openings_then: dict[str, int] = {}

    def handle(self, command: str, path: str, document: Any) -> tuple[int, Any] | None:
        if command == "PATCH" and "/networkpolicies/" in path:
            self.policies[path.split("/")[5]] = document
        if command == "POST" and path.endswith("/flows"):
            self.openings_then = dict(self.openings)
        return None


async def opened_for(shape: str, environment: PolicyKeeper, kubeconfig: Path) -> None:
    target = Target(host=environment.url, kubeconfig=kubeconfig)
    async with (
        Cluster(kubeconfig, None) as cluster,
        Gateway(environment.url, target.tenant) as gateway,
        AsyncExitStack() as stack,
    ):
        await set_up(
            target,
            Console(file=io.StringIO()),
            cluster,
            gateway,
            stack,
            flow=flows.order_flow,
            sink_python="python3",
            shape=shape,
        )


def test_the_sink_is_reached_by_the_pods_of_the_shape_that_is_steered(tmp_path: Path) -> None:
    environment = PolicyKeeper()
    with serving(environment, tmp_path) as kubeconfig:
        asyncio.run(asyncio.wait_for(opened_for("sftp-connector", environment, kubeconfig), 60))
    callers = {"matchLabels": {"patchbay.dev/shape": "sftp-connector"}}
    egress, ingress = environment.policies["patchbay-runtime"], environment.policies["patchbay-loadtest"]
    assert egress["spec"]["podSelector"] == callers
    assert callers in [peer.get("podSelector") for peer in ingress["spec"]["ingress"][0]["from"]]


def test_connectors_may_call_the_sinks_address_while_the_load_test_lives(tmp_path: Path) -> None:
    environment = PolicyKeeper()
    with serving(environment, tmp_path) as kubeconfig:
        asyncio.run(asyncio.wait_for(opened_for("http-connector", environment, kubeconfig), 60))
    assert environment.openings_then == {"10.96.0.7/443": 300}
    assert environment.openings == {}
