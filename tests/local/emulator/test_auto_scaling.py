"""Auto Scaling groups as a program uses them: tagged, attached to target groups, spread over subnets."""

from collections import Counter

import pytest

from tests.local.emulator.account import ZONES, Account, new_name, refused


@pytest.fixture
def group(account: Account) -> str:
    name = new_name("group")
    template = account.client("ec2").create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "m7a.medium"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    account.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=6,
        DesiredCapacity=3,
        LaunchTemplate={"LaunchTemplateId": template},
        VPCZoneIdentifier=",".join(account.network().subnets),
    )
    return name


def test_instances_are_started_where_there_are_fewest(account: Account, group: str) -> None:
    client = account.client("autoscaling")
    client.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=5)
    found = client.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"][0]
    zones = Counter(instance["AvailabilityZone"] for instance in found["Instances"])
    assert set(zones) == set(ZONES)
    assert max(zones.values()) - min(zones.values()) == 1


def test_a_group_is_tagged_and_the_tags_are_described(account: Account, group: str) -> None:
    client = account.client("autoscaling")
    tag = {
        "ResourceId": group,
        "ResourceType": "auto-scaling-group",
        "Key": "k8s.io/cluster-autoscaler/node-template/label/pool",
        "Value": "flows",
        "PropagateAtLaunch": False,
    }
    client.create_or_update_tags(Tags=[tag | {"Value": "other"}])
    client.create_or_update_tags(Tags=[tag])
    of_the_group = [{"Name": "auto-scaling-group", "Values": [group]}]
    assert client.describe_tags(Filters=of_the_group)["Tags"] == [tag]
    client.delete_tags(Tags=[tag])
    assert client.describe_tags(Filters=of_the_group)["Tags"] == []


def test_a_groups_instances_are_registered_with_its_target_groups(account: Account, group: str) -> None:
    client, balancing = account.client("autoscaling"), account.client("elbv2")
    vpc = account.network().vpc
    target = balancing.create_target_group(Name=new_name("target"), Protocol="HTTP", Port=30080, VpcId=vpc)
    arn = target["TargetGroups"][0]["TargetGroupArn"]
    client.attach_load_balancer_target_groups(AutoScalingGroupName=group, TargetGroupARNs=[arn])
    found = client.describe_load_balancer_target_groups(AutoScalingGroupName=group)["LoadBalancerTargetGroups"]
    assert [item["LoadBalancerTargetGroupARN"] for item in found] == [arn]
    assert len(balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]) == 3
    client.detach_load_balancer_target_groups(AutoScalingGroupName=group, TargetGroupARNs=[arn])
    assert balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"] == []


def test_a_group_that_does_not_exist_is_told_as_aws_tells_it(account: Account) -> None:
    client = account.client("autoscaling")
    tag = {"ResourceId": "none", "ResourceType": "auto-scaling-group", "Key": "a"}
    with refused("ValidationError"):
        client.create_or_update_tags(Tags=[tag])
    with refused("ValidationError"):
        client.set_desired_capacity(AutoScalingGroupName="none", DesiredCapacity=1)
    with refused("ValidationError"):
        client.attach_load_balancer_target_groups(AutoScalingGroupName="none", TargetGroupARNs=["arn"])
