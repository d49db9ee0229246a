"""Auto Scaling groups as a program uses them: tagged, attached to target groups, spread over subnets."""

from typing import Any

from tests.standins.aws.account import ZONES, Account, new_name, refused
from tests.standins.aws.scaling import group, instances


def test_instances_are_started_where_there_are_fewest(account: Account) -> None:
    made = group(account, desired=3)
    made.want(5)
    assert set(made.zones) == set(ZONES)
    assert max(made.zones.values()) - min(made.zones.values()) == 1


def test_groups_are_found_by_their_tags_a_page_at_a_time(account: Account) -> None:
    """As the cluster autoscaler finds them: by two keys at once, in pages of 100."""
    owner = f"k8s.io/cluster-autoscaler/{new_name('cluster')}"
    enabled = {"Key": "k8s.io/cluster-autoscaler/enabled", "Value": "true"}
    owned = {"Key": owner, "Value": "owned"}
    mine = [group(account, desired=1, Tags=[enabled, owned]).name for _ in range(3)]
    group(account, Tags=[enabled])
    group(account, Tags=[owned])

    def found(size: int, *filters: dict[str, Any]) -> list[list[str]]:
        pages = account.client("autoscaling").get_paginator("describe_auto_scaling_groups")
        answers = pages.paginate(Filters=list(filters), PaginationConfig={"PageSize": size})
        return [[item["AutoScalingGroupName"] for item in answer["AutoScalingGroups"]] for answer in answers]

    keys = [{"Name": "tag-key", "Values": [enabled["Key"]]}, {"Name": "tag-key", "Values": [owner]}]
    assert found(100, *keys) == [mine]
    assert found(2, *keys) == [mine[:2], mine[2:]]
    assert found(100, {"Name": f"tag:{owner}", "Values": ["owned"]}, keys[0]) == [mine]
    assert found(100, {"Name": f"tag:{owner}", "Values": ["shared"]}) == [[]]


def test_instances_of_a_group_are_found_in_ec2_by_tag_and_by_id(account: Account) -> None:
    tag = {"Key": "pool", "Value": "flows", "PropagateAtLaunch": True}
    made = group(account, desired=3, Tags=[tag, {"Key": "own", "Value": "x", "PropagateAtLaunch": False}])
    by_group = [{"Name": "tag:aws:autoscaling:groupName", "Values": [made.name]}]
    running = {"Name": "instance-state-name", "Values": ["pending", "running"]}
    reservations = account.client("ec2").describe_instances(Filters=[*by_group, running])["Reservations"]
    found = {item["InstanceId"]: item for reservation in reservations for item in reservation["Instances"]}
    assert set(found) == set(instances(account, made.names)) == set(made.names)
    for member in made.members:
        instance = found[member["InstanceId"]]
        assert instance["Placement"]["AvailabilityZone"] == member["AvailabilityZone"]
        assert instance["InstanceType"] == member["InstanceType"] == "c7a.medium"
        assert {tag["Key"] for tag in instance["Tags"]} >= {"pool", "aws:autoscaling:groupName"}
        assert "own" not in {tag["Key"] for tag in instance["Tags"]}


def test_an_instance_tells_the_version_of_the_launch_template_that_it_came_from(account: Account) -> None:
    made = group(account, desired=1)
    named = made.described["LaunchTemplate"]["LaunchTemplateId"]
    data = {"ImageId": "ami-12c6146b", "InstanceType": "m7i.large"}
    account.client("ec2").create_launch_template_version(LaunchTemplateId=named, LaunchTemplateData=data)
    account.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=made.name, LaunchTemplate={"LaunchTemplateId": named, "Version": "2"}, DesiredCapacity=2
    )
    versions = {member["InstanceType"]: member["LaunchTemplate"]["Version"] for member in made.members}
    assert versions == {"c7a.medium": "1", "m7i.large": "2"}


def test_a_group_is_tagged_and_the_tags_are_described(account: Account) -> None:
    client, name = account.client("autoscaling"), group(account).name
    tag = {
        "ResourceId": name,
        "ResourceType": "auto-scaling-group",
        "Key": "k8s.io/cluster-autoscaler/node-template/label/pool",
        "Value": "flows",
        "PropagateAtLaunch": False,
    }
    client.create_or_update_tags(Tags=[tag | {"Value": "other"}])
    client.create_or_update_tags(Tags=[tag])
    of_the_group = [{"Name": "auto-scaling-group", "Values": [name]}]
    assert client.describe_tags(Filters=of_the_group)["Tags"] == [tag]
    client.delete_tags(Tags=[tag])
    assert client.describe_tags(Filters=of_the_group)["Tags"] == []


def test_a_groups_instances_are_registered_with_its_target_groups(account: Account) -> None:
    client, balancing = account.client("autoscaling"), account.client("elbv2")
    name = group(account, desired=3).name
    vpc = account.network().vpc
    target = balancing.create_target_group(Name=new_name("target"), Protocol="HTTP", Port=30080, VpcId=vpc)
    arn = target["TargetGroups"][0]["TargetGroupArn"]
    client.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=[arn])
    found = client.describe_load_balancer_target_groups(AutoScalingGroupName=name)["LoadBalancerTargetGroups"]
    assert [item["LoadBalancerTargetGroupARN"] for item in found] == [arn]
    assert len(balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]) == 3
    client.detach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=[arn])
    assert balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"] == []


def test_a_group_that_does_not_exist_is_told_as_aws_tells_it(account: Account) -> None:
    client = account.client("autoscaling")
    tag = {"ResourceId": "none", "ResourceType": "auto-scaling-group", "Key": "a"}
    with refused("ValidationError"):
        client.create_or_update_tags(Tags=[tag])
    with refused("ValidationError"):
        client.attach_load_balancer_target_groups(AutoScalingGroupName="none", TargetGroupARNs=["arn"])
