"""Real connections between namespaces: what a policy allows passes, what it does not is dropped."""

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from tests.local.network_policy.cases import ALL, CASES, NAMESPACES, PODS, Case, policy
from tests.local.network_policy.lab import (
    ALLOWED_SECONDS,
    DENIED_SECONDS,
    OUTSIDE,
    SERVICE,
    Endpoint,
    Lab,
    connections,
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(NAMESPACES, PODS) as built:
        yield built


def passes(client: Endpoint, address: str, port: int = 80, *, seconds: float = ALLOWED_SECONDS) -> bool:
    return bool(client.attempt(address, port, "TCP", seconds).result()["passed"])


def is_dropped(client: Endpoint, address: str, port: int = 80) -> bool:
    return not passes(client, address, port, seconds=DENIED_SECONDS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.promise)
def test_the_nodes_keep_the_promise(lab: Lab, case: Case) -> None:
    lab.enforce(case.policies)
    tried: list[tuple[tuple[str, str, str, int], bool, Future[dict[str, Any]]]] = []
    for client, server, protocol, port in connections(lab):
        denied = case.denied(client, server, protocol, port)
        seconds = DENIED_SECONDS if denied else ALLOWED_SECONDS
        answer = lab.endpoint(client).attempt(lab.endpoint(server).address, port, protocol, seconds)
        tried.append(((client, server, protocol, port), denied, answer))
    passed = {connection for connection, _, answer in tried if answer.result()["passed"]}
    expected = {connection for connection, denied, _ in tried if not denied}
    assert {"opened": passed - expected, "closed": expected - passed} == {"opened": set(), "closed": set()}


def test_a_nodes_own_probes_pass_and_another_nodes_do_not(lab: Lab) -> None:
    lab.enforce([policy("shop", ALL, ingress=[], egress=[])])
    closed = lab.pods["shop/front"]
    assert passes(lab.nodes[1], closed.address)
    assert passes(closed, lab.nodes[1].address)
    assert is_dropped(lab.nodes[2], closed.address)
    assert is_dropped(closed, lab.nodes[2].address)


@pytest.fixture
def service(lab: Lab) -> Iterator[None]:
    """shop/store:80 at a service's address on both nodes, translated where and as kube-proxy does it."""
    store = lab.pods["shop/store"].address
    for node in lab.nodes.values():
        node.nft(f"""
table ip service {{
  chain prerouting {{ type nat hook prerouting priority dstnat; ip daddr {SERVICE} tcp dport 8000 dnat to {store}:80; }}
  chain postrouting {{ type nat hook postrouting priority srcnat; ip saddr {store} ip daddr {store} masquerade; }}
}}
""")
    yield
    for node in lab.nodes.values():
        node.nft("delete table ip service")


@pytest.mark.usefixtures("service")
def test_a_service_is_judged_by_the_pods_behind_it(lab: Lab) -> None:
    to_shop = {"to": [{"namespaceSelector": {"matchLabels": {"team": "sales"}}}], "ports": [{"port": 80}]}
    from_ops = {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ops"}}}]}
    lab.enforce([policy("ops", ALL, egress=[to_shop]), policy("shop", ALL, ingress=[from_ops])])
    answer = lab.pods["ops/front"].attempt(SERVICE, 8000, "TCP", ALLOWED_SECONDS).result()
    assert answer["passed"]
    assert answer["peer"] == lab.pods["ops/front"].address
    assert is_dropped(lab.pods["pay/front"], SERVICE, 8000)


@pytest.mark.usefixtures("service")
def test_a_pod_reaches_itself_through_its_service_whatever_its_policies(lab: Lab) -> None:
    lab.enforce([policy("shop", ALL, ingress=[], egress=[])])
    assert passes(lab.pods["shop/store"], SERVICE, 8000)
    assert is_dropped(lab.pods["shop/front"], SERVICE, 8000)


def test_what_a_node_masquerades_comes_from_the_node(lab: Lab) -> None:
    """A client outside that comes in by another node's port: the pod's node sees that node."""
    front = lab.pods["pay/front"]
    lab.nodes[1].nft(f"""
table ip node-port {{
  chain prerouting {{
    type nat hook prerouting priority dstnat;
    ip daddr 192.0.2.1 tcp dport 30080 dnat to {front.address}:80
  }}
  chain postrouting {{ type nat hook postrouting priority srcnat; ip saddr {OUTSIDE} masquerade; }}
}}
""")
    try:
        lab.enforce([policy("pay", ALL, ingress=[{"from": [{"ipBlock": {"cidr": f"{lab.nodes[1].address}/32"}}]}])])
        answer = lab.outside.attempt("192.0.2.1", 30080, "TCP", ALLOWED_SECONDS).result()
        assert answer == {"id": answer["id"], "passed": True, "peer": lab.nodes[1].address}
        lab.enforce([policy("pay", ALL, ingress=[{"from": [{"ipBlock": {"cidr": f"{OUTSIDE}/32"}}]}])])
        assert is_dropped(lab.outside, "192.0.2.1", 30080)
    finally:
        lab.nodes[1].nft("delete table ip node-port")


def test_open_connections_outlive_a_policy_and_new_ones_do_not_come_about(lab: Lab) -> None:
    lab.enforce([])
    client = lab.pods["ops/front"]
    server = lab.pods["shop/front"].address
    talking = client.talk(server, 80)
    assert talking.echo("before")
    lab.enforce([policy("shop", ALL, ingress=[])])
    assert talking.echo("after")
    assert is_dropped(client, server)
    talking.close()


def test_who_waits_is_let_through_as_soon_as_it_is_allowed(lab: Lab) -> None:
    lab.enforce([policy("shop", ALL, ingress=[])])
    client, server = lab.pods["ops/front"], lab.pods["shop/front"].address
    assert is_dropped(client, server)
    waiting = client.attempt(server, 80, "TCP", ALLOWED_SECONDS)
    lab.enforce([])
    assert waiting.result()["passed"]


def test_the_address_of_a_pod_that_has_ended_is_nobodys(lab: Lab) -> None:
    """The next pod may get it: it has the rights of its own labels alone."""
    to_store = [policy("shop", {"podSelector": {"matchLabels": {"app": "store"}}}, ingress=[{"from": [ALL]}])]
    lab.enforce(to_store)
    client, store = lab.pods["shop/front"], lab.pods["shop/store"].address
    assert passes(client, store)
    lab.enforce(to_store, pods=[spec for spec in PODS if spec.name != "front"])
    assert is_dropped(client, store)
