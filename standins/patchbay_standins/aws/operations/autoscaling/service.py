"""Auto Scaling as an emulated service: its name, and what its operations share."""

from dataclasses import dataclass
from typing import Final

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, autoscaling_backends

from patchbay_standins.aws.service import AwsError, Call, Service

SERVICE: Final = Service("autoscaling")


@dataclass(frozen=True)
class Sizes:
    """How many instances a group may have at least and at most, and shall have."""

    least: int
    most: int
    desired: int


def invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def backend_of(call: Call) -> AutoScalingBackend:
    return autoscaling_backends[call.account][call.region]


def sizes_of(group: FakeAutoScalingGroup) -> Sizes:
    return Sizes(group.min_size or 0, group.max_size or 0, group.desired_capacity or 0)


def group_of(call: Call, name: str) -> FakeAutoScalingGroup:
    """The group of this name."""
    found = backend_of(call).autoscaling_groups.get(name)
    if found is None:
        raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return found
