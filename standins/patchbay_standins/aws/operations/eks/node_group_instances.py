"""What is behind an EKS node group: an Auto Scaling group, and a launch template made from the given one."""

import copy
from typing import Any, Final

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, autoscaling_backends
from moto.core.types import Base64EncodedString
from moto.ec2.models import EC2Backend, ec2_backends

from patchbay_standins.aws.operations.autoscaling import groups
from patchbay_standins.aws.operations.autoscaling.ledger import ledger_of
from patchbay_standins.aws.operations.eks.records import Cluster, Described
from patchbay_standins.aws.operations.eks.service import invalid_parameter
from patchbay_standins.aws.service import Call

_ROOT_DEVICE: Final = "/dev/xvda"
_DISK_SIZE: Final = 20


def auto_scaling_group(call: Call, node_group: Described) -> FakeAutoScalingGroup:
    """The group that the node group names."""
    return _auto_scaling(call).autoscaling_groups[node_group["resources"]["autoScalingGroups"][0]["name"]]


def resolve_template(call: Call, given: Described) -> Described:
    """A launch template as EKS describes it: id, name and a version by number."""
    ec2 = _ec2(call)
    name = given.get("id") or ec2.launch_template_name_to_ids.get(given.get("name", ""))
    template = ec2.launch_templates.get(name or "")
    if template is None:
        raise invalid_parameter(f"Launch template {name or given.get('name')} was not found")
    version = template.get_version(given.get("version") or "$Default")
    return {"id": template.id, "name": template.name, "version": str(version.number)}


def template_data(call: Call, template: Described | None) -> Described:
    """What a resolved launch template says, as EC2 describes it; a copy."""
    if template is None:
        return {}
    version = _ec2(call).launch_templates[template["id"]].get_version(template["version"])
    return dict(copy.deepcopy(version.data))


def create(call: Call, cluster: Cluster, node_group: Described, name: str) -> None:
    """Makes launch template and Auto Scaling group of this name, and starts the instances."""
    template = _make_template(call, cluster, node_group, name)
    scaling = node_group["scalingConfig"]
    tags = {
        "eks:cluster-name": cluster.name,
        "eks:nodegroup-name": node_group["nodegroupName"],
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{cluster.name}": "owned",
        f"kubernetes.io/cluster/{cluster.name}": "owned",
    }
    _auto_scaling(call).create_auto_scaling_group(
        name=name,
        availability_zones=[],
        desired_capacity=scaling["desiredSize"],
        max_size=scaling["maxSize"],
        min_size=scaling["minSize"],
        launch_config_name="",
        launch_template={},
        vpc_zone_identifier=",".join(node_group["subnets"]),
        default_cooldown=None,
        health_check_period=15,
        health_check_type="EC2",
        load_balancers=[],
        target_group_arns=[],
        placement_group=None,
        termination_policies=["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"],
        tags=[{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in tags.items()],  # type: ignore[dict-item] # moto wants a bool in it
        capacity_rebalance=node_group["capacityType"] == "SPOT",
        mixed_instances_policy=_policy(node_group, template),
    )


def sizes(call: Call, node_group: Described) -> Described:
    """The group's sizes: the autoscaler changes them behind EKS's back."""
    group = auto_scaling_group(call, node_group)
    return {"minSize": group.min_size, "maxSize": group.max_size, "desiredSize": group.desired_capacity}


def issues(call: Call, node_group: Described) -> list[Described]:
    """What EKS tells of launches that fail."""
    group = auto_scaling_group(call, node_group)
    failure = ledger_of(group).failure
    if not failure:
        return []
    return [{"code": "AsgInstanceLaunchFailures", "message": failure, "resourceIds": [group.name]}]


def scale(call: Call, node_group: Described, scaling: Described) -> None:
    """Sets the sizes that are given."""
    group = auto_scaling_group(call, node_group)
    groups.resize(group, scaling.get("minSize"), scaling.get("maxSize"), scaling.get("desiredSize"))


def renew(call: Call, cluster: Cluster, node_group: Described) -> None:
    """Makes the launch template anew, and replaces every instance by one of it."""
    group = auto_scaling_group(call, node_group)
    _ec2(call).delete_launch_template(group.name, None)
    template = _make_template(call, cluster, node_group, group.name)
    group.update(
        availability_zones=[],
        desired_capacity=None,
        max_size=None,
        min_size=None,
        launch_config_name="",
        launch_template={},
        vpc_zone_identifier=",".join(node_group["subnets"]),
        health_check_period=15,
        health_check_type="EC2",
        mixed_instances_policy=_policy(node_group, template),
    )
    groups.replace_all(group)


def delete(call: Call, node_group: Described) -> None:
    """Ends the instances, and removes group and launch template."""
    group = auto_scaling_group(call, node_group)
    groups.remove(group)
    _ec2(call).delete_launch_template(group.name, None)


def _make_template(call: Call, cluster: Cluster, node_group: Described, name: str) -> str:
    data = template_data(call, node_group.get("launchTemplate"))
    data["ImageId"] = data.get("ImageId") or _image(call)
    if isinstance(text := data.get("UserData"), str):
        # As moto keeps it of a template's first version, and of no later one; it starts no instance of the others.
        data["UserData"] = Base64EncodedString(text)
    data["InstanceType"] = _instance_types(node_group, data)[0]
    interfaces = data.pop("NetworkInterfaces", None) or [{}]
    groups = data.get("SecurityGroupIds") or interfaces[0].get("Groups")
    data["SecurityGroupIds"] = groups or [cluster.described["resourcesVpcConfig"]["clusterSecurityGroupId"]]
    if not data.get("BlockDeviceMappings"):
        size = node_group.get("diskSize", _DISK_SIZE)
        data["BlockDeviceMappings"] = [{"DeviceName": _ROOT_DEVICE, "Ebs": {"VolumeSize": size, "VolumeType": "gp3"}}]
    for device in data["BlockDeviceMappings"]:
        device.setdefault("Ebs", {}).setdefault("DeleteOnTermination", True)
    tags = {"eks:cluster-name": cluster.name, "eks:nodegroup-name": node_group["nodegroupName"]}
    template = _ec2(call).create_launch_template(name, "", data, {"launch-template": tags})
    return str(template.id)


def _policy(node_group: Described, template: str) -> dict[str, Any]:
    spot = node_group["capacityType"] == "SPOT"
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"},
            "Overrides": [{"InstanceType": kind} for kind in node_group.get("instanceTypes", [])],
        },
        "InstancesDistribution": {
            "OnDemandAllocationStrategy": "prioritized",
            "OnDemandBaseCapacity": 0,
            "OnDemandPercentageAboveBaseCapacity": 0 if spot else 100,
            "SpotAllocationStrategy": "price-capacity-optimized" if spot else "lowest-price",
        },
    }


def _instance_types(node_group: Described, template: Described) -> list[str]:
    return list(node_group.get("instanceTypes") or [template["InstanceType"]])


def _image(call: Call) -> str:
    """Any image that moto has; none of EKS's own is among them."""
    return next(image for image in _ec2(call).amis if image.startswith("ami-"))


def _ec2(call: Call) -> EC2Backend:
    return ec2_backends[call.account][call.region]


def _auto_scaling(call: Call) -> AutoScalingBackend:
    return autoscaling_backends[call.account][call.region]
