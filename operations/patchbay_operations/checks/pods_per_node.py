"""Whether nodes take as many pods as the cluster autoscaler counts on, and have addresses for them."""

import base64
import json
import tomllib
from collections.abc import Iterator, Mapping
from email import message_from_string
from typing import Any, Final

import yaml

from patchbay_operations.checks.check import Check
from patchbay_operations.checks.facts import Facts

_COUNTED: Final = "k8s.io/cluster-autoscaler/node-template/resources/pods"
_NODE_CONFIG: Final = "application/node.eks.aws"


def _pods_per_node(facts: Facts) -> Iterator[str | None]:
    for cluster in facts.clusters:
        named = {"clusterName": cluster["name"], "addonName": "vpc-cni"}
        plugin = facts.access.client("eks").describe_addon(**named)["addon"]
        variables = json.loads(plugin.get("configurationValues") or "{}").get("env", {})
        missing = variables.get("ENABLE_PREFIX_DELEGATION") != "true"
        yield f"{cluster['name']} gives interfaces single addresses: nodes run out of them" if missing else None
    counted = {
        group["AutoScalingGroupName"]: {tag["Key"]: tag["Value"] for tag in group["Tags"]}.get(_COUNTED)
        for group in facts.pages("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups")
    }
    groups = [group for group in facts.node_groups if group.get("launchTemplate")]
    for group, template in zip(groups, facts.launch_templates, strict=True):
        taken = _told(template["LaunchTemplateData"])
        for behind in group["resources"]["autoScalingGroups"]:
            expected = counted.get(behind["name"])
            fault = f"{group['nodegroupName']}: nodes take {taken} pods, the cluster autoscaler counts on {expected}"
            yield fault if expected is None or str(taken) != expected else None


def _told(template: Mapping[str, Any]) -> int | None:
    """The most pods that a launch template's user data tells to a node of Amazon Linux or Bottlerocket."""
    text = base64.b64decode(template.get("UserData", "")).decode()
    archive = message_from_string(text)
    if not archive.is_multipart():
        settings = tomllib.loads(text).get("settings", {})
        found = settings.get("kubernetes", {}).get("max-pods")
        return int(found) if found else None
    parts = (part for part in archive.walk() if part.get_content_type() == _NODE_CONFIG)
    specs = (yaml.safe_load(str(part.get_payload()))["spec"] for part in parts)
    told = [spec["kubelet"]["config"]["maxPods"] for spec in specs if spec.get("kubelet", {}).get("config")]
    return int(told[-1]) if told else None


CHECKS = (Check("pods per node", "Do nodes take as many pods as the cluster autoscaler counts on?", _pods_per_node),)
