"""EKS node groups."""

import uuid
from typing import Final

from moto.ec2.models import ec2_backends

from patchbay_standins.aws.operations.eks import node_group_instances as instances
from patchbay_standins.aws.operations.eks.access import admit
from patchbay_standins.aws.operations.eks.clusters import minor, require_role
from patchbay_standins.aws.operations.eks.records import Cluster, Described, cluster_of, now, page
from patchbay_standins.aws.operations.eks.releases import newest, require_no_step_back, require_release
from patchbay_standins.aws.operations.eks.service import (
    SERVICE,
    in_use,
    invalid_parameter,
    invalid_request,
    not_found,
)
from patchbay_standins.aws.service import Call, Result

_DEFAULT_SCALING: Final = {"minSize": 1, "maxSize": 2, "desiredSize": 2}
_KEPT: Final = ("remoteAccess", "nodeRepairConfig", "warmPoolConfig")


@SERVICE.operation("CreateNodegroup")
def create_nodegroup(call: Call) -> Result:
    cluster = cluster_of(call)
    name = call["nodegroupName"]
    if name in cluster.node_groups:
        raise in_use(
            f"NodeGroup already exists with name {name} and cluster name {cluster.name}",
            clusterName=cluster.name,
            nodegroupName=name,
        )
    require_role(call, call["nodeRole"])
    _require_subnets(call, cluster)
    identity = uuid.uuid4()
    version = call.get("version", cluster.described["version"])
    _require_version(cluster, version)
    node_group: Described = {
        "nodegroupName": name,
        "nodegroupArn": call.arn(f"nodegroup/{cluster.name}/{name}/{identity}"),
        "clusterName": cluster.name,
        "version": version,
        "createdAt": now(),
        "modifiedAt": now(),
        "status": "ACTIVE",
        "capacityType": call.get("capacityType", "ON_DEMAND"),
        "scalingConfig": {**_DEFAULT_SCALING, **call.get("scalingConfig", {})},
        "subnets": list(call["subnets"]),
        "nodeRole": call["nodeRole"],
        "labels": dict(call.get("labels", {})),
        "taints": list(call.get("taints", [])),
        "resources": {"autoScalingGroups": [{"name": f"eks-{name}-{identity}"}]},
        "health": {"issues": []},
        "updateConfig": call.get("updateConfig", {"maxUnavailable": 1}),
        "tags": dict(call.get("tags", {})),
    }
    for member in _KEPT:
        if call.get(member) is not None:
            node_group[member] = call[member]
    _require_order(node_group["scalingConfig"])
    _require_scaling(node_group["scalingConfig"])
    _set_machines(call, node_group)
    _set_release(call, node_group)
    instances.create(call, cluster, node_group, f"eks-{name}-{identity}")
    cluster.node_groups[name] = node_group
    mode = cluster.described["accessConfig"]["authenticationMode"]
    if mode != "CONFIG_MAP" and call["nodeRole"] not in cluster.access_entries:
        admit(call, cluster, call["nodeRole"], groups=["system:nodes"], kind="EC2_LINUX")
    return {"nodegroup": node_group}


@SERVICE.operation("DescribeNodegroup")
def describe_nodegroup(call: Call) -> Result:
    node_group = _node_group(call)
    node_group["scalingConfig"] = instances.sizes(call, node_group)
    node_group["health"] = {"issues": instances.issues(call, node_group)}
    return {"nodegroup": node_group}


@SERVICE.operation("ListNodegroups")
def list_nodegroups(call: Call) -> Result:
    return page(call, "nodegroups", sorted(cluster_of(call).node_groups))


@SERVICE.operation("DeleteNodegroup")
def delete_nodegroup(call: Call) -> Result:
    node_group = _node_group(call)
    instances.delete(call, node_group)
    del cluster_of(call).node_groups[node_group["nodegroupName"]]
    return {"nodegroup": {**node_group, "status": "DELETING"}}


@SERVICE.operation("UpdateNodegroupConfig")
def update_nodegroup_config(call: Call) -> Result:
    node_group = _node_group(call)
    parameters: dict[str, str] = {}
    if scaling := call.get("scalingConfig"):
        wanted = {**instances.sizes(call, node_group), **scaling}
        _require_scaling(wanted)
        node_group["scalingConfig"] = wanted
        instances.scale(call, node_group, scaling)
        parameters |= {name[0].upper() + name[1:]: str(size) for name, size in scaling.items()}
    if labels := call.get("labels"):
        node_group["labels"].update(labels.get("addOrUpdateLabels", {}))
        for key in labels.get("removeLabels", []):
            node_group["labels"].pop(key, None)
        parameters |= {"LabelsToAdd": str(labels.get("addOrUpdateLabels", {}))}
    if taints := call.get("taints"):
        changed = [*taints.get("addOrUpdateTaints", []), *taints.get("removeTaints", [])]
        named = {(taint["key"], taint["effect"]) for taint in changed}
        kept = [taint for taint in node_group["taints"] if (taint["key"], taint["effect"]) not in named]
        node_group["taints"] = [*kept, *taints.get("addOrUpdateTaints", [])]
        parameters |= {"TaintsToAdd": str(taints.get("addOrUpdateTaints", []))}
    for member in ("updateConfig", "nodeRepairConfig", "warmPoolConfig"):
        if call.get(member) is not None:
            node_group[member] = call[member]
    node_group["modifiedAt"] = now()
    return cluster_of(call).updated("ConfigUpdate", parameters, node_group=node_group["nodegroupName"])


@SERVICE.operation("UpdateNodegroupVersion")
def update_nodegroup_version(call: Call) -> Result:
    node_group = _node_group(call)
    cluster = cluster_of(call)
    # Without a version a custom image's version stays, and any other goes to the cluster's.
    version = call.get("version", cluster.described["version"])
    if version not in {cluster.described["version"], node_group["version"]}:
        # aws-controllers-k8s/community 2957
        raise invalid_parameter(
            f"Nodegroup Kubernetes version should be equal to Cluster kubernetes version "
            f"{cluster.described['version']} or NodeGroup kubernetes version {node_group['version']}"
        )
    if minor(version) < minor(node_group["version"]):
        raise invalid_parameter(f"Node group is at version {node_group['version']} and cannot be rolled back")
    release = call.get("releaseVersion", newest(node_group["amiType"], version))
    if node_group["amiType"] != "CUSTOM":
        require_release(release, node_group["amiType"], version)
        require_no_step_back(node_group["releaseVersion"], release)
    if call.get("launchTemplate"):
        template = instances.resolve_template(call, call["launchTemplate"])
        if template["id"] != node_group.get("launchTemplate", {}).get("id"):
            raise invalid_parameter("You cannot use a different launch template than the node group was created with")
        node_group["launchTemplate"] = template
    node_group["version"] = version
    node_group["releaseVersion"] = release
    node_group["modifiedAt"] = now()
    instances.renew(call, cluster, node_group)
    parameters = {"Version": version, "ReleaseVersion": node_group["releaseVersion"]}
    return cluster.updated("VersionUpdate", parameters, node_group=node_group["nodegroupName"])


def _node_group(call: Call) -> Described:
    name = call["nodegroupName"]
    found = cluster_of(call).node_groups.get(name)
    if found is None:
        raise not_found(f"No node group found for name: {name}.", clusterName=call["clusterName"], nodegroupName=name)
    return found


def _set_machines(call: Call, node_group: Described) -> None:
    """Image, instance types and disk: each from the launch template or from the call, never from both."""
    given = call.get("launchTemplate")
    if given:
        node_group["launchTemplate"] = instances.resolve_template(call, given)
    template = instances.template_data(call, node_group.get("launchTemplate"))
    kinds = call.get("instanceTypes")
    if kinds and template.get("InstanceType"):
        # terraform-aws-modules/terraform-aws-eks 1386
        raise invalid_request("Cannot specify instance types in launch template and API Request")
    if given and call.get("diskSize"):
        raise invalid_parameter("Disk size must be specified within the launch template.")
    if given and call.get("remoteAccess"):
        raise invalid_parameter("Remote access configuration cannot be specified with a launch template.")
    if template.get("ImageId"):
        node_group["amiType"] = "CUSTOM"
    else:
        node_group["amiType"] = call.get("amiType", "AL2023_x86_64_STANDARD")
    if not template.get("InstanceType"):
        node_group["instanceTypes"] = list(kinds or ["t3.medium"])
    if not given:
        node_group["diskSize"] = call.get("diskSize", 20)


def _set_release(call: Call, node_group: Described) -> None:
    version = node_group["version"]
    release = call.get("releaseVersion", newest(node_group["amiType"], version))
    if node_group["amiType"] != "CUSTOM":
        require_release(release, node_group["amiType"], version)
    node_group["releaseVersion"] = release


def _require_subnets(call: Call, cluster: Cluster) -> None:
    known = {
        subnet.id: subnet
        for zone in ec2_backends[call.account][call.region].subnets.values()
        for subnet in zone.values()
    }
    for name in call["subnets"]:
        if name not in known or known[name].vpc_id != cluster.described["resourcesVpcConfig"]["vpcId"]:
            raise invalid_parameter(f"The subnet ID '{name}' does not exist in the cluster's VPC")


def _require_version(cluster: Cluster, version: str) -> None:
    if minor(version) > minor(cluster.described["version"]):
        raise invalid_parameter(
            f"Nodegroup Kubernetes version {version} is higher than the cluster's, {cluster.described['version']}"
        )


def _require_order(scaling: Described) -> None:
    """A new group's sizes, which EKS compares before it asks Auto Scaling, in words of its own.

    sassoftware/viya4-iac-aws 298, ministryofjustice/cloud-platform-infrastructure 4595.
    """
    if scaling["minSize"] > scaling["desiredSize"]:
        raise invalid_parameter("minSize can't be greater than desiredSize")
    if scaling["desiredSize"] > scaling["maxSize"]:
        raise invalid_parameter("desiredSize can't be greater than maxSize")


def _require_scaling(scaling: Described) -> None:
    least, most, desired = scaling["minSize"], scaling["maxSize"], scaling["desiredSize"]
    if least > desired:
        raise invalid_parameter(f"Minimum capacity {least} can't be greater than desired size {desired}")
    if desired > most:
        raise invalid_parameter(f"desired capacity {desired} can't be greater than max size {most}")
    if most < 1:
        raise invalid_parameter("The maximum size of a node group is at least 1")
