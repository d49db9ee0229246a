"""Instances of a group take the time that the account's conditions give them, in the group and in EC2 alike."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from patchbay_local.deploy.emulator import Emulator
from patchbay_local.machine.journal import Journal
from patchbay_standins.aws.conditions import Conditions, InstanceTimes

from tests.standins.aws.account import ZONES, Account
from tests.standins.aws.launched import launched
from tests.standins.aws.scaling import Group, ec2_states, group, instances, until

SLOW = 600.0  # seconds that no test waits for


@pytest.fixture(scope="module")
def slow_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("states")) as account:
        yield account


@pytest.fixture
def account(slow_account: Account) -> Iterator[Account]:
    """An account whose conditions are put back."""
    yield slow_account
    Conditions(slow_account.url).set_instance_times(InstanceTimes())


def _set(account: Account, **seconds: float) -> None:
    Conditions(account.url).set_instance_times(InstanceTimes.model_validate(seconds))


def test_an_instance_is_in_service_once_it_has_booted(account: Account) -> None:
    _set(account, boot_seconds=SLOW)
    booting = group(account, desired=1)
    assert booting.states == {"Pending": 1}
    assert ec2_states(account, booting.names) == {"pending"}
    assert [activity["StatusCode"] for activity in booting.activities] == ["InProgress"]
    _set(account, boot_seconds=2)
    before = datetime.now(UTC).replace(microsecond=0)
    made = group(account, desired=1)
    until(lambda: made.states, lambda states: states == {"InService": 1})
    assert ec2_states(account, made.names) == {"running"}
    (activity,) = made.activities
    assert (activity["StatusCode"], activity["Progress"]) == ("Successful", 100)
    assert (activity["EndTime"] - activity["StartTime"]).total_seconds() >= 1
    assert before <= activity["StartTime"] <= activity["EndTime"] <= datetime.now(UTC)
    launched_at = instances(account, made.names)[made.names[0]]["LaunchTime"]
    assert before <= launched_at <= datetime.now(UTC)


def test_targets_are_registered_when_they_are_in_service(account: Account) -> None:
    balancing = account.client("elbv2")
    target = balancing.create_target_group(Name="flows", Protocol="HTTP", Port=30080, VpcId=account.network().vpc)
    arn = target["TargetGroups"][0]["TargetGroupArn"]

    def targets() -> list[str]:
        described = balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return [item["Target"]["Id"] for item in described]

    _set(account, boot_seconds=SLOW)
    group(account, desired=1, TargetGroupARNs=[arn])
    assert targets() == []
    _set(account, boot_seconds=1)
    made = group(account, desired=1, TargetGroupARNs=[arn])
    until(targets, lambda found: found == made.names)
    made.want(0)
    assert targets() == []


def test_of_a_lowered_capacity_those_that_are_pending_go_first(account: Account) -> None:
    made = group(account, desired=3)
    running = set(made.names)
    _set(account, boot_seconds=SLOW)
    made.want(5)
    assert made.states == {"InService": 3, "Pending": 2}
    made.want(3)
    assert set(made.names) == running
    activities = made.activities
    assert [activity["StatusCode"] for activity in activities].count("Cancelled") == 2
    assert activities[0]["Description"].startswith("Terminating EC2 instance: i-")


def test_an_ended_instance_shuts_down_then_stays_listed_and_is_forgotten_at_last(account: Account) -> None:
    def ended(**seconds: float) -> tuple[Group, str]:
        _set(account, **seconds)
        made = group(account, desired=1)
        name = made.names[0]
        account.client("autoscaling").terminate_instance_in_auto_scaling_group(
            InstanceId=name, ShouldDecrementDesiredCapacity=True
        )
        return made, name

    ending, name = ended(shutdown_seconds=SLOW)
    assert ending.states == {"Terminating": 1}
    assert ec2_states(account, [name]) == {"shutting-down"}
    assert ending.described["DesiredCapacity"] == 0
    assert ending.activities[0]["StatusCode"] == "InProgress"
    left, name = ended(shutdown_seconds=1, listed_seconds=SLOW)
    until(lambda: left.members, lambda members: members == [])
    assert ec2_states(account, [name]) == {"terminated"}
    assert left.activities[0]["StatusCode"] == "Successful"
    _, name = ended(shutdown_seconds=1, listed_seconds=1)
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        until(lambda: instances(account, [name]), lambda _: False)


def test_an_instance_that_is_ended_twice_lowers_the_capacity_once(account: Account) -> None:
    _set(account, shutdown_seconds=SLOW)
    made = group(account, desired=3)
    end = account.client("autoscaling").terminate_instance_in_auto_scaling_group
    first = end(InstanceId=made.names[0], ShouldDecrementDesiredCapacity=True)["Activity"]
    again = end(InstanceId=made.names[0], ShouldDecrementDesiredCapacity=True)["Activity"]
    assert again["ActivityId"] == first["ActivityId"]
    assert (made.described["DesiredCapacity"], made.states) == (2, {"Terminating": 1, "InService": 2})


def test_a_deleted_groups_instances_shut_down_after_it(account: Account) -> None:
    client = account.client("autoscaling")

    def deleted(shutdown_seconds: float) -> tuple[Group, list[str]]:
        _set(account, shutdown_seconds=shutdown_seconds)
        made = group(account, desired=2)
        names = made.names
        client.delete_auto_scaling_group(AutoScalingGroupName=made.name, ForceDelete=True)
        return made, names

    _, ending = deleted(SLOW)
    assert ec2_states(account, ending) == {"shutting-down"}
    gone, names = deleted(1)
    until(lambda: ec2_states(account, names), lambda states: states == {"terminated"})
    kept = client.describe_scaling_activities(AutoScalingGroupName=gone.name, IncludeDeletedGroups=True)
    assert {activity["StatusCode"] for activity in kept["Activities"]} == {"Successful"}


def test_concurrent_calls_leave_a_group_of_the_right_size_and_balance(account: Account) -> None:
    _set(account, boot_seconds=0.2, shutdown_seconds=0.2)
    made = group(account, desired=3, most=12)
    failures: list[BaseException] = []

    def work(sizes: list[int]) -> None:
        own = Account(account.url)
        client = own.client("autoscaling")
        try:
            for size in sizes:
                client.set_desired_capacity(AutoScalingGroupName=made.name, DesiredCapacity=size)
                members = client.describe_auto_scaling_groups(AutoScalingGroupNames=[made.name])
                instances(own, [it["InstanceId"] for it in members["AutoScalingGroups"][0]["Instances"]])
        except BaseException as failure:  # told to the test's own thread
            failures.append(failure)

    threads = [
        threading.Thread(target=work, args=([3 + (step * 5 + number) % 9 for step in range(8)],)) for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    made.want(6)
    until(lambda: made.states, lambda states: states == {"InService": 6})
    assert made.zones == dict.fromkeys(ZONES, 2)
    assert ec2_states(account, made.names) == {"running"}


def test_a_restarted_emulator_goes_on_where_time_has_come_to(emulator: Emulator, journal: Journal) -> None:
    emulator.up(journal)
    account = Account(emulator.url)
    slow, quick = group(account, desired=1), group(account, desired=1)
    old = quick.names[0]
    for made, seconds in ((slow, SLOW), (quick, 1)):
        _set(account, boot_seconds=seconds, shutdown_seconds=SLOW)
        account.client("autoscaling").set_instance_health(
            InstanceId=made.names[0], HealthStatus="Unhealthy", ShouldRespectGracePeriod=False
        )
    before = quick.activities
    assert slow.states == {"Terminating": 1, "Pending": 1}
    emulator.down(journal)
    emulator.up(journal)
    until(lambda: quick.states, lambda states: states == {"Terminating": 1, "InService": 1})
    assert slow.states == {"Terminating": 1, "Pending": 1}
    assert ec2_states(account, [old]) == {"shutting-down"}
    assert Conditions(emulator.url).instance_times() == InstanceTimes(boot_seconds=1, shutdown_seconds=SLOW)
    assert [activity["ActivityId"] for activity in quick.activities] == [activity["ActivityId"] for activity in before]
