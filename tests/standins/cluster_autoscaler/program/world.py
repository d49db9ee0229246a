"""An Auto Scaling group of an emulated account and the nodes that its instances would be, with the test as kubelet."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.called import CLUSTER, GROUPS
from tests.standins.aws.account import Account, new_name

DEADLINE_SECONDS = 60
OWNED = "k8s.io/cluster-autoscaler/"
TAG = f"{OWNED}enabled"
READY = {"type": "Ready", "status": "True", "reason": "KubeletReady"}


@dataclass(frozen=True)
class World:
    """`name`: of its first group; groups bear the tags of the cluster's, and there is one world at a time."""

    kubernetes: httpx.Client
    account: Account
    name: str

    @classmethod
    def make(cls, kubernetes: httpx.Client, account: Account, *, low: int, high: int, desired: int) -> "World":
        world = cls(kubernetes, account, new_name(GROUPS))
        world.make_group(world.name, low=low, high=high, desired=desired)
        return world

    def make_group(self, name: str, *, low: int, high: int, desired: int) -> None:
        """A group that the autoscaler finds; nodes are of the smallest type: one CPU, 2 GiB."""
        template = self.account.client("ec2").create_launch_template(
            LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "c7a.medium"}
        )["LaunchTemplate"]["LaunchTemplateId"]
        tags = {
            TAG: "true",
            f"{OWNED}{CLUSTER}": "owned",
            "eks:cluster-name": CLUSTER,
            "eks:nodegroup-name": name.removeprefix("eks-"),
        }
        self.account.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=low,
            MaxSize=high,
            DesiredCapacity=desired,
            LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
            VPCZoneIdentifier=self.account.network().subnets[0],
            Tags=[
                {"ResourceId": name, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
                | {"Key": key, "Value": value}
                for key, value in tags.items()
            ],
        )

    @property
    def discovery(self) -> str:
        return f"asg:tag={TAG},{OWNED}{CLUSTER}"

    def group(self, name: str | None = None) -> dict[str, Any]:
        names = [name or self.name]
        found = self.account.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=names)
        group: dict[str, Any] = found["AutoScalingGroups"][0]
        return group

    def desired(self, name: str | None = None) -> int:
        return int(self.group(name)["DesiredCapacity"])

    def instances(self) -> list[str]:
        return sorted(item["InstanceId"] for item in self.group()["Instances"] if item["LifecycleState"] == "InService")

    def join(self, count: int, **metadata: Any) -> list[str]:
        """Waits for so many instances and registers a node for each that is none; their names."""
        wait_for(lambda: len(self.instances()) == count, f"{count} instances")
        for item in self.group()["Instances"]:
            name, zone = item["InstanceId"], item["AvailabilityZone"]
            if self.kubernetes.get(f"/api/v1/nodes/{name}").status_code == 404:
                self._register(name, zone, metadata)
        return self.instances()

    def node(self, name: str) -> dict[str, Any]:
        return self._read(f"/api/v1/nodes/{name}")

    def taints(self, name: str) -> set[str]:
        return {taint["key"] for taint in self.node(name)["spec"].get("taints", [])}

    def pods(self, **labels: str) -> list[dict[str, Any]]:
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        items: list[dict[str, Any]] = self._read(f"/api/v1/namespaces/default/pods?labelSelector={selector}")["items"]
        return items

    def make_pod(self, cpu: str = "500m", **spec: Any) -> str:
        """A pod without a controller; its name."""
        name = new_name("pod")
        self._create(
            "/api/v1/namespaces/default/pods",
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pod_spec(cpu) | spec},
        )
        return name

    def make_replicas(self, app: str, count: int, cpu: str = "100m") -> list[str]:
        """Pods of a ReplicaSet, bound to no node; their names."""
        labels = {"app": app}
        self._create(
            "/apis/apps/v1/namespaces/default/replicasets",
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {"name": app},
                "spec": {
                    "replicas": count,
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": pod_spec(cpu)},
                },
            },
        )
        wait_for(lambda: len(self.pods(app=app)) == count, f"{count} pods")
        return [item["metadata"]["name"] for item in self.pods(app=app)]

    def bind(self, pod: str, node: str) -> None:
        """What the scheduler does, and then the kubelet."""
        path = f"/api/v1/namespaces/default/pods/{pod}"
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod}, "target": target}
        self._create(f"{path}/binding", binding)
        ready = {"type": "Ready", "status": "True"}
        self._patch(f"{path}/status", {"status": {"phase": "Running", "conditions": [ready]}})

    def refuse(self, pod: str) -> None:
        """What the scheduler says of a pod that fits on no node."""
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
        self._patch(f"/api/v1/namespaces/default/pods/{pod}/status", {"status": {"conditions": [condition]}})

    def make_budget(self, app: str, allowed: int) -> None:
        """A disruption budget as the disruption controller would have worked it out."""
        self._create(
            "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
            {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": {"name": app},
                "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": app}}},
            },
        )
        self.allow(app, allowed)

    def allow(self, budget: str, allowed: int) -> None:
        path = f"/apis/policy/v1/namespaces/default/poddisruptionbudgets/{budget}"
        generation = self._read(path)["metadata"]["generation"]
        counts = {"disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}
        self._patch(f"{path}/status", {"status": {"observedGeneration": generation, **counts}})

    def events(self, pod: str) -> dict[str, str]:
        """Messages by reason."""
        listed = self._read(f"/api/v1/namespaces/default/events?fieldSelector=involvedObject.name={pod}")["items"]
        return {item["reason"]: item["message"] for item in listed}

    def prioritise(self, text: str | None) -> None:
        """The expander's ConfigMap anew; None: without it."""
        path, name = "/api/v1/namespaces/kube-system/configmaps", "cluster-autoscaler-priority-expander"
        answer = self.kubernetes.delete(f"{path}/{name}")
        assert answer.is_success or answer.status_code == 404, answer.text
        if text is not None:
            self._create(path, {"metadata": {"name": name}, "data": {"priorities": text}})

    def clean_up(self) -> None:
        self.prioritise(None)
        # First what makes pods, with its pods: it would replace one that is deleted before it.
        replicas = "/apis/apps/v1/namespaces/default/replicasets"
        self._delete(replicas, propagationPolicy="Foreground")
        wait_for(lambda: not self._read(replicas)["items"], "the end of the ReplicaSets")
        for path in (
            "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
            "/api/v1/namespaces/default/pods",
            "/api/v1/nodes",
        ):
            self._delete(path, gracePeriodSeconds=0)
        wait_for(lambda: not self.pods(), "an empty namespace")
        autoscaling = self.account.client("autoscaling")
        for group in autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
            autoscaling.delete_auto_scaling_group(AutoScalingGroupName=group["AutoScalingGroupName"], ForceDelete=True)

    def _register(self, name: str, zone: str, metadata: dict[str, Any]) -> None:
        labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}
        resources = {"cpu": "1", "memory": "2Gi", "pods": "110"}
        self._create(
            "/api/v1/nodes",
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": labels} | metadata,
                "spec": {"providerID": f"aws:///{zone}/{name}"},
                "status": {"capacity": resources, "allocatable": resources, "conditions": [READY]},
            },
        )
        # The API server taints every new node as not ready, until a controller has looked at it.
        self._patch(f"/api/v1/nodes/{name}", {"spec": {"taints": []}})

    def _read(self, path: str) -> dict[str, Any]:
        answer = self.kubernetes.get(path)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _delete(self, path: str, **options: Any) -> None:
        """All that there is of a kind."""
        self.kubernetes.request("DELETE", path, json=options).raise_for_status()

    def _create(self, path: str, body: dict[str, Any]) -> None:
        answer = self.kubernetes.post(path, json=body)
        assert answer.is_success, answer.text

    def _patch(self, path: str, body: dict[str, Any]) -> None:
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = self.kubernetes.patch(path, content=json.dumps(body), headers=headers)
        assert answer.is_success, answer.text


def pod_spec(cpu: str) -> dict[str, Any]:
    """Without grace, so that an evicted pod is gone although no kubelet ends it."""
    container = {"name": "main", "image": "example", "resources": {"requests": {"cpu": cpu, "memory": "64Mi"}}}
    return {"containers": [container], "terminationGracePeriodSeconds": 0}


def wait_for(condition: Callable[[], object], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.1)
