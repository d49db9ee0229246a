"""What is done by hand to node groups."""

from patchbay_operations.checks.facts import Facts

from tests.emulated.mutations.mutation import Mutation
from tests.emulated.mutations.network import subnet


def _zone_without_nodes(facts: Facts) -> None:
    """Of the cluster whose node groups are zonal: those that reach into the third zone."""
    third = subnet(facts, "private", "eu-central-1c")
    for group in facts.node_groups:
        if group["clusterName"].endswith("-dedicated") and third in group["subnets"]:
            facts.access.client("eks").delete_nodegroup(
                clusterName=group["clusterName"], nodegroupName=group["nodegroupName"]
            )


def _untagged_group(facts: Facts) -> None:
    behind = facts.node_groups[0]["resources"]["autoScalingGroups"][0]["name"]
    tag = {"ResourceId": behind, "ResourceType": "auto-scaling-group", "Key": "k8s.io/cluster-autoscaler/enabled"}
    facts.access.client("autoscaling").delete_tags(Tags=[tag])


def _other_number_of_pods(facts: Facts) -> None:
    """Told to the autoscaler, not to the nodes."""
    behind = facts.node_groups[0]["resources"]["autoScalingGroups"][0]["name"]
    tag = {
        "ResourceId": behind,
        "ResourceType": "auto-scaling-group",
        "Key": "k8s.io/cluster-autoscaler/node-template/resources/pods",
        "Value": "250",
        "PropagateAtLaunch": False,
    }
    facts.access.client("autoscaling").create_or_update_tags(Tags=[tag])


def _single_addresses(facts: Facts) -> None:
    values = '{"enableNetworkPolicy": "true"}'
    facts.access.client("eks").update_addon(
        clusterName="patchbay-dev-shared", addonName="vpc-cni", configurationValues=values
    )


def _old_metadata(facts: Facts) -> None:
    group = facts.node_groups[0]
    template = group["launchTemplate"]
    version = facts.access.client("ec2").create_launch_template_version(
        LaunchTemplateId=template["id"],
        LaunchTemplateData={
            **facts.launch_templates[0]["LaunchTemplateData"],
            "MetadataOptions": {"HttpTokens": "optional", "HttpPutResponseHopLimit": 1},
        },
    )["LaunchTemplateVersion"]["VersionNumber"]
    facts.access.client("eks").update_nodegroup_version(
        clusterName=group["clusterName"],
        nodegroupName=group["nodegroupName"],
        launchTemplate={"id": template["id"], "version": str(version)},
    )


def _nodes_without_template(facts: Facts) -> None:
    group = facts.node_groups[0]
    facts.access.client("eks").create_nodegroup(
        clusterName=group["clusterName"], nodegroupName="by-hand", subnets=group["subnets"], nodeRole=group["nodeRole"]
    )


NODES = (
    Mutation("a zone without nodes", "production", "zones", "eu-central-1c", _zone_without_nodes),
    Mutation("a group without its tag", "dev", "node discovery", "k8s.io/cluster-autoscaler/enabled", _untagged_group),
    Mutation("another number of pods", "dev", "pods per node", "nodes take 110 pods", _other_number_of_pods),
    Mutation("interfaces with single addresses", "dev", "pods per node", "patchbay-dev-shared", _single_addresses),
    Mutation("IMDSv1 on nodes", "dev", "instance metadata", "patchbay-dev-shared", _old_metadata),
    Mutation(
        "nodes without a template",
        "dev",
        "instance metadata",
        "by-hand",
        _nodes_without_template,
        others=frozenset({"data reachable"}),
    ),
)
