"""A group replaces what has failed, in the zone that lacks it, and tells of it."""

from typing import Any

import pytest

from tests.standins.aws.account import ZONES, Account, refused
from tests.standins.aws.scaling import Group, ec2_states, group, instances, mixed_group


def _mark(account: Account, name: str, health: str = "Unhealthy", **options: Any) -> None:
    account.client("autoscaling").set_instance_health(InstanceId=name, HealthStatus=health, **options)


def _require_replaced(made: Group, lost: set[str], size: int) -> None:
    assert made.states == {"InService": size}
    assert not lost & set(made.names)
    assert max(made.zones.values()) - min(made.zones.get(zone, 0) for zone in ZONES) <= 1
    assert made.described["DesiredCapacity"] == size


def test_an_unhealthy_instance_is_replaced_in_its_zone(account: Account) -> None:
    made = group(account, desired=3)
    lost = made.names[0]
    _mark(account, lost, ShouldRespectGracePeriod=False)
    _require_replaced(made, {lost}, 3)
    assert ec2_states(account, [lost]) == {"terminated"}
    launching, terminating = made.activities[:2]
    assert terminating["Description"] == f"Terminating EC2 instance: {lost}"
    assert terminating["Cause"].endswith("an instance was taken out of service in response to a user health-check.")
    assert launching["Cause"].endswith(
        "an instance was launched in response to an unhealthy instance needing to be replaced."
    )
    assert {launching["StatusCode"], terminating["StatusCode"]} == {"Successful"}


@pytest.mark.parametrize("operation", ["terminate_instances", "stop_instances"])
def test_an_instance_that_ended_in_ec2_is_replaced(account: Account, operation: str) -> None:
    made = group(account, desired=3)
    lost = made.names[1]
    getattr(account.client("ec2"), operation)(InstanceIds=[lost])
    _require_replaced(made, {lost}, 3)
    assert ec2_states(account, [lost]) == {"terminated"}
    assert "an EC2 health check indicating it has been terminated or stopped." in made.activities[1]["Cause"]


def test_two_lost_instances_of_one_zone_come_back_there(account: Account) -> None:
    made = group(account, desired=6)
    lost = {it["InstanceId"] for it in made.members if it["AvailabilityZone"] == ZONES[1]}
    assert len(lost) == 2
    account.client("ec2").terminate_instances(InstanceIds=sorted(lost))
    _require_replaced(made, lost, 6)


def test_within_its_grace_period_an_instance_stays_unless_the_caller_insists(account: Account) -> None:
    made = group(account, desired=1, HealthCheckGracePeriod=600)
    name = made.names[0]
    _mark(account, name)
    assert [(it["InstanceId"], it["HealthStatus"]) for it in made.members] == [(name, "Unhealthy")]
    _mark(account, name, "Healthy")
    assert [it["HealthStatus"] for it in made.members] == ["Healthy"]
    _mark(account, name, ShouldRespectGracePeriod=False)
    _require_replaced(made, {name}, 1)


def test_an_instance_ended_without_a_smaller_capacity_is_replaced_and_with_one_is_not(account: Account) -> None:
    made = group(account, desired=3)
    client, (first, second, _) = account.client("autoscaling"), made.names
    client.terminate_instance_in_auto_scaling_group(InstanceId=first, ShouldDecrementDesiredCapacity=False)
    _require_replaced(made, {first}, 3)
    activity = client.terminate_instance_in_auto_scaling_group(InstanceId=second, ShouldDecrementDesiredCapacity=True)
    assert activity["Activity"]["Cause"].endswith(
        f"instance {second} was taken out of service in response to a user request, shrinking the capacity from 3 to 2."
    )
    _require_replaced(made, {first, second}, 2)


def test_several_instances_of_a_group_are_ended_together_or_not_at_all(account: Account) -> None:
    made = group(account, desired=4, least=2)
    end, names = account.client("autoscaling").terminate_instance_in_auto_scaling_group, made.names
    with refused("ValidationError"):
        end(AutoScalingGroupName=made.name, InstanceIds=names[:3], ShouldDecrementDesiredCapacity=True)
    with refused("ValidationError"):
        end(AutoScalingGroupName=made.name, InstanceIds=[*names[:1], "i-0"], ShouldDecrementDesiredCapacity=True)
    assert set(made.names) == set(names)
    ended = end(AutoScalingGroupName=made.name, InstanceIds=names[:2], ShouldDecrementDesiredCapacity=True)
    assert [item["Description"] for item in ended["Activities"]] == [
        f"Terminating EC2 instance: {name}" for name in names[:2]
    ]
    assert set(made.names) == set(names[2:])


def test_a_smaller_group_gives_up_the_oldest_of_the_fullest_zone(account: Account) -> None:
    made = group(account, desired=3)
    oldest = {it["AvailabilityZone"]: it["InstanceId"] for it in made.members}
    made.want(4)
    fullest = made.zones.most_common(1)[0][0]
    made.want(3)
    assert made.zones == dict.fromkeys(ZONES, 1)
    assert set(oldest.values()) - set(made.names) == {oldest[fullest]}


def test_protected_instances_stay_and_suspended_launches_wait(account: Account) -> None:
    made = group(account, desired=3, NewInstancesProtectedFromScaleIn=True)
    names, client = set(made.names), account.client("autoscaling")
    made.want(1)
    assert set(made.names) == names
    client.suspend_processes(AutoScalingGroupName=made.name, ScalingProcesses=["Launch"])
    made.want(5)
    assert set(made.names) == names
    client.resume_processes(AutoScalingGroupName=made.name, ScalingProcesses=["Launch"])
    assert len(made.names) == 5
    assert made.described["SuspendedProcesses"] == []


def test_causes_tell_who_wanted_how_many(account: Account) -> None:
    made = group(account, desired=1)
    assert (
        "a user request created an AutoScalingGroup changing the desired capacity from 0 to 1."
        in (made.activities[0]["Cause"])
    )
    made.want(2)
    assert (
        "a user request explicitly set group desired capacity changing the desired capacity from 1 to 2."
        in (made.activities[0]["Cause"])
    )
    assert made.activities[0]["Cause"].endswith("increasing the capacity from 1 to 2.")
    account.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=made.name, MaxSize=1)
    cause = made.activities[0]["Cause"]
    assert "constraints to min: 0, max: 1, desired: 1 changing the desired capacity from 2 to 1." in cause
    assert cause.endswith("was selected for termination.")


def test_on_demand_instances_are_the_base_and_their_share_above_it(account: Account) -> None:
    made = mixed_group(account, "c7a.medium", desired=5, OnDemandBaseCapacity=1, OnDemandPercentageAboveBaseCapacity=50)
    markets = [it.get("InstanceLifecycle", "on-demand") for it in instances(account, made.names).values()]
    assert (markets.count("on-demand"), markets.count("spot")) == (3, 2)
