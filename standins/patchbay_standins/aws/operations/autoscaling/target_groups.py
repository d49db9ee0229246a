"""A group's instances as targets of load balancers: registered when they are in service, until they are taken out."""

from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup

from patchbay_standins.aws.operations.autoscaling.service import SERVICE, group_of
from patchbay_standins.aws.service import BY_MOTO, Call, Served


def register(group: FakeAutoScalingGroup) -> None:
    """Registers what is in service with the target groups that there still are."""
    balancing: Any = group.autoscaling_backend.elbv2_backend
    for arn in group.target_group_arns or ():
        target_group = balancing.target_groups.get(arn)
        if target_group is not None:
            targets = [{"Id": member.instance.id, "Port": target_group.port} for member in group.active_instances()]
            balancing.register_targets(arn, targets)


def deregister(group: FakeAutoScalingGroup, instance: str) -> None:
    balancing: Any = group.autoscaling_backend.elbv2_backend
    balancing.notify_terminate_instances([instance])


def _register_by_name(backend: AutoScalingBackend, group_name: str) -> None:
    register(backend.autoscaling_groups[group_name])


AutoScalingBackend.update_attached_target_groups = _register_by_name  # type: ignore[assignment,method-assign]


@SERVICE.operation("AttachLoadBalancerTargetGroups")
@SERVICE.operation("DescribeLoadBalancerTargetGroups")
@SERVICE.operation("DetachLoadBalancerTargetGroups")
def of_target_groups(call: Call) -> Served:
    group_of(call, call["AutoScalingGroupName"])
    return BY_MOTO
