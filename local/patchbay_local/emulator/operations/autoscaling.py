"""Auto Scaling: instances as a launch template and a group's subnets say, and errors where moto fails instead."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from moto.autoscaling.models import ASG_NAME_TAG, FakeAutoScalingGroup, InstanceState, autoscaling_backends
from moto.ec2.models.instances import Instance

from patchbay_local.emulator.service import BY_MOTO, AwsError, Call, Served, Service

SERVICE: Final = Service("autoscaling")
_launch_by_moto: Final[Callable[[FakeAutoScalingGroup, int, dict[str, str]], None]] = (
    FakeAutoScalingGroup.replace_autoscaling_group_instances
)


def _launch(group: FakeAutoScalingGroup, count_needed: int, propagated_tags: dict[str, str]) -> None:
    """Starts each instance in the subnet that has the fewest, as AWS does; moto starts all in the first."""
    if group.ec2_launch_template is None or not group.vpc_zone_identifier:
        _launch_by_moto(group, count_needed, propagated_tags)
        return
    subnets = group.vpc_zone_identifier.split(",")
    for _ in range(count_needed):
        there = Counter(state.instance.subnet_id for state in group.instance_states)
        subnet = min(subnets, key=lambda name: (there[name], subnets.index(name)))
        instance = _started(group, subnet, propagated_tags)
        instance.autoscaling_group = group  # type: ignore[attr-defined] # moto keeps it there
        group.instance_states.append(
            InstanceState(instance, protected_from_scale_in=group.new_instances_protected_from_scale_in)
        )


def _started(group: FakeAutoScalingGroup, subnet: str, tags: dict[str, str]) -> Instance:
    template = group.ec2_launch_template
    assert template is not None  # noqa: S101 # the caller has looked
    version = template.get_version(group.launch_template_version)
    policy: dict[str, Any] = group.mixed_instances_policy or {}
    overrides = policy.get("LaunchTemplate", {}).get("Overrides", [])
    reservation = group.ec2_backend.run_instances(
        version.image_id,
        1,
        version.user_data,
        version.security_groups,
        instance_type=overrides[0]["InstanceType"] if overrides else version.instance_type,
        is_instance_type_default=False,
        tags={"instance": {**tags, ASG_NAME_TAG: group.name, **version.instance_tags}},
        region_name=group.region,
        launch_template={"LaunchTemplateId": template.id, "Version": str(version.number)},
        subnet_id=subnet,
        # moto takes these from a template only in part, and adds a root volume of its own.
        metadata_options=version.data.get("MetadataOptions", {}),
        block_device_mappings=version.data.get("BlockDeviceMappings", []),
        instance_market_options={"MarketType": "spot"} if _is_spot(group, policy) else None,
    )
    instance: Instance = reservation.instances[0]
    for interface in instance.nics.values():
        interface.delete_on_termination = True
    return instance


def _is_spot(group: FakeAutoScalingGroup, policy: dict[str, Any]) -> bool:
    """The next one: on demand up to the base, spot above it where nothing above it is to be on demand."""
    distribution = policy.get("InstancesDistribution", {})
    base = int(distribution.get("OnDemandBaseCapacity", 0))
    return int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100)) == 0 and len(group.instance_states) >= base


FakeAutoScalingGroup.replace_autoscaling_group_instances = _launch  # type: ignore[assignment,method-assign]


def _require_group(call: Call, name: str) -> Served:
    if name not in autoscaling_backends[call.account][call.region].autoscaling_groups:
        raise AwsError("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return BY_MOTO


@SERVICE.operation("AttachLoadBalancerTargetGroups")
@SERVICE.operation("DescribeLoadBalancerTargetGroups")
@SERVICE.operation("DetachLoadBalancerTargetGroups")
@SERVICE.operation("SetDesiredCapacity")
def of_a_group(call: Call) -> Served:
    return _require_group(call, call["AutoScalingGroupName"])


@SERVICE.operation("CreateOrUpdateTags")
@SERVICE.operation("DeleteTags")
def of_tagged_groups(call: Call) -> Served:
    tags: list[dict[str, Any]] = call["Tags"]
    for tag in tags:
        _require_group(call, tag["ResourceId"])
    return BY_MOTO
