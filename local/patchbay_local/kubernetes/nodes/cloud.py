"""The account's node groups, asked of AWS' public API."""

import time
from collections.abc import Mapping
from typing import Any, Final

from patchbay_operations.access import Access, answers

from patchbay_local.kubernetes.cluster.spec import NodeSize, NodeSpec, Taint
from patchbay_local.kubernetes.nodes.instance import Group, Instance

_CLUSTER_TAG: Final = "eks:cluster-name"
_NODE_GROUP_TAG: Final = "eks:nodegroup-name"
_PODS: Final = 110
# A group tells when an instance of its own ends; what EC2 alone knows is asked less often than the group.
_MACHINES_SECONDS: Final = 10.0
_EFFECTS: Final = {
    "NO_SCHEDULE": "NoSchedule",
    "PREFER_NO_SCHEDULE": "PreferNoSchedule",
    "NO_EXECUTE": "NoExecute",
}


class Cloud:
    """Calls raise botocore's errors where AWS does not answer, or refuses."""

    def __init__(self, access: Access) -> None:
        self._auto_scaling = access.client("autoscaling")
        self._ec2 = access.client("ec2")
        self._eks = access.client("eks")
        self._sizes: dict[str, NodeSize] = {}
        self._machines: dict[str, dict[str, Any]] = {}
        self._machines_asked = 0.0

    def groups(self) -> list[Group]:
        """All groups that are behind EKS node groups."""
        asked = answers(
            self._auto_scaling,
            "describe_auto_scaling_groups",
            Filters=[{"Name": "tag-key", "Values": [_NODE_GROUP_TAG]}],
        )
        described = [group for answer in asked for group in answer["AutoScalingGroups"]]
        identities = {member["InstanceId"] for group in described for member in group["Instances"]}
        if identities - self._machines.keys() or time.monotonic() - self._machines_asked > _MACHINES_SECONDS:
            self._machines_asked = time.monotonic()
            self._machines = self._described_machines(sorted(identities))
        return [_group(group, self._machines) for group in described]

    def specification(self, instance: Instance) -> NodeSpec:
        """The node that the instance is to be, as its node group and its type say."""
        answer = self._eks.describe_nodegroup(clusterName=instance.cluster, nodegroupName=instance.node_group)
        node_group = answer["nodegroup"]
        return NodeSpec(
            instance_id=instance.identity,
            zone=instance.zone,
            instance_type=instance.instance_type,
            group=instance.node_group,
            size=self._size(instance.instance_type).model_copy(update={"disk_gib": self._disk_gib(instance.identity)}),
            labels={
                **node_group.get("labels", {}),
                "eks.amazonaws.com/nodegroup": instance.node_group,
                "eks.amazonaws.com/capacityType": node_group["capacityType"],
            },
            taints=tuple(
                Taint(key=taint["key"], value=taint.get("value", ""), effect=_EFFECTS[taint["effect"]])
                for taint in node_group.get("taints", [])
            ),
        )

    def report_failure(self, instance: str) -> None:
        """Tells the instance's group that it does not work; the group replaces it."""
        self._auto_scaling.set_instance_health(
            InstanceId=instance, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False
        )

    def _described_machines(self, identities: list[str]) -> dict[str, dict[str, Any]]:
        """By instance id. Asked by a filter: an id that EC2 has forgotten is no error."""
        if not identities:
            return {}
        asked = answers(self._ec2, "describe_instances", Filters=[{"Name": "instance-id", "Values": identities}])
        return {
            machine["InstanceId"]: machine
            for answer in asked
            for reservation in answer["Reservations"]
            for machine in reservation["Instances"]
        }

    def _disk_gib(self, identity: str) -> int:
        """Of the largest volume: what holds the system alone is small."""
        asked = answers(
            self._ec2, "describe_volumes", Filters=[{"Name": "attachment.instance-id", "Values": [identity]}]
        )
        return max(int(volume["Size"]) for answer in asked for volume in answer["Volumes"])

    def _size(self, instance_type: str) -> NodeSize:
        if instance_type not in self._sizes:
            answer = self._ec2.describe_instance_types(InstanceTypes=[instance_type])
            (described,) = answer["InstanceTypes"]
            self._sizes[instance_type] = NodeSize(
                cpus=described["VCpuInfo"]["DefaultVCpus"],
                memory_mib=described["MemoryInfo"]["SizeInMiB"],
                pods=_PODS,
            )
        return self._sizes[instance_type]


def _group(group: Mapping[str, Any], machines: Mapping[str, Mapping[str, Any]]) -> Group:
    tags = {tag["Key"]: tag["Value"] for tag in group["Tags"]}
    return Group(
        name=group["AutoScalingGroupName"],
        desired=group["DesiredCapacity"],
        instances=tuple(
            Instance(
                identity=member["InstanceId"],
                instance_type=machine["InstanceType"],
                zone=machine["Placement"]["AvailabilityZone"],
                cluster=tags[_CLUSTER_TAG],
                node_group=tags[_NODE_GROUP_TAG],
                state=machine["State"]["Name"],
                lifecycle=member["LifecycleState"],
                healthy=member["HealthStatus"].lower() == "healthy",
                launched=machine["LaunchTime"],
            )
            for member in group["Instances"]
            if (machine := machines.get(member["InstanceId"]))
        ),
    )
