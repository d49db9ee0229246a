"""An update of a node group's limits never takes back what the autoscaler did: real engine, emulated EKS.

What EKS and the AWS provider do with sizes is the emulator's and the stand-in's: refusals in EKS' words
(terraform-aws-eks issue 3306), and all three sizes sent when one changes (`expandNodegroupScalingConfig`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.standins.aws.account import Account
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

PROGRAM = """
from patchbay_infra.cluster.node_config import NodeGroupConfig
from patchbay_infra.cluster.node_group import NodeGroup, NodeGroupHome, NodeGroupPlan, group_name
from patchbay_infra.cluster.node_sizes import present_sizes
from patchbay_infra.context import Context

ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")
context = Context("test", "eu-central-1", "111122223333", ZONES, production=False, owner="team", cost_center="0")
vpc = aws.ec2.Vpc("main", cidr_block="10.30.0.0/16", opts=opts)
subnets = {zone: aws.ec2.Subnet(zone, vpc_id=vpc.id, cidr_block=f"10.30.{index}.0/24", availability_zone=zone,
    opts=opts).id for index, zone in enumerate(ZONES)}
group = aws.ec2.SecurityGroup("main", name="eks", description="Nodes", vpc_id=vpc.id, opts=opts)
role = aws.iam.Role("main", name="eks", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": []}),
    opts=opts)
cluster = aws.eks.Cluster("main", name="patchbay-test-main", version="1.35", role_arn=role.arn,
    vpc_config=aws.eks.ClusterVpcConfigArgs(subnet_ids=list(subnets.values())), opts=opts)
targets = aws.lb.TargetGroup("main", name="example", vpc_id=vpc.id, target_type="instance", port=30080, protocol="HTTP",
    opts=opts)
nodes = NodeGroupConfig.model_validate({"instanceTypes": ["m7i.large"], **%(nodes)s})
plan = NodeGroupPlan("flows", "flows", "on-demand", nodes, "AL2023_x86_64_STANDARD", subnets)
home = NodeGroupHome(key="main", cluster_name="patchbay-test-main", cluster=cluster, role_arn=role.arn,
    security_group_id=group.id, volume_key_arn="arn:aws:kms:eu-central-1:111122223333:key/cluster",
    target_group_arn=targets.arn, gateway_labels={}, release="%(release)s")
in_eks = group_name(context, home, plan)
present = present_sizes("patchbay-test-main", [in_eks], pulumi.InvokeOptions(provider=provider))
%(meanwhile)s
made = NodeGroup("flows", plan, context=context, home=home, present=present.get(in_eks),
    opts=pulumi.ResourceOptions(providers=[provider]))
pulumi.export("group", in_eks)
pulumi.export("scalingGroup", made.auto_scaling_group)
"""
# The autoscaler's doing after the program asked: EKS has one node more than the program was told.
MOVED = """
from dataclasses import replace
present = {name: replace(sizes, desired=sizes.desired - 1) for name, sizes in present.items()}
"""
RELEASE, NEXT_RELEASE = "1.35.7-20260903", "1.35.8-20261002"


@dataclass(frozen=True)
class Environment:
    """A cluster with one node group, made with two nodes; its limits are three and nine at the most."""

    stack: Stack
    preamble: str
    account: Account

    def program(self, *, release: str = RELEASE, meanwhile: str = "", **nodes: int) -> str:
        sizes = {"minSize": 1, "desiredSize": 2, "maxSize": 9} | nodes
        return self.preamble + PROGRAM % {"nodes": sizes, "release": release, "meanwhile": meanwhile}

    def made(self) -> "Environment":
        self.stack.up(self.program())
        return self

    def scale(self, number: int) -> None:
        """As the cluster autoscaler does."""
        self.account.client("autoscaling").set_desired_capacity(
            AutoScalingGroupName=self.stack.outputs()["scalingGroup"], DesiredCapacity=number
        )

    def described(self) -> Mapping[str, Any]:
        answer = self.account.client("eks").describe_nodegroup(
            clusterName="patchbay-test-main", nodegroupName=self.stack.outputs()["group"]
        )
        found: Mapping[str, Any] = answer["nodegroup"]
        return found

    def sizes(self) -> tuple[int, int, int]:
        """The least, present and most nodes."""
        config = self.described()["scalingConfig"]
        return config["minSize"], config["desiredSize"], config["maxSize"]

    def instances(self) -> set[str]:
        (group,) = self.account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        return {member["InstanceId"] for member in group["Instances"]}


@pytest.fixture
def environment(stack: Stack, emulated: str, account: Account) -> Environment:
    return Environment(stack, emulated, account).made()


def test_limits_change_under_load_and_no_node_goes(environment: Environment) -> None:
    environment.scale(7)
    running = environment.instances()
    environment.stack.up(environment.program(maxSize=20))
    assert environment.sizes() == (1, 7, 20)
    assert environment.instances() == running


def test_a_minimum_above_the_present_number_is_reached_by_the_update(environment: Environment) -> None:
    environment.stack.up(environment.program(minSize=4, desiredSize=4))
    assert environment.sizes() == (4, 4, 9)


def test_a_maximum_below_the_present_number_is_kept(environment: Environment) -> None:
    environment.scale(7)
    environment.stack.up(environment.program(maxSize=5))
    assert environment.sizes() == (1, 5, 5)


def test_what_the_autoscaler_did_is_no_difference(environment: Environment) -> None:
    environment.scale(7)
    for command in (("preview",), ("refresh", "--yes"), ("preview",)):
        if command[0] == "refresh":
            environment.stack.succeed(*command)
        else:
            environment.stack.succeed(*command, "--expect-no-changes", "--diff")
    environment.stack.up(environment.program())
    assert environment.sizes() == (1, 7, 9)


def test_limits_that_eks_has_already_are_not_told_again(environment: Environment) -> None:
    """As after an update that was killed when EKS had taken it: the state does not know."""
    environment.account.client("eks").update_nodegroup_config(
        clusterName="patchbay-test-main",
        nodegroupName=environment.stack.outputs()["group"],
        scalingConfig={"maxSize": 20, "desiredSize": 7},
    )
    environment.stack.up(environment.program(maxSize=20))
    assert environment.sizes() == (1, 7, 20)


def test_limits_changed_by_hand_are_put_back_and_the_nodes_stay(environment: Environment) -> None:
    environment.account.client("eks").update_nodegroup_config(
        clusterName="patchbay-test-main",
        nodegroupName=environment.stack.outputs()["group"],
        scalingConfig={"maxSize": 20, "desiredSize": 7},
    )
    environment.stack.succeed("refresh", "--yes")
    environment.stack.up(environment.program())
    assert environment.sizes() == (1, 7, 9)


def test_an_update_that_the_autoscaler_overtakes_changes_nothing(environment: Environment) -> None:
    environment.scale(7)
    environment.stack.write(environment.program(maxSize=20, meanwhile=MOVED))
    refused = environment.stack.fail("up", "--yes", "--skip-preview")
    assert "it has 7 nodes, and would get 6" in refused.output
    assert environment.sizes() == (1, 7, 9)
    environment.stack.up(environment.program(maxSize=20))
    assert environment.sizes() == (1, 7, 20)


def test_limits_and_machines_are_two_updates(environment: Environment) -> None:
    environment.scale(7)
    environment.stack.write(environment.program(maxSize=20, release=NEXT_RELEASE))
    refused = environment.stack.fail("up", "--yes", "--skip-preview")
    assert "Make two updates of it" in refused.output
    assert environment.sizes() == (1, 7, 9)


def test_a_release_that_is_named_is_what_the_nodes_start_from(environment: Environment) -> None:
    assert environment.described()["releaseVersion"] == RELEASE
    environment.scale(7)
    running = environment.instances()
    environment.stack.up(environment.program(release=NEXT_RELEASE))
    assert environment.described()["releaseVersion"] == NEXT_RELEASE
    assert environment.sizes() == (1, 7, 9)
    assert not environment.instances() & running
