"""What AWS refuses of an Auto Scaling group is refused with its code and its words."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.standins.aws.account import Account, new_name
from tests.standins.aws.scaling import group, mixed_group, template


def _refusal(call: Callable[..., Any], **parameters: Any) -> str:
    """`Code: message` of a refusal, all of which are 400s."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return f"{response['Error']['Code']}: {response['Error']['Message']}"


def test_a_desired_capacity_outside_of_the_limits_is_refused_and_changes_nothing(account: Account) -> None:
    made = group(account, desired=2, least=1, most=3)
    client = account.client("autoscaling")
    assert _refusal(client.set_desired_capacity, AutoScalingGroupName=made.name, DesiredCapacity=4) == (
        "ValidationError: New SetDesiredCapacity value 4 is above max value 3 for the AutoScalingGroup."
    )
    assert _refusal(client.set_desired_capacity, AutoScalingGroupName=made.name, DesiredCapacity=0) == (
        "ValidationError: New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup."
    )
    assert (made.described["DesiredCapacity"], len(made.members)) == (2, 2)


def test_limits_that_contradict_each_other_are_refused(account: Account) -> None:
    made = group(account, desired=2, least=1, most=3)
    client = account.client("autoscaling")
    update = client.update_auto_scaling_group
    assert _refusal(update, AutoScalingGroupName=made.name, MinSize=5) == (
        "ValidationError: Max bound, 3, must be greater than or equal to min bound, 5"
    )
    assert _refusal(update, AutoScalingGroupName=made.name, MaxSize=4, DesiredCapacity=9) == (
        "ValidationError: Desired capacity:9 must be between the specified min size:1 and max size:4"
    )
    assert (made.described["MinSize"], made.described["MaxSize"]) == (1, 3)
    parameters = {
        "AutoScalingGroupName": new_name("group"),
        "LaunchTemplate": {"LaunchTemplateId": template(account)},
        "VPCZoneIdentifier": account.network().subnets[0],
    }
    assert _refusal(client.create_auto_scaling_group, MinSize=2, MaxSize=1, **parameters).startswith("ValidationError")
    parameters["AutoScalingGroupName"] = made.name
    assert _refusal(client.create_auto_scaling_group, MinSize=1, MaxSize=1, **parameters).startswith("AlreadyExists")


def test_changed_limits_move_the_desired_capacity_and_leave_the_instance_types(account: Account) -> None:
    made = mixed_group(account, "c7a.medium", "m7i.large", desired=2)
    client = account.client("autoscaling")
    client.update_auto_scaling_group(AutoScalingGroupName=made.name, MinSize=4)
    assert (made.described["DesiredCapacity"], len(made.members)) == (4, 4)
    client.update_auto_scaling_group(AutoScalingGroupName=made.name, MinSize=0, MaxSize=1)
    assert (made.described["DesiredCapacity"], len(made.members)) == (1, 1)
    overrides = made.described["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert [override["InstanceType"] for override in overrides] == ["c7a.medium", "m7i.large"]


def test_an_instance_that_no_group_has_can_neither_be_ended_nor_be_unhealthy(account: Account) -> None:
    client, name = account.client("autoscaling"), "i-0123456789abcdef0"
    words = f"ValidationError: Instance Id not found - No managed instance found for instance ID: {name}"
    assert words == _refusal(
        client.terminate_instance_in_auto_scaling_group, InstanceId=name, ShouldDecrementDesiredCapacity=True
    )
    assert words == _refusal(client.set_instance_health, InstanceId=name, HealthStatus="Unhealthy")


def test_a_group_does_not_shrink_below_its_least_size_by_the_end_of_an_instance(account: Account) -> None:
    made = group(account, desired=1, least=1)
    client = account.client("autoscaling")
    refusal = _refusal(
        client.terminate_instance_in_auto_scaling_group, InstanceId=made.names[0], ShouldDecrementDesiredCapacity=True
    )
    assert refusal == (
        "ValidationError: Currently, desiredSize equals minSize (1). Terminating instance without replacement will"
        " violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower"
        " group's min size."
    )
    assert len(made.members) == 1


def test_a_caller_who_honours_the_cooldown_waits_for_it(account: Account) -> None:
    made = group(account, desired=1)
    client = account.client("autoscaling")
    wanted = {"AutoScalingGroupName": made.name, "DesiredCapacity": 2}
    refusal = _refusal(client.set_desired_capacity, HonorCooldown=True, **wanted)
    assert re.fullmatch(
        r"ScalingActivityInProgress: Scaling activity [0-9a-f-]{36} is in progress and blocks this action", refusal
    )
    client.set_desired_capacity(HonorCooldown=False, **wanted)
    assert len(made.members) == 2


def test_a_group_with_instances_is_deleted_by_force_alone_and_its_instances_end(account: Account) -> None:
    made = group(account, desired=2)
    client, names = account.client("autoscaling"), made.names
    assert _refusal(client.delete_auto_scaling_group, AutoScalingGroupName=made.name).startswith("ResourceInUse")
    client.delete_auto_scaling_group(AutoScalingGroupName=made.name, ForceDelete=True)
    assert client.describe_auto_scaling_groups(AutoScalingGroupNames=[made.name])["AutoScalingGroups"] == []
    found = account.client("ec2").describe_instances(InstanceIds=names)["Reservations"]
    assert {item["State"]["Name"] for reservation in found for item in reservation["Instances"]} == {"terminated"}
    assert _refusal(client.describe_scaling_activities, AutoScalingGroupName=made.name).startswith("ValidationError")
    kept = client.describe_scaling_activities(AutoScalingGroupName=made.name, IncludeDeletedGroups=True)["Activities"]
    assert len(kept) == 4


def test_operations_on_a_group_that_does_not_exist_are_refused(account: Account) -> None:
    client = account.client("autoscaling")
    of_none: dict[str, Any] = {"AutoScalingGroupName": "none"}
    words = "ValidationError: AutoScalingGroup name not found - AutoScalingGroup 'none' not found"
    assert _refusal(client.set_desired_capacity, DesiredCapacity=1, **of_none) == words
    assert _refusal(client.update_auto_scaling_group, MinSize=1, **of_none) == words
    assert _refusal(client.delete_auto_scaling_group, **of_none) == words
    assert _refusal(client.describe_scaling_activities, **of_none) == words
    assert _refusal(client.suspend_processes, **of_none) == words
