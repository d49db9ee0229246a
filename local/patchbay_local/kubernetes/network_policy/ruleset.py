"""A node's packet filter, as a pure function of the cluster's policies, pods and namespaces.

A packet is judged where it is forwarded, by the addresses that it has between kube-proxy's translation of services and
the masquerading: those of pods. Where its first packet passed, a connection passes. What the node itself sends to its
pods, and they to it, is not forwarded: a kubelet's probes are never judged, nor are they on EKS.

A denied packet is dropped, as Amazon's plugin drops it: who connects waits, and gets through as soon as it is allowed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from patchbay_local.kubernetes.network_policy.objects import IpBlock, Namespace, Peer, Pod, Policy, Rule

TABLE: Final = "inet patchbay-network-policy"
_EVERYWHERE: Final = IPv4Network("0.0.0.0/0")


class _Direction(Enum):
    """`own` is where a packet has the address of the pod that is judged, `other` where it has the peer's."""

    EGRESS = ("egress", "saddr", "daddr")
    INGRESS = ("ingress", "daddr", "saddr")

    def __init__(self, word: str, own: str, other: str) -> None:
        self.word = word
        self.own = own
        self.other = other

    def rules_of(self, policy: Policy) -> tuple[Rule, ...] | None:
        return policy.egress if self is _Direction.EGRESS else policy.ingress


@dataclass(frozen=True)
class Cluster:
    """What policies are judged by; the same for all nodes."""

    policies: Sequence[Policy]
    pods: Sequence[Pod]
    namespaces: Mapping[str, Namespace]
    # A peer is looked for once, not once for each pod that its policy takes.
    _found: dict[tuple[int, str], set[IPv4Address]] = field(default_factory=dict, compare=False)

    def addresses_of(self, peer: Peer, home: str) -> set[IPv4Address]:
        """Of the pods that a peer with selectors takes; `home` is the policy's namespace."""
        key = (id(peer), home)
        if key not in self._found:
            self._found[key] = self._addresses_of(peer, home)
        return self._found[key]

    def _addresses_of(self, peer: Peer, home: str) -> set[IPv4Address]:
        return {
            pod.address
            for pod in self.pods
            if pod.address is not None
            and (
                pod.namespace == home
                if peer.namespace_selector is None
                else peer.namespace_selector.takes(self._labels(pod.namespace))
            )
            and (peer.pod_selector is None or peer.pod_selector.takes(pod.labels))
        }

    def addresses_by_number(self, name: str, protocol: str) -> dict[int, set[IPv4Address]]:
        """Of all pods that call a port so."""
        found: dict[int, set[IPv4Address]] = {}
        for pod in self.pods:
            if pod.address is not None and (number := pod.ports.get((name, protocol))):
                found.setdefault(number, set()).add(pod.address)
        return found

    def _labels(self, namespace: str) -> Mapping[str, str]:
        known = self.namespaces.get(namespace)
        return known.labels if known else {}


def ruleset(cluster: Cluster, node: str) -> str:
    """Input of `nft -f`, which puts it in the place of the node's earlier one in one step. Deterministic."""
    own = sorted(
        (pod for pod in cluster.pods if pod.node == node and pod.address is not None),
        key=lambda pod: (pod.namespace, pod.name),
    )
    chains: list[str] = []
    verdicts: list[str] = []
    for direction in _Direction:
        jumps = []
        for pod in own:
            policies = _isolating(cluster, pod, direction)
            if policies:
                chain = f"{direction.word}-{pod.address}"
                chains += [f"  chain {chain} {{", *_chain(cluster, pod, policies, direction), "  }"]
                jumps.append(f"{pod.address} : jump {chain}")
        if jumps:
            verdicts.append(f"    ip {direction.own} vmap {{ {', '.join(jumps)} }}")
    return "\n".join(
        [
            # Deleting takes a table that is there.
            f"table {TABLE}",
            f"delete table {TABLE}",
            f"table {TABLE} {{",
            *chains,
            "  chain forward {",
            "    type filter hook forward priority filter; policy accept;",
            "    ct state established,related accept",
            *verdicts,
            "  }",
            "}",
            "",
        ]
    )


def _isolating(cluster: Cluster, pod: Pod, direction: _Direction) -> list[Policy]:
    return sorted(
        (
            policy
            for policy in cluster.policies
            if policy.namespace == pod.namespace
            and direction.rules_of(policy) is not None
            and policy.selector.takes(pod.labels)
        ),
        key=lambda policy: policy.name,
    )


def _chain(cluster: Cluster, pod: Pod, policies: Iterable[Policy], direction: _Direction) -> Iterator[str]:
    yield f'    comment "{pod.namespace}/{pod.name}"'
    # A pod may always reach itself, by way of a service too.
    yield f"    ip {direction.other} {pod.address} return"
    for policy in policies:
        for rule in direction.rules_of(policy) or ():
            for peer in _peers(cluster, policy, rule, direction):
                for port in _ports(cluster, pod, rule, direction):
                    yield "    " + " ".join(filter(None, (peer, port, f'return comment "{policy.name}"')))
    yield "    counter drop"


def _peers(cluster: Cluster, policy: Policy, rule: Rule, direction: _Direction) -> Iterator[str]:
    """Matches of the other end, any of which will do; "" matches all."""
    if not rule.peers:
        yield ""
    addresses: set[IPv4Address] = set()
    for peer in rule.peers:
        if peer.ip_block:
            yield from _block(peer.ip_block, direction)
        else:
            addresses |= cluster.addresses_of(peer, policy.namespace)
    if addresses:
        yield f"ip {direction.other} {_set(addresses)}"


def _block(block: IpBlock, direction: _Direction) -> Iterator[str]:
    """Nothing for IPv6, which this cluster's pods do not have."""
    if not isinstance(block.cidr, IPv4Network):
        return
    matches = [] if block.cidr == _EVERYWHERE else [f"ip {direction.other} {block.cidr}"]
    if denied := [network for network in block.except_ if isinstance(network, IPv4Network)]:
        matches.append(f"ip {direction.other} != {_set(denied)}")
    yield " ".join(matches)


def _ports(cluster: Cluster, pod: Pod, rule: Rule, direction: _Direction) -> Iterator[str]:
    """Matches of the port, any of which will do; "" matches all. A name is the receiving pod's."""
    if not rule.ports:
        yield ""
    for port in rule.ports:
        protocol = port.protocol.lower()
        match port.port:
            case None:
                yield f"meta l4proto {protocol}"
            case int(first):
                yield f"{protocol} dport {first}" + (f"-{port.end_port}" if port.end_port else "")
            case str(name) if direction is _Direction.INGRESS:
                if number := pod.ports.get((name, port.protocol)):
                    yield f"{protocol} dport {number}"
            case str(name):
                for number, addresses in sorted(cluster.addresses_by_number(name, port.protocol).items()):
                    yield f"ip daddr {_set(addresses)} {protocol} dport {number}"


def _set(members: Iterable[IPv4Address] | Iterable[IPv4Network]) -> str:
    return f"{{ {', '.join(str(member) for member in sorted(members))} }}"
