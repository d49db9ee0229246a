"""An environment's configuration, as far as it decides about capacity."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

from patchbay_runtime.quantity import mebibytes, millicores
from pydantic import Field

from patchbay_operations.capacity.machines import Machines
from patchbay_operations.capacity.resources import Quantity, request
from patchbay_operations.capacity.simulation.setting import (
    Capacity,
    Environment,
    Expander,
    FixedNodes,
    Headroom,
    MetricPath,
    NodeGroup,
    NodeScaling,
    Quota,
)
from patchbay_operations.inputs import InputError
from patchbay_operations.stack_file import PartOfStack, StackFile

# platform/patchbay_platform/prometheus/native: the exporter's scrape_interval, and the interval of the recording rules
# that KEDA's query reads. KEDA asks Prometheus whenever the HPA asks KEDA.
SCRAPE_SECONDS: Final = 2.0
EVALUATION_SECONDS: Final = 2.0
# EKS' own, where a provisioned control plane does not say otherwise; and the one-machine environment's.
EKS_HPA_SYNC_SECONDS: Final = 15.0
LOCAL_HPA_SYNC_SECONDS: Final = 5.0
FLOWS: Final = {"patchbay.dev/pool": "flows"}


class _Nodes(PartOfStack):
    instance_types: Annotated[tuple[str, ...], Field(min_length=1)]
    min_size: Annotated[int, Field(ge=0)]
    desired_size: Annotated[int, Field(ge=0)]
    max_size: Annotated[int, Field(ge=1)]
    max_pods: Annotated[int, Field(ge=1)] | None = None


class _Flows(PartOfStack):
    on_demand: _Nodes
    spot: _Nodes | None = None
    zonal: bool = False


class _Cluster(PartOfStack):
    system: _Nodes
    flows: _Flows
    hpa_sync_seconds: float | None = None


class _Aws(PartOfStack):
    region: str
    endpoint: str | None = None


class _Auditing(PartOfStack):
    """`guard_duty`: the word `made`, or who gives it; either way its agent is on every node."""

    guard_duty: Any = None


class _Infra(PartOfStack):
    aws: _Aws
    zones: Annotated[tuple[str, ...], Field(min_length=1)]
    clusters: Annotated[Mapping[str, _Cluster], Field(min_length=1)]
    auditing: _Auditing = _Auditing()


class _Scaling(PartOfStack):
    scale_down_seconds: Annotated[float, Field(ge=0)] = 15


class _QuotaOf(PartOfStack):
    cpu: Quantity
    memory: Quantity
    pods: Annotated[int, Field(ge=1)]


class _Quotas(PartOfStack):
    runtime: _QuotaOf


class _Api(PartOfStack):
    replicas: Annotated[int, Field(ge=1)] = 1


class _HeadroomOf(PartOfStack):
    pods: Annotated[int, Field(ge=0)] = 0
    cpu: Quantity = "50m"
    memory: Quantity = "96Mi"


class _ScaleUp(PartOfStack):
    expanders: Annotated[tuple[Expander, ...], Field(min_length=1)] = ("least-waste",)
    priorities: Mapping[int, tuple[str, ...]] = {}
    max_nodes_total: Annotated[int, Field(ge=0)] = 0


class _ScaleDown(PartOfStack):
    unneeded: Annotated[float, Field(ge=0)] = 600
    utilization_threshold: Annotated[float, Field(gt=0, le=1)] = 0.5
    after_add: Annotated[float, Field(ge=0)] = 600
    max_drained_at_once: Annotated[int, Field(ge=1)] = 1
    max_deleted_at_once: Annotated[int, Field(ge=1)] = 10


class _Autoscaler(PartOfStack):
    scan_interval: Annotated[float, Field(gt=0)] = 10
    scale_up: _ScaleUp = _ScaleUp()
    scale_down: _ScaleDown = _ScaleDown()


class _Placement(PartOfStack):
    workers: Mapping[str, str] = {}


class _Platform(PartOfStack):
    quotas: _Quotas | None = None
    api: _Api = _Api()
    scaling: _Scaling = _Scaling()
    nodes: _Placement = _Placement()
    headroom: _HeadroomOf | None = None
    cluster_autoscaler: _Autoscaler | None = None


def load_environment(path: Path, machines: Machines, *, cluster: str | None = None) -> Environment:
    """The cluster's part of `Pulumi.<stack>.yaml`. `cluster`: its name there; may be left out where there is one."""
    file = StackFile.read(path)
    infra, platform = file.infra(_Infra), file.platform(_Platform)
    name = _chosen(infra, cluster, path)
    chosen = infra.clusters[name]
    emulated = infra.aws.endpoint is not None
    default_sync = LOCAL_HPA_SYNC_SECONDS if emulated else EKS_HPA_SYNC_SECONDS
    headroom = platform.headroom or _HeadroomOf()
    system = chosen.system
    return Environment(
        stack=file.stack,
        cluster=name,
        region=infra.aws.region,
        groups=tuple(
            replace(group, priority=_priority(group.name, platform))
            for group in _groups(name, chosen, infra, machines, emulated=emulated)
        ),
        fixed=(
            FixedNodes(
                name="system",
                instance_type=system.instance_types[0],
                nodes=system.desired_size,
                usd_per_hour=machines.usd_per_hour(system.instance_types, infra.aws.region, "on-demand"),
            ),
        ),
        path=MetricPath(
            scrape=SCRAPE_SECONDS,
            evaluation=EVALUATION_SECONDS,
            poll=0,
            hpa_sync=chosen.hpa_sync_seconds or default_sync,
            scale_down=platform.scaling.scale_down_seconds,
        ),
        nodes=_node_scaling(platform, system.desired_size),
        headroom=Headroom(pods=headroom.pods, request=request(headroom.cpu, headroom.memory)),
        quota=_quota(platform),
        remarks=tuple(_remarks(chosen, platform)),
    )


def _chosen(infra: _Infra, cluster: str | None, path: Path) -> str:
    names = ", ".join(infra.clusters)
    if cluster is None:
        if len(infra.clusters) > 1:
            raise InputError(f"{path}: several clusters ({names}); choose one with --cluster")
        return next(iter(infra.clusters))
    if cluster not in infra.clusters:
        raise InputError(f"{path}: patchbay:infra.clusters has no {cluster}; --cluster may be {names}")
    return cluster


def _groups(name: str, cluster: _Cluster, infra: _Infra, machines: Machines, *, emulated: bool) -> Iterator[NodeGroup]:
    kinds: tuple[tuple[str, Capacity, _Nodes | None], ...] = (
        ("onDemand", "on-demand", cluster.flows.on_demand),
        ("spot", "spot", cluster.flows.spot),
    )
    for key, capacity, nodes in kinds:
        if nodes is None:
            continue
        spreads = [(zone,) for zone in infra.zones] if cluster.flows.zonal else [infra.zones]
        for zones in spreads:
            yield NodeGroup(
                name=f"flows-{capacity}" + (f"-{zones[0]}" if cluster.flows.zonal else ""),
                field=f"patchbay:infra.clusters.{name}.flows.{key}",
                template=capacity,
                capacity=capacity,
                instance_type=nodes.instance_types[0],
                allocatable=machines.allocatable(
                    nodes.instance_types[0],
                    emulated=emulated,
                    max_pods=nodes.max_pods,
                    watched=infra.auditing.guard_duty is not None,
                ),
                zones=tuple(zones),
                min_nodes=nodes.min_size,
                max_nodes=nodes.max_size,
                usd_per_hour=machines.usd_per_hour(nodes.instance_types, infra.aws.region, capacity),
            )


def _priority(group: str, platform: _Platform) -> int | None:
    """The highest whose pattern is found in the group's name; AWS' own name for it contains this one."""
    priorities = platform.cluster_autoscaler.scale_up.priorities if platform.cluster_autoscaler else {}
    found = (rank for rank, patterns in priorities.items() if any(re.search(pattern, group) for pattern in patterns))
    return max(found, default=None)


def _node_scaling(platform: _Platform, other_nodes: int) -> NodeScaling:
    """`other_nodes`: those of other groups, which count against the most of all."""
    autoscaler = platform.cluster_autoscaler or _Autoscaler()
    up, down = autoscaler.scale_up, autoscaler.scale_down
    return NodeScaling(
        scan=autoscaler.scan_interval,
        unneeded=down.unneeded,
        delay_after_add=down.after_add,
        utilization_threshold=down.utilization_threshold,
        expanders=up.expanders,
        most_nodes=max(up.max_nodes_total - other_nodes, 0) if up.max_nodes_total else None,
        most_removed=down.max_deleted_at_once,
        most_drained=down.max_drained_at_once,
    )


def _quota(platform: _Platform) -> Quota | None:
    """What the runtime namespace's quota leaves to the workers; its API's pods count too, by a worker's size."""
    if platform.quotas is None:
        return None
    quota = platform.quotas.runtime
    return Quota(
        cpu=millicores(quota.cpu),
        memory=mebibytes(quota.memory),
        pods=quota.pods - platform.api.replicas,
    )


def _remarks(cluster: _Cluster, platform: _Platform) -> Iterator[str]:
    if platform.nodes.workers != FLOWS:
        yield (
            "patchbay:platform.nodes.workers: workers may be put on any node; the plan counts nodes for process flows "
            "only. Set {patchbay.dev/pool: flows}"
        )
    if platform.cluster_autoscaler is None:
        yield "patchbay:platform.clusterAutoscaler: not set; the plan assumes one with the defaults. Set it"
    elif cluster.flows.spot and "priority" not in platform.cluster_autoscaler.scale_up.expanders:
        yield (
            "patchbay:platform.clusterAutoscaler.scaleUp: chance decides between spot and on-demand nodes of one size; "
            "set expanders: [priority, least-waste] and priorities: {'20': [flows-spot], '10': ['.*']}"
        )
    if platform.headroom is None:
        yield "patchbay:platform.headroom: not set; a burst waits for a node as soon as the nodes are full"
