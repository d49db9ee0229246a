"""What the cluster's tests share: a configuration, and the cluster that comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from patchbay_infra.cluster.component import Cluster
from patchbay_infra.cluster.config import ClusterConfig
from patchbay_infra.cluster.control_plane import DeliveryAccess
from patchbay_infra.context import Context
from patchbay_infra.platform_demands import PlatformDemands

from tests.unit.infra.mocks import ACCOUNT, ZONES, Recorded, record

KEY, LOGS_KEY = "arn:aws:kms:eu-central-1:111122223333:key/cluster", "arn:aws:kms:eu-central-1:111122223333:key/logs"
TARGET_GROUP, LOAD_BALANCER = "arn:target-group", "sg-load-balancer"
PLAN, APPLY = (f"arn:aws:iam::{ACCOUNT}:role/patchbay-production-delivery-{job}" for job in ("plan", "apply"))
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/operators"
OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    "eks/cluster:Cluster": {"endpoint": "https://cluster.example.com", "certificateAuthority": {"data": "Y2E="}},
    "eks/nodeGroup:NodeGroup": {"resources": [{"autoscalingGroups": [{"name": "asg"}]}]},
    "launchTemplate:LaunchTemplate": {"latestVersion": 3},
}
DEMANDS = PlatformDemands(
    gateway_port=30180,
    gateway_health_port=30181,
    gateway_labels={"patchbay.dev/pool": "system"},
    connector_ports=((443, 443), (8443, 8443), (9000, 9100)),
)
SPOT = ("m7i.xlarge", "m7a.xlarge", "m6i.xlarge")
CONFIG: dict[str, Any] = {
    "admins": [ADMIN],
    "system": {"instanceTypes": ["m7i.large"], "minSize": 3, "desiredSize": 3, "maxSize": 6},
    "flows": {
        "onDemand": {"instanceTypes": ["m7i.xlarge"], "minSize": 1, "desiredSize": 1, "maxSize": 10},
        "spot": {"instanceTypes": list(SPOT), "minSize": 0, "desiredSize": 0, "maxSize": 40},
    },
}


@dataclass(frozen=True)
class SomeNetwork:
    vpc_id: pulumi.Output[str]
    private_subnet_ids: Mapping[str, pulumi.Output[str]]
    pod_subnet_ids: Mapping[str, pulumi.Output[str]]


def make(name: str, config: Mapping[str, Any], context: Context, *, pods: bool = False) -> Cluster:
    """A cluster in three private subnets, inside a program of the engine's. `pods`: they have subnets of their own."""
    return Cluster(
        name,
        ClusterConfig.model_validate(config),
        context=context,
        network=SomeNetwork(
            pulumi.Output.from_input("vpc"),
            {zone: pulumi.Output.from_input(f"private-{zone}") for zone in ZONES},
            {zone: pulumi.Output.from_input(f"pods-{zone}") for zone in ZONES if pods},
        ),
        key_arn=KEY,
        logs_key_arn=LOGS_KEY,
        gateway_target_group_arn=TARGET_GROUP,
        load_balancer_security_group_id=LOAD_BALANCER,
        operators={"vpn": "sg-vpn"},
        demands=DEMANDS,
        delivery=DeliveryAccess(plan=PLAN, apply=APPLY),
        opts=pulumi.ResourceOptions(),
    )


def cluster(
    config: Mapping[str, Any], context: Context, then: Callable[[Cluster], None] | None = None, *, pods: bool = False
) -> Recorded:
    """What the engine was asked for by a program with one cluster, on which `then` is called."""

    def program() -> Mapping[str, Any]:
        made = make("main", config, context, pods=pods)
        if then:
            then(made)
        return {
            "kubeconfig": made.kubeconfig,
            "command": made.kubeconfig_command,
            "nodes": made.node_security_group_id,
        }

    return record(program, outputs=OUTPUTS)


def changed(**changes: Any) -> dict[str, Any]:
    return {**CONFIG, **changes}
