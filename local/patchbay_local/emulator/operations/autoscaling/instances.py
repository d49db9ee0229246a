"""Operations on single instances of groups."""

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState

from patchbay_local.emulator.operations.autoscaling.ledger import Activity, ledger_of
from patchbay_local.emulator.operations.autoscaling.service import SERVICE, backend_of, invalid, sizes_of
from patchbay_local.emulator.operations.autoscaling.settle import TERMINATING, live, settle, take_out, told
from patchbay_local.emulator.operations.ec2 import instance_life
from patchbay_local.emulator.service import Call, Result

# An instance that has ended is noticed, and replaced, by its state.
AutoScalingBackend.notify_terminate_instances = lambda *_: None  # type: ignore[method-assign]


@SERVICE.operation("TerminateInstanceInAutoScalingGroup")
def terminate_instance_in_auto_scaling_group(call: Call) -> Result:
    if "InstanceId" not in call.parameters:
        raise NotImplementedError("several instances at once")
    group, member = _managed(call)
    activity = _terminated(group, member, decrement=call["ShouldDecrementDesiredCapacity"])
    answer = {"Activity": activity.described()}
    settle(group)
    return answer


@SERVICE.operation("SetInstanceHealth")
def set_instance_health(call: Call) -> Result:
    """An unhealthy instance is replaced, at the end of its grace period if the caller respects it."""
    status = call["HealthStatus"]
    if status not in {"Healthy", "Unhealthy"}:
        raise invalid(f"Valid instance health states are: [Healthy, Unhealthy], not {status}")
    group, member = _managed(call)
    member.health_status = status
    if status == "Unhealthy" and not call.get("ShouldRespectGracePeriod", True):
        ledger_of(group).in_service_at.pop(member.instance.id, None)
    settle(group)
    return {}


def _managed(call: Call) -> tuple[FakeAutoScalingGroup, InstanceState]:
    name = call["InstanceId"]
    for group in backend_of(call).autoscaling_groups.values():
        for member in group.instance_states:
            if member.instance.id == name:
                return group, member
    raise invalid(f"Instance Id not found - No managed instance found for instance ID: {name}")


def _terminated(group: FakeAutoScalingGroup, member: InstanceState, *, decrement: bool) -> Activity:
    ledger, name = ledger_of(group), member.instance.id
    if member.lifecycle_state == TERMINATING:
        return ledger.terminating[name][0]  # once is enough
    size = len(live(group))
    cause = f"At {told(instance_life.now())} instance {name} was taken out of service in response to a user request"
    if decrement:
        sizes = sizes_of(group)
        if sizes.desired <= sizes.least:
            raise invalid(
                f"Currently, desiredSize equals minSize ({sizes.least}). Terminating instance without replacement"
                " will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false"
                " or lower group's min size."
            )
        group.desired_capacity = sizes.desired - 1
        cause += f", shrinking the capacity from {size} to {size - 1}"
    return take_out(group, member, f"{cause}.")
