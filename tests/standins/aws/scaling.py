"""Auto Scaling groups for tests, and what clients see of them."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.standins.aws.account import Account, new_name

T = TypeVar("T")

_DEADLINE_SECONDS = 30.0


@dataclass(frozen=True)
class Group:
    """A group by its name."""

    account: Account
    name: str

    @property
    def described(self) -> dict[str, Any]:
        found = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"]
        assert len(found) == 1
        return dict(found[0])

    @property
    def members(self) -> list[dict[str, Any]]:
        return list(self.described["Instances"])

    @property
    def names(self) -> list[str]:
        return [member["InstanceId"] for member in self.members]

    @property
    def zones(self) -> Counter[str]:
        return Counter(member["AvailabilityZone"] for member in self.members)

    @property
    def states(self) -> Counter[str]:
        return Counter(member["LifecycleState"] for member in self.members)

    @property
    def activities(self) -> list[dict[str, Any]]:
        """The newest first."""
        return list(self._client.describe_scaling_activities(AutoScalingGroupName=self.name)["Activities"])

    def want(self, desired: int) -> None:
        self._client.set_desired_capacity(AutoScalingGroupName=self.name, DesiredCapacity=desired)

    @property
    def _client(self) -> Any:
        return self.account.client("autoscaling")


def template(account: Account) -> str:
    """A launch template's id."""
    data = {"ImageId": "ami-12c6146b", "InstanceType": "c7a.medium"}
    made = account.client("ec2").create_launch_template(
        LaunchTemplateName=new_name("template"), LaunchTemplateData=data
    )
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def group(account: Account, *, desired: int = 0, least: int = 0, most: int = 9, **settings: Any) -> Group:
    """A group over three zones."""
    name = new_name("group")
    subnets = ",".join(account.network().subnets)
    if "MixedInstancesPolicy" not in settings:
        settings["LaunchTemplate"] = {"LaunchTemplateId": template(account)}
    sizes = {"MinSize": least, "MaxSize": most, "DesiredCapacity": desired}
    account.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name, VPCZoneIdentifier=subnets, **sizes, **settings
    )
    return Group(account, name)


def mixed_group(account: Account, *types: str, desired: int = 0, **distribution: Any) -> Group:
    """A group of the first of these types that can be had."""
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template(account)},
            "Overrides": [{"InstanceType": name} for name in types],
        },
        "InstancesDistribution": distribution,
    }
    return group(account, desired=desired, MixedInstancesPolicy=policy)


def instances(account: Account, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What EC2 tells, by instance id."""
    found = account.client("ec2").describe_instances(InstanceIds=list(names))["Reservations"]
    return {item["InstanceId"]: item for reservation in found for item in reservation["Instances"]}


def ec2_states(account: Account, names: Sequence[str]) -> set[str]:
    return {item["State"]["Name"] for item in instances(account, names).values()}


def until(look: Callable[[], T], holds: Callable[[T], bool]) -> T:
    """What `look` sees when it holds."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not holds(seen := look()):
        assert time.monotonic() < deadline, f"not within {_DEADLINE_SECONDS:.0f} s: {seen}"
        time.sleep(0.05)
    return seen
