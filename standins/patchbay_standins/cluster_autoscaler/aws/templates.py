"""The node that a group would start, told from its launch template and tags where it has no node to copy."""

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from patchbay_standins.cluster_autoscaler.aws.clients import Clients
from patchbay_standins.cluster_autoscaler.aws.groups import LaunchTemplate, NodeGroup
from patchbay_standins.cluster_autoscaler.aws.instance_types import InstanceTypes, Size, UnknownInstanceTypeError
from patchbay_standins.cluster_autoscaler.objects import (
    Amounts,
    Condition,
    Metadata,
    Node,
    NodeSpec,
    NodeStatus,
    Taint,
    amount,
)

LOG: Final = logging.getLogger(__name__)

_PREFIX: Final = "k8s.io/cluster-autoscaler/node-template/"
_PODS: Final = 110
_FRESH_SECONDS: Final = 600.0
_EFFECTS: Final = {
    "NO_SCHEDULE": "NoSchedule",
    "NO_EXECUTE": "NoExecute",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
}
READY: Final = Condition(type="Ready", status="True")


class NoTemplateError(LookupError):
    """A group does not tell what its nodes would be like."""


class Templates:
    """Templates of groups; what AWS answers is kept for ten minutes, as upstream does."""

    def __init__(self, clients: Clients, types: InstanceTypes) -> None:
        self._clients = clients
        self._types = types
        self._kept: dict[tuple[str, ...], tuple[float, Any]] = {}

    def node(self, group: NodeGroup) -> Node:
        """A node of the group as it would register. NoTemplateError says what is missing."""
        if not group.zones:
            raise NoTemplateError(f"{group.name} has no availability zone")
        kind = group.instance_types[0] if group.instance_types else self._instance_type(group)
        try:
            size = self._types.size(kind)
        except UnknownInstanceTypeError as error:
            raise NoTemplateError(f"{group.name}: {error}") from None
        return template_node(group, kind, size, self._managed(group))

    def _instance_type(self, group: NodeGroup) -> str:
        template = group.launch_template
        if template is None:
            raise NoTemplateError(f"{group.name} has no launch template: groups of launch configurations are too old")
        return str(self._keep(("template", template.id, template.version), lambda: self._type_of(template)))

    def _type_of(self, template: LaunchTemplate) -> str:
        answer = self._clients.ec2.describe_launch_template_versions(
            LaunchTemplateId=template.id, Versions=[template.version]
        )
        versions = answer["LaunchTemplateVersions"]
        if not versions or "InstanceType" not in versions[0]["LaunchTemplateData"]:
            raise NoTemplateError(f"launch template {template.id} names no instance type in version {template.version}")
        return str(versions[0]["LaunchTemplateData"]["InstanceType"])

    def _managed(self, group: NodeGroup) -> Mapping[str, Any]:
        """What EKS says of the node group behind the Auto Scaling group, where there is one."""
        cluster, name = group.tags.get("eks:cluster-name"), group.tags.get("eks:nodegroup-name")
        if not cluster or not name:
            return {}
        found: Mapping[str, Any] = self._keep(("managed", cluster, name), lambda: self._described(cluster, name))
        return found

    def _described(self, cluster: str, name: str) -> Mapping[str, Any]:
        try:
            answer = self._clients.eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)
        except ClientError as error:
            LOG.warning("labels of the node group %s are unknown: %s", name, error)
            return {}
        found: Mapping[str, Any] = answer["nodegroup"]
        return found

    def _keep(self, key: tuple[str, ...], ask: Any) -> Any:
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept is None or kept[0] + _FRESH_SECONDS < now:
            kept = self._kept[key] = (now, ask())
        return kept[1]


def template_node(group: NodeGroup, kind: str, size: Size, managed: Mapping[str, Any]) -> Node:
    """From the instance type, then the group's `node-template` tags, then the managed node group."""
    name = f"template-of-{group.name}"
    zone = group.zones[0]
    labels = {
        "kubernetes.io/arch": "arm64" if _is_graviton(kind) else "amd64",
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": name,
        "node.kubernetes.io/instance-type": kind,
        "topology.kubernetes.io/region": zone[:-1],
        "topology.kubernetes.io/zone": zone,
        "topology.ebs.csi.aws.com/zone": zone,
    }
    labels |= _of(group.tags, "label/")
    labels |= managed.get("labels") or {}
    if managed:
        labels["eks.amazonaws.com/nodegroup"] = managed["nodegroupName"]
        labels["eks.amazonaws.com/capacityType"] = managed.get("capacityType", "ON_DEMAND")
    resources: Amounts = {"cpu": size.cpus * 1000, "memory": size.memory, "pods": _PODS}
    if size.gpus:
        resources["nvidia.com/gpu"] = size.gpus
    for tags in (group.tags, managed.get("tags") or {}):
        resources |= {name: amount(name, text) for name, text in _of(tags, "resources/").items()}
    return Node.model_construct(
        metadata=Metadata(name=name, labels=labels),
        spec=NodeSpec(taints=_taints(group, managed)),
        status=NodeStatus.model_construct(capacity=resources, allocatable=resources, conditions=(READY,)),
    )


def _taints(group: NodeGroup, managed: Mapping[str, Any]) -> tuple[Taint, ...]:
    found: dict[tuple[str, str], Taint] = {}
    for key, text in _of(group.tags, "taint/").items():
        value, colon, effect = text.rpartition(":")
        if colon and effect:
            found[key, effect] = Taint(key=key, value=value, effect=effect)
    for item in managed.get("taints") or ():
        effect = _EFFECTS.get(item["effect"], item["effect"])
        found[item["key"], effect] = Taint(key=item["key"], value=item.get("value") or "", effect=effect)
    return tuple(found.values())


def _of(tags: Mapping[str, str], kind: str) -> dict[str, str]:
    start = _PREFIX + kind
    return {key.removeprefix(start): value for key, value in tags.items() if key.startswith(start)}


def _is_graviton(kind: str) -> bool:
    """Whether the processor is ARM: the letter after the generation is g, or the family is a1."""
    family = kind.partition(".")[0]
    return family == "a1" or "g" in family.lstrip("abcdefghijklmnopqrstuvwxyz").lstrip("0123456789")
