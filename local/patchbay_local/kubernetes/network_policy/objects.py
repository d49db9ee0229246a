"""What the packet filter is made of: policies, pods and namespaces, read from the API server's JSON."""

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel


def _list(value: object) -> object:
    return [] if value is None else value


def _network(value: object) -> object:
    # The API server takes addresses with host bits.
    return ip_network(value, strict=False) if isinstance(value, str) else value


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Operator(StrEnum):
    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class Requirement(_Document):
    """One line of `matchExpressions`."""

    key: str
    operator: Operator
    values: Annotated[tuple[str, ...], BeforeValidator(_list)] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        match self.operator:
            case Operator.IN:
                return labels.get(self.key) in self.values
            case Operator.NOT_IN:
                return labels.get(self.key) not in self.values
            case Operator.EXISTS:
                return self.key in labels
            case Operator.DOES_NOT_EXIST:
                return self.key not in labels


class Selector(_Document):
    """A label selector; the empty one takes everything."""

    match_labels: Mapping[str, str] = {}
    match_expressions: Annotated[tuple[Requirement, ...], BeforeValidator(_list)] = ()

    def takes(self, labels: Mapping[str, str]) -> bool:
        return self.match_labels.items() <= labels.items() and all(one.holds(labels) for one in self.match_expressions)


class IpBlock(_Document):
    cidr: Network
    except_: Annotated[tuple[Network, ...], BeforeValidator(_list)] = ()

    model_config = ConfigDict(alias_generator=lambda name: name.rstrip("_"))


class Peer(_Document):
    """Either a block of addresses, or pods; without `namespace_selector` those of the policy's own namespace."""

    ip_block: IpBlock | None = None
    pod_selector: Selector | None = None
    namespace_selector: Selector | None = None


class Port(_Document):
    """`port` is a number, a name that each pod resolves for itself, or None for every port of the protocol."""

    protocol: str = "TCP"
    port: int | str | None = None
    end_port: int | None = None


class Rule(_Document):
    """What is allowed: any of `peers` on any of `ports`; an empty one stands for all."""

    peers: tuple[Peer, ...] = ()
    ports: tuple[Port, ...] = ()


class Policy(_Document):
    """`ingress` or `egress` is None where the policy does not isolate its pods in that direction."""

    namespace: str
    name: str
    selector: Selector
    ingress: tuple[Rule, ...] | None
    egress: tuple[Rule, ...] | None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Raises pydantic's ValidationError for what no API server would hand out."""
        spec = document["spec"]
        # As the API server itself completes a policy that does not say.
        types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
        return cls(
            namespace=document["metadata"]["namespace"],
            name=document["metadata"]["name"],
            selector=Selector.model_validate(spec.get("podSelector") or {}),
            ingress=_rules(spec, "ingress", "from") if "Ingress" in types else None,
            egress=_rules(spec, "egress", "to") if "Egress" in types else None,
        )


class Pod(_Document):
    """`address` is None before the pod has one, after it has ended, and where it is its node's."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    node: str
    address: IPv4Address | None
    # (name, protocol) -> number
    ports: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        metadata, spec, status = document["metadata"], document["spec"], document.get("status", {})
        address = status.get("podIP")
        # The address of a pod that has ended may be another's by now.
        has_none = spec.get("hostNetwork") or status.get("phase") in {"Succeeded", "Failed"}
        containers = [*spec.get("containers", []), *spec.get("initContainers", [])]
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            labels=metadata.get("labels") or {},
            node=spec.get("nodeName") or "",
            address=None if has_none or not address else address,
            ports={
                (port["name"], port.get("protocol", "TCP")): port["containerPort"]
                for container in containers
                for port in container.get("ports") or []
                if port.get("name")
            },
        )


class Namespace(_Document):
    name: str
    labels: Mapping[str, str]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        return cls(name=document["metadata"]["name"], labels=document["metadata"].get("labels") or {})


def _rules(spec: Mapping[str, Any], direction: str, peers: str) -> tuple[Rule, ...]:
    return tuple(
        Rule.model_validate({"peers": rule.get(peers) or (), "ports": rule.get("ports") or ()})
        for rule in spec.get(direction) or ()
    )
