"""Operations on single instances of groups."""

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState

from patchbay_standins.aws.operations.autoscaling.ledger import Activity, ledger_of
from patchbay_standins.aws.operations.autoscaling.service import SERVICE, backend_of, invalid, sizes_of
from patchbay_standins.aws.operations.autoscaling.settle import TERMINATING, live, settle, take_out, told
from patchbay_standins.aws.operations.ec2 import instance_life
from patchbay_standins.aws.service import Call, Result

# An instance that has ended is noticed, and replaced, by its state.
AutoScalingBackend.notify_terminate_instances = lambda *_: None  # type: ignore[method-assign]


@SERVICE.operation("TerminateInstanceInAutoScalingGroup")
def terminate_instance_in_auto_scaling_group(call: Call) -> Result:
    """One by its id, or several of a group: all of them or none."""
    one, several = call.get("InstanceId"), call.get("InstanceIds", [])
    if bool(one) == bool(several) or (several and not call.get("AutoScalingGroupName")):
        raise invalid("Valid requests must contain either InstanceId, or InstanceIds and AutoScalingGroupName.")
    managed = [_managed(call, name) for name in several or [one]]
    group = managed[0][0]
    members = [member for _, member in managed]
    if several and any(other.name != call["AutoScalingGroupName"] for other, _ in managed):
        raise invalid(f"The instances are not all part of Auto Scaling group {call['AutoScalingGroupName']}.")
    activities = _terminated(group, members, decrement=call["ShouldDecrementDesiredCapacity"])
    described = [activity.described() for activity in activities]
    settle(group)
    return {"Activities": described} if several else {"Activity": described[0]}


@SERVICE.operation("SetInstanceHealth")
def set_instance_health(call: Call) -> Result:
    """An unhealthy instance is replaced, at the end of its grace period if the caller respects it."""
    status = call["HealthStatus"]
    if status not in {"Healthy", "Unhealthy"}:
        raise invalid(f"Valid instance health states are: [Healthy, Unhealthy], not {status}")
    group, member = _managed(call, call["InstanceId"])
    member.health_status = status
    if status == "Unhealthy" and not call.get("ShouldRespectGracePeriod", True):
        ledger_of(group).in_service_at.pop(member.instance.id, None)
    settle(group)
    return {}


def _managed(call: Call, name: str) -> tuple[FakeAutoScalingGroup, InstanceState]:
    for group in backend_of(call).autoscaling_groups.values():
        for member in group.instance_states:
            if member.instance.id == name:
                return group, member
    raise invalid(f"Instance Id not found - No managed instance found for instance ID: {name}")


def _terminated(group: FakeAutoScalingGroup, members: list[InstanceState], *, decrement: bool) -> list[Activity]:
    """An instance that is being ended already is ended once."""
    ledger, sizes = ledger_of(group), sizes_of(group)
    ending = [member for member in members if member.lifecycle_state != TERMINATING]
    if decrement and sizes.desired - len(ending) < sizes.least:
        raise invalid(
            f"Currently, desiredSize equals minSize ({sizes.least}). Terminating instance without replacement"
            " will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false"
            " or lower group's min size."
        )
    activities = {name: activity for name, (activity, _) in ledger.terminating.items()}
    for member in ending:
        size, name = len(live(group)), member.instance.id
        cause = f"At {told(instance_life.now())} instance {name} was taken out of service in response to a user request"
        if decrement:
            group.desired_capacity = sizes_of(group).desired - 1
            cause += f", shrinking the capacity from {size} to {size - 1}"
        activities[name] = take_out(group, member, f"{cause}.")
    return [activities[member.instance.id] for member in members]
