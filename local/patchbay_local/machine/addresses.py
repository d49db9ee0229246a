"""The ports and address ranges that the environment takes on this machine, and the file that changes them."""

from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Final, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

SETTINGS: Final = Path("/etc/patchbay/addresses.yaml")

Port = Annotated[int, Field(ge=1, le=65535, strict=True)]


# Of this machine itself, of a link or of groups: connectors may not call there, or no connection is made.
_NOT_ELSEWHERE: Final = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))


class AddressError(RuntimeError):
    """The settings file cannot be used; the message names the file, the field and the remedy."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class EmulatorPorts(_Settings):
    """Of the emulated AWS account of each stack, on loopback; `local`'s also on the bridge."""

    local: Port = 5601
    dev: Port = 5602
    staging: Port = 5603
    production: Port = 5604
    benchmark: Port = 5605


class Ports(_Settings):
    """TCP, on loopback; the API server's, the registry's and that of the faults' receiver are on the bridge."""

    edge: Port = 8080
    api_server: Port = 6443
    registry: Port = 5000
    etcd: Port = 2379
    etcd_peers: Port = 2380
    controller_manager: Port = 10257
    scheduler: Port = 10259
    faults_receiver: Port = 5690
    emulated_aws: EmulatorPorts = EmulatorPorts()

    @model_validator(mode="after")
    def _are_distinct(self) -> Self:
        emulators = self.emulated_aws.model_dump()
        chosen = [*self.model_dump(exclude={"emulated_aws"}).values(), *emulators.values()]
        if twice := [port for port, count in Counter(chosen).items() if count > 1]:
            raise ValueError(f"{twice[0]} is given to two things: give each a port of its own")
        return self


class Networks(_Settings):
    """IPv4 ranges: of the bridge between the nodes, of their pods (a /24 per node), of services.

    And an address on the bridge that nodes and pods take for a system elsewhere, such as a customer's. The default one
    is of a network for tests of networks (RFC 2544).
    """

    bridge: IPv4Network = IPv4Network("10.89.0.0/24")
    pods: IPv4Network = IPv4Network("10.90.0.0/16")
    services: IPv4Network = IPv4Network("10.91.0.0/16")
    elsewhere: IPv4Address = IPv4Address("198.18.0.1")

    @model_validator(mode="after")
    def _fit(self) -> Self:
        # 20 addresses are kept, 200 are nodes'. The API server takes no more than 20 bits of services.
        for name, shortest, longest in (("bridge", 8, 24), ("pods", 8, 16), ("services", 12, 24)):
            network: IPv4Network = getattr(self, name)
            if not shortest <= network.prefixlen <= longest:
                raise ValueError(f"{name} {network}: give it a prefix of /{shortest} to /{longest}")
        for one, other in combinations((self.bridge, self.pods, self.services), 2):
            if one.overlaps(other):
                raise ValueError(f"{one} and {other} overlap: give each a range of its own")
        for network in (self.bridge, self.pods, self.services, *_NOT_ELSEWHERE):
            if self.elsewhere in network:
                raise ValueError(f"elsewhere {self.elsewhere} is in {network}: give it an address outside")
        return self


class Addresses(_Settings):
    """All of it; what the file leaves out has its default."""

    ports: Ports = Ports()
    networks: Networks = Networks()


def load(file: Path = SETTINGS) -> Addresses:
    """Those of the file, or the defaults where there is none. Raises AddressError."""
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Addresses()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AddressError(f"{file}: cannot be read ({error}): correct it, or remove it for the defaults") from error
    try:
        return Addresses.model_validate(content or {})
    except ValidationError as error:
        faults = "; ".join(f"{_field(fault['loc'])}{fault['msg']}" for fault in error.errors(include_url=False))
        raise AddressError(f"{file}: {faults}. Correct it, or remove it for the default") from error


def _field(location: tuple[int | str, ...]) -> str:
    return f"{'.'.join(map(str, location))}: " if location else ""


CHOSEN: Final = load()

BRIDGE: Final = "patchbay0"
BRIDGE_NETWORK: Final = CHOSEN.networks.bridge
BRIDGE_ADDRESS: Final = BRIDGE_NETWORK[1]
ELSEWHERE_ADDRESS: Final = CHOSEN.networks.elsewhere  # on the bridge, too
POD_NETWORK: Final = CHOSEN.networks.pods
SERVICE_NETWORK: Final = CHOSEN.networks.services
DNS_ADDRESS: Final[IPv4Address] = SERVICE_NETWORK[10]

EDGE_PORT: Final = CHOSEN.ports.edge  # on loopback: every 127.0.0.0/8 address is a client of its own
API_SERVER_PORT: Final = CHOSEN.ports.api_server
REGISTRY_PORT: Final = CHOSEN.ports.registry
REGISTRY_HOST: Final = f"registry.patchbay.internal:{REGISTRY_PORT}"  # nodes map it to the bridge address
FAULTS_RECEIVER_PORT: Final = CHOSEN.ports.faults_receiver
EMULATOR_PORTS: Final[dict[str, int]] = CHOSEN.ports.emulated_aws.model_dump()  # by stack


@dataclass(frozen=True)
class PortUse:
    """What a port of this machine is for, and the setting that changes it."""

    port: int
    purpose: str
    setting: str


def port_of_emulator(stack: str) -> PortUse:
    """The port of the stack's emulated AWS account."""
    return PortUse(EMULATOR_PORTS[stack], f"the emulated AWS of {stack}", f"ports.emulatedAws.{stack}")


# What `make up` needs, and `make faults` after it.
CLUSTER_PORTS: Final = (
    PortUse(EDGE_PORT, "the edge", "ports.edge"),
    PortUse(API_SERVER_PORT, "the Kubernetes API server", "ports.apiServer"),
    PortUse(REGISTRY_PORT, "the image registry", "ports.registry"),
    PortUse(CHOSEN.ports.etcd, "etcd", "ports.etcd"),
    PortUse(CHOSEN.ports.etcd_peers, "etcd's peers", "ports.etcdPeers"),
    PortUse(CHOSEN.ports.controller_manager, "the controller manager", "ports.controllerManager"),
    PortUse(CHOSEN.ports.scheduler, "the scheduler", "ports.scheduler"),
    port_of_emulator("local"),
    PortUse(FAULTS_RECEIVER_PORT, "the receiver of `make faults`", "ports.faultsReceiver"),
)
# By the setting that changes it.
RANGES: Final = {
    "networks.bridge": BRIDGE_NETWORK,
    "networks.pods": POD_NETWORK,
    "networks.services": SERVICE_NETWORK,
    "networks.elsewhere": IPv4Network(ELSEWHERE_ADDRESS),
}

GATEWAY_NODE_PORT: Final = 30080  # of each node's own address
