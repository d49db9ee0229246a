"""What the checks look at, read from AWS once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from patchbay_operations.access import Access, answers
from patchbay_operations.network.model import Vpc
from patchbay_operations.network.reachability import Reach, reaches
from patchbay_operations.network.snapshot import find_vpc, read_vpc
from patchbay_operations.permissions.roles import Role, read_roles


@dataclass(frozen=True)
class Facts:
    """One environment. `production`: whether it is held to the strict checks."""

    access: Access
    environment: str
    production: bool

    @cached_property
    def vpc(self) -> Vpc:
        """Its VPC with everything in it."""
        return read_vpc(self.access, find_vpc(self.access, self.environment))

    @cached_property
    def reaches(self) -> tuple[Reach, ...]:
        """Who reaches whom in it."""
        return reaches(self.vpc)

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """Its IAM roles."""
        return tuple(read_roles(self.access, self.environment))

    @cached_property
    def databases(self) -> list[dict[str, Any]]:
        """Its RDS instances."""
        return [
            instance
            for instance in self.pages("rds", "describe_db_instances", "DBInstances")
            if {"Key": "patchbay:environment", "Value": self.environment} in instance.get("TagList", [])
        ]

    @cached_property
    def clusters(self) -> list[dict[str, Any]]:
        """Its EKS clusters."""
        eks = self.access.client("eks")
        described = (
            eks.describe_cluster(name=name)["cluster"] for name in self.pages("eks", "list_clusters", "clusters")
        )
        return [item for item in described if item.get("tags", {}).get("patchbay:environment") == self.environment]

    @cached_property
    def node_groups(self) -> list[dict[str, Any]]:
        """The node groups of all its clusters."""
        eks = self.access.client("eks")
        return [
            eks.describe_nodegroup(clusterName=cluster["name"], nodegroupName=name)["nodegroup"]
            for cluster in self.clusters
            for name in self.pages("eks", "list_nodegroups", "nodegroups", clusterName=cluster["name"])
        ]

    @cached_property
    def launch_templates(self) -> list[dict[str, Any]]:
        """The data of the launch template version that each node group starts its nodes from, with its name."""
        ec2 = self.access.client("ec2")
        result = []
        for group in self.node_groups:
            template = group.get("launchTemplate") or {}
            if template:
                answer = ec2.describe_launch_template_versions(
                    LaunchTemplateId=template["id"], Versions=[str(template["version"])]
                )
                result.append(answer["LaunchTemplateVersions"][0])
        return result

    @property
    def caches(self) -> list[dict[str, Any]]:
        """Its ElastiCache replication groups."""
        return self.owned("elasticache", "describe_replication_groups", "ReplicationGroups", "ReplicationGroupId")

    @property
    def log_groups(self) -> list[dict[str, Any]]:
        """Its log groups."""
        return self.owned("logs", "describe_log_groups", "logGroups", "logGroupName")

    def owned(self, service: str, call: str, result: str, key: str) -> list[dict[str, Any]]:
        """The items of a listing whose name, at `key`, is one of this environment's."""
        product = ("patchbay-", "patchbay/")
        marks = tuple(f"{prefix}{self.environment}" for prefix in product)
        return [item for item in self.pages(service, call, result) if any(mark in item[key] for mark in marks)]

    def pages(self, service: str, call: str, result: str, **parameters: Any) -> list[Any]:
        """All items of a listing."""
        client = self.access.client(service)
        return [item for answer in answers(client, call, **parameters) for item in answer[result]]
