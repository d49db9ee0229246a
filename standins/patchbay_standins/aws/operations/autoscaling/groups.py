"""Operations on groups as a whole: made, resized, deleted, within the limits that AWS keeps."""

from datetime import timedelta
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup

from patchbay_standins.aws.operations.autoscaling.ledger import ledger_of
from patchbay_standins.aws.operations.autoscaling.service import (
    SERVICE,
    Sizes,
    backend_of,
    group_of,
    invalid,
    sizes_of,
)
from patchbay_standins.aws.operations.autoscaling.settle import TERMINATING, settle, take_out, told, want
from patchbay_standins.aws.operations.ec2 import instance_life
from patchbay_standins.aws.operations.ec2.instance_requirements import matching_types
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served

_LAUNCHED_BY = ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy")


@SERVICE.operation("CreateAutoScalingGroup")
def create_auto_scaling_group(call: Call) -> Served:
    name = call["AutoScalingGroupName"]
    if name in backend_of(call).autoscaling_groups:
        raise AwsError(
            "AlreadyExists",
            f"AutoScalingGroup by this name already exists - A group with the name {name} already exists",
        )
    _require_sizes(Sizes(call["MinSize"], call["MaxSize"], call.get("DesiredCapacity", call["MinSize"])))
    _require_known_overrides(call)
    return BY_MOTO


@SERVICE.operation("UpdateAutoScalingGroup")
def update_auto_scaling_group(call: Call) -> Result:
    group = group_of(call, call["AutoScalingGroupName"])
    _require_known_overrides(call)
    sizes = _resized(group, call.get("MinSize"), call.get("MaxSize"), call.get("DesiredCapacity"))
    _require_sizes(sizes)
    policy = group.mixed_instances_policy
    group.update(
        availability_zones=call.get("AvailabilityZones", []),
        desired_capacity=None,
        max_size=None,
        min_size=None,
        launch_config_name=call.get("LaunchConfigurationName", ""),
        launch_template=call.get("LaunchTemplate", {}),
        vpc_zone_identifier=call.get("VPCZoneIdentifier"),
        health_check_period=call.get("HealthCheckGracePeriod"),
        health_check_type=call.get("HealthCheckType"),
        new_instances_protected_from_scale_in=call.get("NewInstancesProtectedFromScaleIn"),
        mixed_instances_policy=call.get("MixedInstancesPolicy"),
    )
    if not any(call.get(member) for member in _LAUNCHED_BY):
        group.mixed_instances_policy = policy
    resize(group, sizes.least, sizes.most, sizes.desired)
    return {}


@SERVICE.operation("SetDesiredCapacity")
def set_desired_capacity(call: Call) -> Result:
    group = group_of(call, call["AutoScalingGroupName"])
    sizes = sizes_of(group)
    desired: int = call["DesiredCapacity"]
    if desired > sizes.most:
        raise invalid(
            f"New SetDesiredCapacity value {desired} is above max value {sizes.most} for the AutoScalingGroup."
        )
    if desired < sizes.least:
        raise invalid(
            f"New SetDesiredCapacity value {desired} is below min value {sizes.least} for the AutoScalingGroup."
        )
    if call.get("HonorCooldown", False):
        _require_rest(group)
    want(group, desired, "a user request explicitly set group desired capacity")
    return {}


@SERVICE.operation("DeleteAutoScalingGroup")
def delete_auto_scaling_group(call: Call) -> Result:
    group = group_of(call, call["AutoScalingGroupName"])
    if not call.get("ForceDelete", False):
        if any(member.lifecycle_state != TERMINATING for member in group.instance_states):
            raise AwsError(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s)"
                " still in the group.",
            )
        if group.instance_states:
            raise AwsError(
                "ScalingActivityInProgress",
                "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.",
            )
    remove(group)
    return {}


@SERVICE.operation("AttachInstances")
@SERVICE.operation("DetachInstances")
@SERVICE.operation("EnterStandby")
@SERVICE.operation("ExitStandby")
@SERVICE.operation("SetInstanceProtection")
@SERVICE.operation("SuspendProcesses")
def of_a_group(call: Call) -> Served:
    group_of(call, call["AutoScalingGroupName"])
    return BY_MOTO


@SERVICE.operation("ResumeProcesses")
def resume_processes(call: Call) -> Result:
    """moto fails where some are named."""
    group = group_of(call, call["AutoScalingGroupName"])
    suspended = [process["ProcessName"] for process in group.suspended_processes]
    resumed = call.get("ScalingProcesses", suspended) or suspended
    group.suspended_processes = [name for name in suspended if name not in resumed]
    settle(group)
    return {}


def resize(group: FakeAutoScalingGroup, least: int | None, most: int | None, desired: int | None) -> None:
    """Sets what is given; a desired capacity that is not moves within the limits."""
    sizes = _resized(group, least, most, desired)
    group.min_size, group.max_size = sizes.least, sizes.most
    if sizes.desired != group.desired_capacity:
        limits = f"min: {sizes.least}, max: {sizes.most}, desired: {sizes.desired}"
        want(group, sizes.desired, f"a user request update of AutoScalingGroup constraints to {limits}")


def replace_all(group: FakeAutoScalingGroup) -> None:
    """Ends every instance, and launches as many."""
    _end_all(group, "in response to a user request to update the group")
    settle(group)


def remove(group: FakeAutoScalingGroup) -> None:
    """Ends every instance, and takes the group out of the account."""
    _end_all(group, "in response to a user request to delete the group")
    ledger_of(group).deleted = True
    del group.autoscaling_backend.autoscaling_groups[group.name]


def _end_all(group: FakeAutoScalingGroup, why: str) -> None:
    for member in list(group.instance_states):
        if member.lifecycle_state != TERMINATING:
            cause = f"At {told(instance_life.now())} instance {member.instance.id} was taken out of service {why}."
            take_out(group, member, cause)


def _resized(group: FakeAutoScalingGroup, least: int | None, most: int | None, desired: int | None) -> Sizes:
    old = sizes_of(group)
    least = old.least if least is None else least
    most = old.most if most is None else most
    return Sizes(least, most, max(least, min(most, old.desired)) if desired is None else desired)


def _require_sizes(sizes: Sizes) -> None:
    if sizes.most < sizes.least:
        raise invalid(f"Max bound, {sizes.most}, must be greater than or equal to min bound, {sizes.least}")
    if not sizes.least <= sizes.desired <= sizes.most:
        raise invalid(
            f"Desired capacity:{sizes.desired} must be between the specified min size:{sizes.least}"
            f" and max size:{sizes.most}"
        )


def _require_known_overrides(call: Call) -> None:
    policy: dict[str, Any] = call.get("MixedInstancesPolicy", {})
    for override in policy.get("LaunchTemplate", {}).get("Overrides", []):
        if "WeightedCapacity" in override:
            raise NotImplementedError("instance types with a weighted capacity")
        if "InstanceRequirements" in override:
            matching_types(call.region, override["InstanceRequirements"])


def _require_rest(group: FakeAutoScalingGroup) -> None:
    since = instance_life.now() - timedelta(seconds=group.default_cooldown)
    for activity in reversed(ledger_of(group).activities):
        if activity.end is None or activity.end > since:
            raise AwsError(
                "ScalingActivityInProgress",
                f"Scaling activity {activity.identity} is in progress and blocks this action",
            )
