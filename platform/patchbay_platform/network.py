"""Who may talk to whom: one table, and a NetworkPolicy for each workload in it.

Amazon's VPC plugin enforces them on EKS, a daemon of ours on one machine. Other network plugins may ignore them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
from patchbay_config.model import Model
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.networking.v1 import (
    IPBlockArgs,
    NetworkPolicy,
    NetworkPolicyEgressRuleArgs,
    NetworkPolicyIngressRuleArgs,
    NetworkPolicyPeerArgs,
    NetworkPolicyPortArgs,
    NetworkPolicySpecArgs,
)

from patchbay_platform import namespaces
from patchbay_platform.cluster import ClusterNetworks, Network
from patchbay_platform.connectors import SPECIAL, ConnectorsConfig
from patchbay_platform.database_access import component as database_access
from patchbay_platform.pods import NAME_LABEL, SHAPE_LABEL


class NetworkConfig(Model):
    """`connectors`: what customers' connectors may call."""

    connectors: ConnectorsConfig = ConnectorsConfig()


@dataclass(frozen=True)
class Outside:
    """A service outside of the cluster, which these workloads call."""

    networks: Sequence[str]
    port: pulumi.Input[int]
    clients: Sequence["Workload"]


@dataclass(frozen=True)
class Workload:
    """Pods of one namespace that carry all of `labels`; without labels, every pod of it."""

    name: str
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)

    def peer(self) -> NetworkPolicyPeerArgs:
        return NetworkPolicyPeerArgs(
            namespace_selector=LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": self.namespace}),
            pod_selector=LabelSelectorArgs(match_labels=dict(self.labels)),
        )


def _workload(name: str, namespace: str) -> Workload:
    return Workload(name, namespace, {NAME_LABEL: name})


GATEWAY: Final = _workload("gateway", namespaces.GATEWAY)
API: Final = _workload("api", namespaces.RUNTIME)
WORKER: Final = _workload("worker", namespaces.RUNTIME)
CONNECTOR: Final = Workload("http-connector", namespaces.RUNTIME, {SHAPE_LABEL: "http-connector"})
REDIS: Final = _workload("redis", namespaces.DATA)
MARIADB: Final = _workload("mariadb", namespaces.DATA)
CREDENTIALS: Final = _workload("credentials", namespaces.RUNTIME)
SCALE_IN_ORDER: Final = _workload("scale-in-order", namespaces.RUNTIME)
CLOUDWATCH_METRICS: Final = _workload("cloudwatch-metrics", namespaces.RUNTIME)
DATABASE_ACCESS: Final = _workload(database_access.NAME, namespaces.RUNTIME)
PROMETHEUS: Final = _workload("prometheus", namespaces.METRICS)
JSON_EXPORTER: Final = _workload("json-exporter", namespaces.METRICS)
KEDA_OPERATOR: Final = Workload("keda-operator", namespaces.KEDA, {"app": "keda-operator"})
CLUSTER_AUTOSCALER: Final = _workload("cluster-autoscaler", namespaces.SYSTEM)
KEDA_ADAPTER: Final = Workload("keda-metrics-apiserver", namespaces.KEDA, {"app": "keda-metrics-apiserver"})
DNS: Final = Workload("dns", namespaces.SYSTEM, {"k8s-app": "kube-dns"})

# Client, server, port. Name resolution is added for every client.
FLOWS: Final[Sequence[tuple[Workload, Workload, int]]] = (
    (GATEWAY, API, 8000),
    (API, REDIS, 6379),
    (API, MARIADB, 3306),
    (WORKER, REDIS, 6379),
    (WORKER, MARIADB, 3306),
    (SCALE_IN_ORDER, REDIS, 6379),
    (JSON_EXPORTER, API, 8000),
    (CLOUDWATCH_METRICS, API, 8000),
    (PROMETHEUS, JSON_EXPORTER, 7979),
    (PROMETHEUS, API, 8000),
    (PROMETHEUS, WORKER, 9100),
    (PROMETHEUS, SCALE_IN_ORDER, 9100),
    (PROMETHEUS, GATEWAY, 8405),
    (PROMETHEUS, KEDA_OPERATOR, 8080),
    (PROMETHEUS, CLUSTER_AUTOSCALER, 8085),
    (KEDA_OPERATOR, PROMETHEUS, 9090),
    (KEDA_ADAPTER, KEDA_OPERATOR, 9666),
)

# The agent on every node of EKS that gives pods their AWS identity.
IDENTITY_AGENT: Final = "169.254.170.23/32"


def aws_of(client: Workload) -> list[Outside]:
    """What a client of AWS' own APIs calls as its pod's identity. Their addresses are many and change."""
    return [Outside([IDENTITY_AGENT], 80, [client]), Outside(["0.0.0.0/0"], 443, [client])]


_INTERNET: Final = NetworkPolicyPeerArgs(ip_block=IPBlockArgs(cidr="0.0.0.0/0", except_=[str(one) for one in SPECIAL]))

# What the API server calls: KEDA's metrics for the autoscalers, and Prometheus for people and load tests, who need the
# right `services/proxy` for it.
API_SERVER_CALLS: Final = ((KEDA_ADAPTER, 6443), (PROMETHEUS, 9090))

# Workloads that ask the Kubernetes API; the JSON exporter only whether it answers.
API_SERVER_CLIENTS: Final = (
    CREDENTIALS,
    KEDA_OPERATOR,
    KEDA_ADAPTER,
    CLUSTER_AUTOSCALER,
    SCALE_IN_ORDER,
    CLOUDWATCH_METRICS,
    JSON_EXPORTER,
)


class NetworkPolicies(pulumi.ComponentResource):
    """Closes every namespace, then one policy for each workload: what it may call and who may call it."""

    def __init__(
        self,
        name: str,
        config: NetworkConfig,
        *,
        networks: ClusterNetworks,
        providers: bool = False,
        existing: Mapping[str, pulumi.Input[str]],
        absent: Collection[Workload] = (),
        outside: Sequence[Outside] = (),
        opts: pulumi.ResourceOptions,
    ) -> None:
        """`existing`: each namespace's name by itself, known once the namespace exists.

        `providers`: whether the API asks OpenID providers on the internet for their keys. `absent`: workloads that do
        not run in this cluster.
        """
        super().__init__("patchbay:platform:NetworkPolicies", name, None, opts)
        self._config = config
        self._networks = networks
        self._asks_providers = providers
        self._outside = outside
        self._flows = [flow for flow in FLOWS if not set(flow[:2]) & set(absent)]
        for namespace, exists in existing.items():
            NetworkPolicy(
                f"{name}-{namespace}-deny-all",
                metadata=ObjectMetaArgs(name="deny-all", namespace=exists),
                spec=NetworkPolicySpecArgs(pod_selector=LabelSelectorArgs(), policy_types=["Ingress", "Egress"]),
                opts=pulumi.ResourceOptions(parent=self),
            )
        # Kubernetes' own namespace stays open: its pods are not ours.
        places = {**existing, namespaces.SYSTEM: namespaces.SYSTEM}
        inside = [workload for flow in self._flows for workload in flow[:2]]
        callers = [workload for service in outside for workload in service.clients]
        for workload in dict.fromkeys((*inside, *callers, CREDENTIALS, CONNECTOR)):
            NetworkPolicy(
                f"{name}-{workload.name}",
                metadata=ObjectMetaArgs(name=workload.name, namespace=places[workload.namespace]),
                spec=NetworkPolicySpecArgs(
                    pod_selector=LabelSelectorArgs(match_labels=dict(workload.labels)),
                    policy_types=["Ingress", "Egress"],
                    ingress=self._ingress(workload),
                    egress=self._egress(workload),
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})

    def _ingress(self, workload: Workload) -> list[NetworkPolicyIngressRuleArgs]:
        rules = [
            NetworkPolicyIngressRuleArgs(from_=[client.peer()], ports=_tcp(port))
            for client, server, port in self._flows
            if server == workload
        ]
        if workload == GATEWAY:
            rules.append(NetworkPolicyIngressRuleArgs(from_=_blocks(self._networks.edge), ports=_tcp(8080, 8406)))
        rules += [
            NetworkPolicyIngressRuleArgs(from_=_blocks(self._networks.api_server), ports=_tcp(port))
            for server, port in API_SERVER_CALLS
            if server == workload
        ]
        return rules

    def _egress(self, workload: Workload) -> list[NetworkPolicyEgressRuleArgs]:
        rules = [
            NetworkPolicyEgressRuleArgs(to=[server.peer()], ports=_tcp(port))
            for client, server, port in self._flows
            if client == workload
        ]
        rules += [
            NetworkPolicyEgressRuleArgs(
                to=[NetworkPolicyPeerArgs(ip_block=IPBlockArgs(cidr=cidr)) for cidr in service.networks],
                ports=[NetworkPolicyPortArgs(port=service.port, protocol="TCP")],
            )
            for service in self._outside
            if workload in service.clients
        ]
        if workload in API_SERVER_CLIENTS:
            rules.append(NetworkPolicyEgressRuleArgs(to=_blocks(self._networks.api_server), ports=_tcp(443, 6443)))
        if workload == CONNECTOR:
            rules.append(self._connectors())
        if workload == API and self._asks_providers:
            rules.append(NetworkPolicyEgressRuleArgs(to=[_INTERNET], ports=_tcp(443)))
        if rules:
            dns_ports = [NetworkPolicyPortArgs(port=53, protocol=protocol) for protocol in ("UDP", "TCP")]
            rules.append(NetworkPolicyEgressRuleArgs(to=[DNS.peer()], ports=dns_ports))
        return rules

    def _connectors(self) -> NetworkPolicyEgressRuleArgs:
        config = self._config.connectors
        return NetworkPolicyEgressRuleArgs(
            to=[_INTERNET, *_blocks(config.private_ranges)],
            ports=[
                NetworkPolicyPortArgs(port=first, end_port=last if last > first else None, protocol="TCP")
                for first, last in config.ports
            ],
        )


def _blocks(networks: Sequence[Network]) -> list[NetworkPolicyPeerArgs]:
    return [NetworkPolicyPeerArgs(ip_block=IPBlockArgs(cidr=str(network))) for network in networks]


def _tcp(*ports: int) -> list[NetworkPolicyPortArgs]:
    return [NetworkPolicyPortArgs(port=port, protocol="TCP") for port in ports]
