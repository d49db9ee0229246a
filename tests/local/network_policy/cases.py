"""Policies and what the NetworkPolicy API promises of each: who is let through to whom.

The promises are written from https://kubernetes.io/docs/concepts/services-networking/network-policies/ and the API
reference, one by one as conditions on the names, not computed by anything of the product. The subjects are those of
Kubernetes' own end-to-end tests for network plugins.

Everything not named by a case's `denied` condition has to pass.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.local.network_policy.lab import Spec

NAMESPACES = {
    "shop": {"kubernetes.io/metadata.name": "shop", "team": "sales"},
    "pay": {"kubernetes.io/metadata.name": "pay", "team": "money", "audited": "yes"},
    "ops": {"kubernetes.io/metadata.name": "ops", "audited": "yes"},
}
PODS = (
    Spec("shop", "front", 1, 11, {"app": "front"}),
    # Its port `web` is another than that of the rest.
    Spec("shop", "store", 2, 12, {"app": "store", "tier": "data"}, web=81),
    Spec("pay", "front", 2, 13, {"app": "front"}),
    Spec("pay", "store", 1, 14, {"app": "store", "tier": "data"}),
    Spec("ops", "front", 1, 15, {"app": "front"}),
)
Document = dict[str, Any]
STORE = {"podSelector": {"matchLabels": {"app": "store"}}}
ALL: Document = {"podSelector": {}}


@dataclass(frozen=True)
class Case:
    """`denied(client, server, protocol, port)`: names are `namespace/pod` or `outside`."""

    promise: str
    policies: list[Document]
    denied: Callable[[str, str, str, int], bool]


def policy(namespace: str, selects: Document, name: str = "policy", **rules: list[Document]) -> Document:
    """With `ingress`, `egress` or both, which are the types of it too."""
    types = [direction.capitalize() for direction in rules]
    return {
        "metadata": {"namespace": namespace, "name": name},
        "spec": {**selects, "policyTypes": types, **rules},
    }


def within(namespace: str, name: str) -> bool:
    return name.startswith(f"{namespace}/")


def team(**labels: str) -> Document:
    return {"namespaceSelector": {"matchLabels": labels}}


def app(name: str) -> Document:
    return {"podSelector": {"matchLabels": {"app": name}}}


def expression(key: str, operator: str, *values: str) -> Document:
    return {"matchExpressions": [{"key": key, "operator": operator, **({"values": list(values)} if values else {})}]}


def tcp(port: int | str, **more: Any) -> Document:
    return {"protocol": "TCP", "port": port, **more}


def into_store_but(*clients: str) -> Callable[[str, str, str, int], bool]:
    """Nobody but the clients reaches shop/store."""
    return lambda client, server, *_: server == "shop/store" and client not in clients


def into_store(ingress: Document) -> list[Document]:
    return [policy("shop", STORE, ingress=[ingress])]


CASES = (
    Case("pods that no policy selects take and send everything", [], lambda *_: False),
    Case(
        "an ingress policy without rules closes its pods to all",
        [policy("shop", ALL, ingress=[])],
        lambda _, server, *__: within("shop", server),
    ),
    Case(
        "an egress policy without rules lets its pods call nobody, and be called",
        [policy("pay", ALL, egress=[])],
        lambda client, *_: within("pay", client),
    ),
    Case(
        "a policy of both types closes both ways",
        [policy("pay", ALL, ingress=[], egress=[])],
        lambda client, server, *_: within("pay", client) or within("pay", server),
    ),
    Case("an empty rule allows everything", [policy("shop", ALL, ingress=[{}], egress=[{}])], lambda *_: False),
    Case(
        "policies add up: one that allows opens what one without rules closed",
        [policy("shop", ALL, "deny", ingress=[]), policy("shop", ALL, "allow", ingress=[{}])],
        lambda *_: False,
    ),
    Case(
        "a policy selects pods of its own namespace only",
        [policy("shop", STORE, ingress=[])],
        lambda _, server, *__: server == "shop/store",
    ),
    Case(
        "a pod selector alone means pods of the policy's namespace",
        into_store({"from": [app("front")]}),
        into_store_but("shop/front"),
    ),
    Case(
        "an empty pod selector means all pods of the policy's namespace",
        into_store({"from": [ALL]}),
        into_store_but("shop/front"),
    ),
    Case(
        "a namespace selector means all pods of the namespaces",
        into_store({"from": [team(audited="yes")]}),
        into_store_but("pay/front", "pay/store", "ops/front"),
    ),
    Case(
        "an empty namespace selector means all pods of all namespaces, and nobody outside",
        into_store({"from": [{"namespaceSelector": {}}]}),
        into_store_but("shop/front", "pay/front", "pay/store", "ops/front"),
    ),
    Case(
        "both selectors in one peer must hold together",
        into_store({"from": [{**team(audited="yes"), **app("front")}]}),
        into_store_but("pay/front", "ops/front"),
    ),
    Case(
        "selectors in two peers are alternatives",
        into_store({"from": [team(team="money"), app("front")]}),
        into_store_but("pay/front", "pay/store", "shop/front"),
    ),
    Case("a selector that takes no pod lets nobody in", into_store({"from": [team(team="nobody")]}), into_store_but()),
    Case(
        "NotIn takes pods without the label too",
        into_store({"from": [{"namespaceSelector": expression("team", "NotIn", "sales", "x")}]}),
        into_store_but("pay/front", "pay/store", "ops/front"),
    ),
    Case(
        "In takes any of the values",
        into_store({"from": [{"namespaceSelector": expression("team", "In", "money", "x")}]}),
        into_store_but("pay/front", "pay/store"),
    ),
    Case(
        "Exists asks for the label, whatever its value",
        into_store({"from": [{"namespaceSelector": {}, "podSelector": expression("tier", "Exists")}]}),
        into_store_but("pay/store"),
    ),
    Case(
        "DoesNotExist takes pods without the label",
        into_store({"from": [{"namespaceSelector": {}, "podSelector": expression("tier", "DoesNotExist")}]}),
        into_store_but("shop/front", "pay/front", "ops/front"),
    ),
    Case(
        "a policy may select its pods by an expression",
        [policy("shop", {"podSelector": expression("tier", "DoesNotExist")}, ingress=[])],
        lambda _, server, *__: server == "shop/front",
    ),
    Case(
        "a port is open to all where no peer is named",
        into_store({"ports": [tcp(80)]}),
        lambda _, server, protocol, port: server == "shop/store" and (protocol, port) != ("TCP", 80),
    ),
    Case(
        "a port of UDP is not that of TCP",
        into_store({"ports": [{"protocol": "UDP", "port": 80}]}),
        lambda _, server, protocol, __: server == "shop/store" and protocol == "TCP",
    ),
    Case(
        "a protocol without a port means all ports of it",
        into_store({"ports": [{"protocol": "TCP"}]}),
        lambda _, server, protocol, __: server == "shop/store" and protocol == "UDP",
    ),
    Case(
        "a range of ports holds both its ends",
        into_store({"ports": [tcp(79, endPort=80)]}),
        lambda _, server, protocol, port: server == "shop/store" and (protocol, port) != ("TCP", 80),
    ),
    Case(
        "several ports are alternatives",
        into_store({"ports": [tcp(81), {"protocol": "UDP", "port": 80}]}),
        lambda _, server, protocol, port: server == "shop/store" and (protocol, port) == ("TCP", 80),
    ),
    Case(
        "a named port is the number that the pod gives it",
        [policy("shop", ALL, ingress=[{"ports": [tcp("web")]}])],
        lambda _, server, protocol, port: (
            within("shop", server)
            and (server, protocol, port) not in {("shop/front", "TCP", 80), ("shop/store", "TCP", 81)}
        ),
    ),
    Case(
        "a name is looked for with its protocol",
        [policy("shop", ALL, ingress=[{"ports": [{"protocol": "UDP", "port": "web"}]}])],
        lambda _, server, *__: within("shop", server),
    ),
    Case(
        "a named port in an egress rule is the called pod's, and nobody's outside",
        [policy("ops", ALL, egress=[{"ports": [tcp("web")]}])],
        lambda client, server, protocol, port: (
            client == "ops/front"
            and not (protocol == "TCP" and server != "outside" and port == (81 if server == "shop/store" else 80))
        ),
    ),
    Case(
        "a named port holds together with the peers of its rule",
        [policy("ops", ALL, egress=[{"to": [{**team(team="sales"), **app("store")}], "ports": [tcp("web")]}])],
        lambda client, server, protocol, port: (
            client == "ops/front" and (server, protocol, port) != ("shop/store", "TCP", 81)
        ),
    ),
    Case(
        "peers and ports of one rule hold together, those of two rules do not mix",
        [
            policy(
                "shop",
                STORE,
                ingress=[
                    {"from": [team(team="money")], "ports": [tcp(80)]},
                    {"from": [app("front")], "ports": [tcp(81)]},
                ],
            )
        ],
        lambda client, server, protocol, port: (
            server == "shop/store"
            and not (within("pay", client) and (protocol, port) == ("TCP", 80))
            and not (client == "shop/front" and (protocol, port) == ("TCP", 81))
        ),
    ),
    Case(
        "who calls needs leave to call though the called one would take it",
        [
            policy("shop", app("front"), "calls", egress=[{"to": [app("store")]}]),
            policy("pay", ALL, "takes", ingress=[{}]),
        ],
        lambda client, server, *_: client == "shop/front" and server != "shop/store",
    ),
    Case(
        "who is called needs to take it though the caller may call",
        [
            policy("shop", app("front"), "calls", egress=[{}]),
            policy("pay", STORE, "takes", ingress=[{"from": [team(team="money")]}]),
        ],
        lambda client, server, *_: server == "pay/store" and client != "pay/front",
    ),
    Case(
        "an egress rule may name ports of other namespaces' pods",
        [policy("ops", ALL, egress=[{"to": [team(audited="yes")], "ports": [tcp(80), tcp(81)]}])],
        lambda client, server, protocol, _: client == "ops/front" and not (within("pay", server) and protocol == "TCP"),
    ),
    Case(
        "a block of addresses lets in who is in it",
        into_store({"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}),
        into_store_but("outside"),
    ),
    Case(
        "a block may be written with the bits of a host",
        into_store({"from": [{"ipBlock": {"cidr": "192.0.2.99/24"}}]}),
        into_store_but("outside"),
    ),
    Case(
        "what a block leaves out stays closed, be it everything but a network of pods",
        [policy("ops", ALL, egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.98.0.0/16"]}}]}])],
        lambda client, server, *_: client == "ops/front" and server != "outside",
    ),
    Case(
        "a block may leave out several networks, one in another",
        [
            policy(
                "ops",
                ALL,
                egress=[
                    {"to": [{"ipBlock": {"cidr": "10.98.0.0/16", "except": ["10.98.1.0/24", "10.98.1.14/32"]}}]},
                ],
            )
        ],
        lambda client, server, *_: client == "ops/front" and server not in {"shop/store", "pay/front"},
    ),
    Case(
        "another rule may allow what a block leaves out",
        [
            policy(
                "ops", ALL, "one", egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.98.0.0/16"]}}]}]
            ),
            policy("ops", ALL, "other", egress=[{"to": [{"ipBlock": {"cidr": "10.98.1.14/32"}}]}]),
        ],
        lambda client, server, *_: client == "ops/front" and server not in {"outside", "pay/store"},
    ),
    Case(
        "a block of IPv6 takes none of these pods",
        into_store({"from": [{"ipBlock": {"cidr": "::/0"}}]}),
        into_store_but(),
    ),
)
