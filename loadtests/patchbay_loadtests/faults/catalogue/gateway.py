"""The way in breaks."""

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.machine.containers import kill_containers
from patchbay_loadtests.faults.stage import Document, Stage, is_ready


class GatewayKilled(Fault):
    """kill -9 of one of its pods: its connections break."""

    name = "gateway-killed"
    question = "a gateway pod is killed: does a customer's second try get the same run?"
    alert = "GatewayPodDown"
    recovery_limit_seconds = 60

    async def victims(self, stage: Stage) -> list[Document]:
        return await stage.pods(stage.options.gateway_namespace, "gateway")

    async def inject(self, stage: Stage) -> None:
        pods = [pod for pod in await self.victims(stage) if is_ready(pod)]
        if not pods:
            raise UnusableEnvironmentError("the gateway has no ready pod")
        kill_containers(pods[0])
        self.notes.append(f"killed {pods[0]['metadata']['name']}")
