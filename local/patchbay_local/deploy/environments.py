"""The stack of the one-machine environment: its platform on the machine's cluster, its AWS on an emulator."""

from typing import Any, Final

from patchbay_operations.access import Access

from patchbay_local.deploy.emulator import Emulator, client_environment
from patchbay_local.deploy.people import make_roles
from patchbay_local.deploy.stack import pulumi
from patchbay_local.deploy.stack.backend import Backend
from patchbay_local.deploy.stack.stack import Stack
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.machine import addresses, paths

LOCAL: Final = paths.CLUSTER_STACK


def emulator() -> Emulator:
    """Its AWS account."""
    return Emulator.of_stack(LOCAL, StackConfig.read(LOCAL).account)


def require_agreement(config: StackConfig | None = None) -> None:
    """RuntimeError where the stack's config names other addresses of this machine than those that are taken."""
    content = (config or StackConfig.read(LOCAL)).content["config"]
    port, bridge = addresses.EMULATOR_PORTS[LOCAL], addresses.BRIDGE_ADDRESS
    wanted: dict[str, Any] = {
        "patchbay:infra.aws.endpoint": f"http://127.0.0.1:{port}",
        "patchbay:platform.clusterAutoscaler.awsEndpoint": f"http://{bridge}:{port}",
        "patchbay:platform.cluster.networks.apiServer": [f"{bridge}/32", f"{addresses.SERVICE_NETWORK[1]}/32"],
        # An address of the internet needs no range, but is none that a machine would give itself.
        "patchbay:platform.network.connectors.privateRanges": [f"{addresses.ELSEWHERE_ADDRESS}/32"],
        "patchbay:platform.gateway.nodePort": addresses.GATEWAY_NODE_PORT,
        "patchbay:platform.cluster.networks.edge": [str(addresses.BRIDGE_NETWORK), str(addresses.POD_NETWORK)],
    }
    faults = []
    for path, value in wanted.items():
        found: Any = content
        for name in path.split("."):
            found = found.get(name, {})
        if found != value:
            faults.append(f"{path} is {found}: set {value}, as {addresses.SETTINGS} and its defaults say")
    ports = content["patchbay:platform"]["network"]["connectors"]["ports"]
    if not any(_holds(str(given), addresses.FAULTS_RECEIVER_PORT) for given in ports):
        path = "patchbay:platform.network.connectors.ports"
        faults.append(f"{path} is {ports}: add {addresses.FAULTS_RECEIVER_PORT}, ports.faultsReceiver of this machine")
    if faults:
        raise RuntimeError(f"Pulumi.{LOCAL}.yaml: " + "; ".join(faults))


def _holds(ports: str, port: int) -> bool:
    """Whether a port, or a range like 5690-5699, holds a port."""
    first, _, last = ports.partition("-")
    return int(first) <= port <= int(last or first)


def access() -> Access:
    """Its account, for what asks AWS directly."""
    return Access.of_environment(region(), aws_variables())


def make_people() -> None:
    """Give its started account the roles that the stack's config names."""
    config = StackConfig.read(LOCAL)
    make_roles(access(), config.account, config.people)


def region() -> str:
    """Its AWS region."""
    return StackConfig.read(LOCAL).region


def aws_variables() -> dict[str, str]:
    """What points AWS clients at its account."""
    return client_environment(emulator(), region())


def variables() -> dict[str, str]:
    """What a shell needs so that `pulumi`, `kubectl` and AWS clients mean this environment."""
    return {**pulumi.variables(), **aws_variables()}


def local() -> Stack:
    """The engine's stack."""
    return Stack(LOCAL, Backend(paths.PULUMI_BACKEND), environment=aws_variables())
