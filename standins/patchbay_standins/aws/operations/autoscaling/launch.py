"""Starting one instance of a group: in which subnet, of which type, on demand or spot."""

import math
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moto.autoscaling.models import ASG_NAME_TAG, FakeAutoScalingGroup, InstanceState
from moto.core.exceptions import ServiceException
from moto.ec2.models.instances import Instance

from patchbay_standins.aws.operations.autoscaling import capacity
from patchbay_standins.aws.operations.ec2.instance_requirements import matching_types


class LaunchError(Exception):
    """A launch that failed, with AWS's words for it."""


@dataclass(frozen=True)
class Place:
    zone: str
    subnet: str | None

    @property
    def details(self) -> dict[str, str]:
        return ({"Subnet ID": self.subnet} if self.subnet else {}) | {"Availability Zone": self.zone}


class Member(InstanceState):
    """An instance of a group, which remembers the version of the launch template that it was launched with."""

    def __init__(self, instance: Instance, group: FakeAutoScalingGroup, template: dict[str, str] | None) -> None:
        instance.autoscaling_group = group  # type: ignore[attr-defined] # moto keeps it there
        super().__init__(instance, "Pending", protected_from_scale_in=group.new_instances_protected_from_scale_in)
        self._template = template

    @property
    def launch_template(self) -> dict[str, str] | None:
        return self._template


def places(group: FakeAutoScalingGroup, members: Sequence[InstanceState]) -> list[Place]:
    """Where a group launches, the zone with the fewest of the members first."""
    backend = group.ec2_backend
    names = group.vpc_zone_identifier.split(",") if group.vpc_zone_identifier else []
    zones = {subnet.id: str(subnet.availability_zone) for subnet in backend.describe_subnets() if subnet.id in names}
    found = [Place(zones[name], name) for name in names if name in zones]
    if not names:
        found = [Place(zone, None) for zone in group.availability_zones]
    in_zone = Counter(member.instance.availability_zone for member in members)
    in_subnet = Counter(member.instance.subnet_id for member in members)
    return sorted(found, key=lambda place: (in_zone[place.zone], in_subnet[place.subnet]))


def launch(group: FakeAutoScalingGroup, place: Place, members: Sequence[InstanceState]) -> Member:
    """One more instance there, of the first type that can be had. Raises LaunchError."""
    spot = _is_spot(group, members)
    try:
        types = instance_types(group)
        kind = next((name for name in types if capacity.is_there(group.account_id, place.zone, name)), None)
        if kind is None:
            raise LaunchError(_told(group, spot, "InsufficientInstanceCapacity", _shortage(group, place, types, spot)))
        member = _started(group, place, kind, spot)
    except LaunchError:
        raise
    except ServiceException as error:
        raise LaunchError(_told(group, spot, str(error.code), str(error.message))) from error
    except Exception as error:  # it must not fail every call from here on: time goes on before each
        traceback.print_exception(error)
        raise LaunchError(_told(group, spot, "InternalError", f"{type(error).__name__}: {error}")) from error
    capacity.take(group.account_id, place.zone, kind)
    return member


def _started(group: FakeAutoScalingGroup, place: Place, kind: str, spot: bool) -> Member:
    template = group.ec2_launch_template
    options: dict[str, Any] = {"subnet_id": place.subnet} if place.subnet else {"placement": place.zone}
    launched_with = None
    if template is None:
        options |= {
            "launch_config": group.launch_config,
            "associate_public_ip": group.launch_config.associate_public_ip_address,
        }
    else:
        version = template.get_version(group.launch_template_version)
        number = str(version.number)
        launched_with = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "Version": number}
        options |= {
            "launch_template": {"LaunchTemplateId": template.id, "Version": number},
            # moto takes these from a template only in part, and adds a root volume of its own.
            "metadata_options": version.data.get("MetadataOptions", {}),
            "block_device_mappings": version.data.get("BlockDeviceMappings", []),
        }
    if spot:
        options["instance_market_options"] = {"MarketType": "spot"}
    reservation = group.ec2_backend.run_instances(
        group.image_id,
        1,
        group.user_data,
        group.security_groups,
        instance_type=kind,
        is_instance_type_default=False,
        tags={"instance": {**group.get_propagated_tags(), ASG_NAME_TAG: group.name, **group.instance_tags}},
        region_name=group.region,
        **options,
    )
    instance = reservation.instances[0]
    for interface in instance.nics.values():
        interface.delete_on_termination = True
    return Member(instance, group, launched_with)


def instance_types(group: FakeAutoScalingGroup) -> list[str]:
    """The group's instance types, the preferred first."""
    overrides = (group.mixed_instances_policy or {}).get("LaunchTemplate", {}).get("Overrides") or []
    if not overrides:
        return [group.instance_type]
    return [name for override in overrides for name in _overriding(group, override)]


def _overriding(group: FakeAutoScalingGroup, override: dict[str, Any]) -> list[str]:
    if "InstanceRequirements" in override:
        return matching_types(group.region, override["InstanceRequirements"])
    return [override["InstanceType"]]


def _is_spot(group: FakeAutoScalingGroup, members: Sequence[InstanceState]) -> bool:
    """The next one: on demand up to the base, and of those above it as many in a hundred as the policy says."""
    distribution = (group.mixed_instances_policy or {}).get("InstancesDistribution", {})
    base = int(distribution.get("OnDemandBaseCapacity", 0))
    share = int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100))
    total = len(members) + 1
    on_demand = sum(member.instance.lifecycle != "spot" for member in members)
    return on_demand >= min(base, total) + math.ceil(max(0, total - base) * share / 100)


def _shortage(group: FakeAutoScalingGroup, place: Place, types: Sequence[str], spot: bool) -> str:
    if not types:
        return "No instance type meets the instance requirements."
    if spot:
        return "There is no Spot capacity available that matches your request."
    kind = types[0]
    others = sorted(
        {other.zone for other in places(group, ()) if capacity.is_there(group.account_id, other.zone, kind)}
    )
    elsewhere = f" or choosing {', '.join(others)}" if others else ""
    return (
        f"We currently do not have sufficient {kind} capacity in the Availability Zone you requested ({place.zone})."
        " Our system will be working on provisioning additional capacity."
        f" You can currently get {kind} capacity by not specifying an Availability Zone in your request{elsewhere}."
    )


def _told(group: FakeAutoScalingGroup, spot: bool, code: str, reason: str) -> str:
    """Groups with a mixed instances policy launch by a fleet, whose failures name the market and the code."""
    fleet = f"Could not launch {'Spot' if spot else 'On-Demand'} Instances. {code} - "
    return f"{fleet if group.mixed_instances_policy else ''}{reason.rstrip('.')}. Launching EC2 instance failed."
