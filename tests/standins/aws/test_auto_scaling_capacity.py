"""Capacity that is short on purpose: other zones and types are tried, failures are told, what lacks is made good."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from patchbay_standins.aws.conditions import CAPACITY_PATH, Capacity, ConditionError, Conditions, Limit

from tests.standins.aws.account import ZONES, Account
from tests.standins.aws.launched import launched
from tests.standins.aws.scaling import group, mixed_group

KIND = "c7a.medium"


@pytest.fixture(scope="module")
def short_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("capacity")) as account:
        yield account


@pytest.fixture
def conditions(short_account: Account) -> Iterator[Conditions]:
    """Put back after each test."""
    conditions = Conditions(short_account.url)
    yield conditions
    conditions.set_capacity()


@pytest.fixture
def account(short_account: Account, conditions: Conditions) -> Account:
    del conditions  # in force no longer than the test
    return short_account


def test_a_zone_without_capacity_is_told_and_the_others_are_taken(account: Account, conditions: Conditions) -> None:
    conditions.set_capacity(Limit(zone=ZONES[0], instance_type=KIND, more=0))
    made = group(account, desired=4)
    assert made.zones == {ZONES[1]: 2, ZONES[2]: 2}
    failed = [activity for activity in made.activities if activity["StatusCode"] == "Failed"]
    message = (
        f"We currently do not have sufficient {KIND} capacity in the Availability Zone you requested ({ZONES[0]})."
        f" Our system will be working on provisioning additional capacity. You can currently get {KIND} capacity by not"
        f" specifying an Availability Zone in your request or choosing {ZONES[1]}, {ZONES[2]}."
        " Launching EC2 instance failed."
    )
    assert [activity["StatusMessage"] for activity in failed] == [message]
    assert failed[0]["Description"] == f"Launching a new EC2 instance.  Status Reason: {message}"
    assert json.loads(failed[0]["Details"])["Availability Zone"] == ZONES[0]
    made.want(5)
    conditions.set_capacity()
    made.want(6)
    assert made.zones[ZONES[0]] == 1


def test_what_lacks_is_made_good_when_capacity_is_back(account: Account, conditions: Conditions) -> None:
    conditions.set_capacity(Limit(more=2))
    made = group(account, desired=5)
    assert (made.described["DesiredCapacity"], len(made.members)) == (5, 2)
    assert conditions.capacity() == Capacity(limits=(Limit(more=0),))
    # As the cluster autoscaler looks for it: since the capacity was raised, the newest first.
    activities = made.activities
    assert [activity["StatusCode"] for activity in activities[:3]] == ["Failed"] * 3
    starts = [activity["StartTime"] for activity in activities]
    assert starts == sorted(starts, reverse=True)
    conditions.set_capacity(Limit(more=1))
    assert len(made.members) == 3
    conditions.set_capacity()
    assert made.states == {"InService": 5}
    assert max(made.zones.values()) == 2


def test_a_lowered_capacity_ends_the_attempts(account: Account, conditions: Conditions) -> None:
    conditions.set_capacity(Limit(more=0))
    made = group(account, desired=2)
    made.want(0)
    attempts = len(made.activities)
    conditions.set_capacity()
    assert (made.members, len(made.activities)) == ([], attempts)


def test_the_first_type_that_can_be_had_is_launched(account: Account, conditions: Conditions) -> None:
    conditions.set_capacity(Limit(instance_type=KIND, more=1))
    made = mixed_group(account, KIND, "m7i.large", desired=3)
    assert sorted(member["InstanceType"] for member in made.members) == [KIND, "m7i.large", "m7i.large"]
    assert {activity["StatusCode"] for activity in made.activities} == {"Successful"}


def test_a_node_group_tells_why_it_lacks_nodes(account: Account, conditions: Conditions) -> None:
    network, eks = account.network(), account.client("eks")
    cluster = account.cluster(network)
    conditions.set_capacity(Limit(more=0))
    eks.create_nodegroup(
        clusterName=cluster,
        nodegroupName="flows",
        subnets=list(network.subnets),
        nodeRole=account.role(),
        instanceTypes=[KIND],
        scalingConfig={"minSize": 1, "maxSize": 6, "desiredSize": 2},
    )

    def issues() -> list[dict[str, Any]]:
        described = eks.describe_nodegroup(clusterName=cluster, nodegroupName="flows")["nodegroup"]
        return list(described["health"]["issues"])

    (issue,) = issues()
    assert issue["code"] == "AsgInstanceLaunchFailures"
    assert issue["message"].startswith("Could not launch On-Demand Instances. InsufficientInstanceCapacity - ")
    conditions.set_capacity()
    assert issues() == []


def test_a_launch_that_ec2_refuses_is_a_failed_activity(account: Account) -> None:
    made = group(account)
    named = made.described["LaunchTemplate"]["LaunchTemplateId"]
    account.client("ec2").create_launch_template_version(
        LaunchTemplateId=named,
        LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": KIND, "SecurityGroupIds": ["sg-00000000"]},
    )
    account.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=made.name,
        LaunchTemplate={"LaunchTemplateId": named, "Version": "2"},
        DesiredCapacity=1,
    )
    assert {activity["StatusCode"] for activity in made.activities} == {"Failed"}
    assert "sg-00000000" in made.activities[0]["StatusMessage"]


def test_wrong_conditions_are_refused_and_change_nothing(account: Account, conditions: Conditions) -> None:
    conditions.set_capacity(Limit(zone=ZONES[0], more=3))
    for body in (b'{"limits": [{"more": -1}]}', b'{"limits": [{"zones": "a", "more": 1}]}', b"more"):
        request = urllib.request.Request(account.url + CAPACITY_PATH, data=body, method="PUT")  # noqa: S310 # loopback
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)  # noqa: S310
        with caught.value as answer:
            assert answer.code == 400
            assert json.loads(answer.read())["error"]
    assert conditions.capacity() == Capacity(limits=(Limit(zone=ZONES[0], more=3),))
    with pytest.raises(ConditionError, match="does not answer"):
        Conditions("http://127.0.0.1:9").capacity()


def test_a_bucket_may_have_the_name_of_the_conditions_path(account: Account) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="patchbay", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="patchbay", Key="capacity", Body=b"payload")
    assert s3.get_object(Bucket="patchbay", Key="capacity")["Body"].read() == b"payload"
