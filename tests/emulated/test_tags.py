"""Bills, owners and recovery go by tags: everything that can have them has them, as boto3 tells."""

from collections.abc import Iterator

from patchbay_operations.checks.facts import Facts
from patchbay_policies.rules.tags import REQUIRED

from tests.emulated.tags import TAGGED, Tags, of_ec2, of_eks

# Dev has no tenant of its own; what the stacks say is given to them is not theirs.
_WITHOUT = {
    "dev": {"backup", "cloudtrail", "events", "guardduty", "secretsmanager"},
    "staging": {"backup", "cloudtrail"},
}


def everything(facts: Facts) -> Iterator[tuple[str, Tags]]:
    yield from of_ec2(facts)
    yield from of_eks(facts)
    for tagged in TAGGED:
        yield from tagged.read(facts)


def test_everything_says_its_name_environment_owner_cost_center_and_maker(facts: Facts) -> None:
    found = dict(everything(facts))
    assert len(found) > 130
    without = _WITHOUT.get(facts.environment, set())
    assert {name.split()[0] for name in found} == {"ec2", "eks", *(tagged.service for tagged in TAGGED)} - without
    lacking = {name: missing for name, tags in found.items() if (missing := sorted(set(REQUIRED) - tags.keys()))}
    assert not lacking, lacking
    assert {tags["patchbay:environment"] for tags in found.values()} == {facts.environment}


def test_the_cluster_autoscaler_finds_every_node_group_and_what_its_nodes_are(facts: Facts) -> None:
    groups = {
        group["AutoScalingGroupName"]: {tag["Key"]: tag["Value"] for tag in group["Tags"]}
        for group in facts.pages("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups")
    }
    assert len(facts.node_groups) == len(groups)
    for node_group in facts.node_groups:
        (behind,) = node_group["resources"]["autoScalingGroups"]
        tags = groups[behind["name"]]
        assert tags["k8s.io/cluster-autoscaler/enabled"] == "true"
        assert tags[f"k8s.io/cluster-autoscaler/{node_group['clusterName']}"] == "owned"
        # A group of no nodes has no node to take its labels and taints from.
        prefix = "k8s.io/cluster-autoscaler/node-template/label/"
        labels = {key.removeprefix(prefix): value for key, value in tags.items() if key.startswith(prefix)}
        assert node_group["labels"].items() <= labels.items()
