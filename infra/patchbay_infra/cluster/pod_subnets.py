"""Subnets that pods have to themselves, as the VPC plugin is told of them.

The plugin leaves a node's first interface to the node, and makes others for pods in their zone's subnet. Sources:
amazon-vpc-cni-k8s' chart (`eniConfig`); EKS' user guide, "Deploy Pods in alternate subnets with custom networking".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True)
class PodSubnets:
    """`subnet_ids`: by zone; none: pods are in the subnets of their nodes. `security_group_id`: the nodes'."""

    region: str
    subnet_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]

    @property
    def variables(self) -> dict[str, str]:
        """What the plugin is told of it."""
        if not self.subnet_ids:
            return {}
        return {
            "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true",
            # Each node takes the `ENIConfig` that bears its zone's name.
            "ENI_CONFIG_LABEL_DEF": "topology.kubernetes.io/zone",
        }

    @property
    def add_on_values(self) -> dict[str, Any]:
        """The `ENIConfig`s that the add-on is to make."""
        if not self.subnet_ids:
            return {}
        subnets = {
            zone: {"id": subnet, "securityGroups": [self.security_group_id]} for zone, subnet in self.subnet_ids.items()
        }
        return {"eniConfig": {"create": True, "region": self.region, "subnets": subnets}}
