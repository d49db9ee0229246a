"""EKS: clusters, node groups, add-ons, and who may use what."""

from collections.abc import Mapping
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import document, unordered
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource, Values
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Ready, Row, Tags, Update

_LOG_TYPES: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")
# EKS takes one kind of change at a time.
_CLUSTER_SETTINGS: Final = (
    "upgradePolicy",
    "zonalShiftConfig",
    "remoteNetworkConfig",
    "deletionProtection",
    "controlPlaneScalingConfig",
    "kubeApiServerConfig",
    "kubeControllerManagerConfig",
    "kubeSchedulerConfig",
)
_VPC_SETTINGS: Final = (
    "subnetIds",
    "securityGroupIds",
    "endpointPublicAccess",
    "endpointPrivateAccess",
    "publicAccessCidrs",
)


def _tags(arn: str) -> Tags:
    return Tags(
        create="tags",
        tag=Call("tag_resource", {"resourceArn": arn}),
        untag=Call("untag_resource", {"resourceArn": arn}),
    )


def _logging(types: Any) -> dict[str, Any]:
    """What is not named is off: an update leaves as it is what it does not mention."""
    off = [kind for kind in _LOG_TYPES if kind not in types]
    groups = ((list(types), True), (off, False))
    return {"clusterLogging": [{"types": kinds, "enabled": enabled} for kinds, enabled in groups if kinds]}


def _set_authentication(resource: Resource) -> None:
    mode = resource.inputs["accessConfig"]["authenticationMode"]
    resource.call("update_cluster_config", name=resource.value("name"), accessConfig={"authenticationMode": mode})


def _set_network(resource: Resource) -> None:
    """Sends what changed: EKS refuses a change of subnets together with one of the endpoint."""
    new, old = (values.get("vpcConfig") or {} for values in (resource.inputs, resource.before))
    changed = {name: new[name] for name in _VPC_SETTINGS if name in new and new[name] != old.get(name)}
    networks = ("subnetIds", "securityGroupIds")
    for part in (networks, tuple(name for name in _VPC_SETTINGS if name not in networks)):
        sent = {name: value for name, value in changed.items() if name in part}
        if sent:
            resource.call("update_cluster_config", name=resource.value("name"), resourcesVpcConfig=sent)


def _scaling(node_group: Values) -> dict[str, int]:
    return {name: int(size) for name, size in (node_group.get("scalingConfig") or {}).items()}


def _taint(taint: Mapping[str, Any]) -> tuple[str, str]:
    return taint["key"], taint["effect"]


def _set_node_group(resource: Resource) -> None:
    """Sends what changed; of the sizes all three when one does, as the real provider.

    (terraform-provider-aws, `expandNodegroupScalingConfig`.)
    """
    inputs, before = resource.inputs, resource.before
    parameters: dict[str, Any] = {}
    if resource.changed("scalingConfig"):
        parameters["scalingConfig"] = _scaling(inputs)
    for name in ("updateConfig", "nodeRepairConfig"):
        if resource.changed(name) and inputs.get(name):
            parameters[name] = inputs[name]
    if resource.changed("labels"):
        new, old = inputs.get("labels") or {}, before.get("labels") or {}
        parameters["labels"] = {
            "addOrUpdateLabels": {key: value for key, value in new.items() if old.get(key) != value},
            "removeLabels": [key for key in old if key not in new],
        }
    if resource.changed("taints"):
        taints, previous = inputs.get("taints") or [], before.get("taints") or []
        kept = {_taint(taint) for taint in taints}
        parameters["taints"] = {
            "addOrUpdateTaints": [taint for taint in taints if taint not in previous],
            "removeTaints": [taint for taint in previous if _taint(taint) not in kept],
        }
    if parameters:
        names = {"clusterName": resource.value("clusterName"), "nodegroupName": resource.value("nodeGroupName")}
        resource.call("update_nodegroup_config", **names, **parameters)


def _set_node_group_version(resource: Resource) -> None:
    """Sends what the real provider does: version and release where they change themselves, the template always.

    So a change of the template alone brings the newest AMI, whatever release the program names
    (terraform-provider-aws, `resourceNodeGroupUpdate`, and its issue 40902).
    """
    inputs = resource.inputs
    names = {"clusterName": resource.value("clusterName"), "nodegroupName": resource.value("nodeGroupName")}
    parameters: dict[str, Any] = {
        name: inputs[name] for name in ("version", "releaseVersion") if resource.changed(name) and inputs.get(name)
    }
    if template := inputs.get("launchTemplate"):
        parameters["launchTemplate"] = dict(template)
    resource.call("update_nodegroup_version", **names, **parameters, force=bool(inputs.get("forceUpdateVersion")))


def _association_id(identifier: str) -> dict[str, str]:
    """`cluster,association`, as the real provider imports it, or the association's id alone."""
    cluster, _, association = identifier.rpartition(",")
    return {"associationId": association} | ({"clusterName": cluster} if cluster else {})


ROWS = (
    Row(
        "aws:eks/cluster:Cluster",
        "eks",
        create=Call("create_cluster", at="cluster"),
        id="{name}",
        read=Call("describe_cluster", at="cluster"),
        updates=(
            Update(("version",), Call("update_cluster_version", {"force": "{forceUpdateVersion}"})),
            Update(("vpcConfig",), _set_network),
            Update(("accessConfig",), _set_authentication),
            Update(("enabledClusterLogTypes",), Call("update_cluster_config"), each=True),
            Update(_CLUSTER_SETTINGS, Call("update_cluster_config"), each=True),
        ),
        delete=Call("delete_cluster"),
        fields=(
            Field("vpcConfig", aws="resourcesVpcConfig"),
            Field(
                "enabledClusterLogTypes",
                aws="logging",
                read="logging.clusterLogging[?enabled].types[]",
                encode=_logging,
                normal=lambda types: sorted(types or ()),
                default=[],
            ),
            # EKS does not tell these.
            Field("bootstrapSelfManagedAddons", read="", default=True),
            Field("forceUpdateVersion", aws="", default=False),
        ),
        outputs={"identities": lambda _, live: [{"oidcs": [live["identity"]["oidc"]]}]},
        tags=_tags("{arn}"),
        ready=Ready(
            at="status", done=("ACTIVE",), failed=("FAILED",), reason="join('; ', health.issues[].message || `[]`)"
        ),
        options=("forceUpdateVersion",),
        required=("name",),
        fixed=("accessConfig.bootstrapClusterCreatorAdminPermissions",),
    ),
    Row(
        "aws:eks/nodeGroup:NodeGroup",
        "eks",
        create=Call("create_nodegroup", at="nodegroup"),
        id="{clusterName}:{nodeGroupName}",
        read=Call("describe_nodegroup", at="nodegroup"),
        updates=(
            Update(("version", "releaseVersion", "launchTemplate"), _set_node_group_version),
            Update(("scalingConfig", "updateConfig", "nodeRepairConfig", "labels", "taints"), _set_node_group),
        ),
        delete=Call("delete_nodegroup"),
        fields=(
            Field("nodeRoleArn", aws="nodeRole"),
            unordered("subnetIds", aws="subnets"),
            Field("resources", names={"remoteAccessSecurityGroupId": "remoteAccessSecurityGroup"}),
            Field("labels", default={}),
            Field("taints", default=[]),
            Field("forceUpdateVersion", aws="", default=False),
        ),
        outputs={"arn": "{nodegroupArn}"},
        tags=_tags("{arn}"),
        ready=Ready(
            at="status",
            done=("ACTIVE",),
            failed=("CREATE_FAILED", "DEGRADED"),
            reason="join('; ', health.issues[].message || `[]`)",
        ),
        name="nodeGroupName",
        options=("forceUpdateVersion",),
        required=("nodeGroupName",),
        # A release follows its version.
        volatile=("releaseVersion",),
        fixed=("launchTemplate.id", "launchTemplate.name"),
    ),
    Row(
        "aws:eks/addon:Addon",
        "eks",
        create=Call("create_addon", {"resolveConflicts": "{resolveConflictsOnCreate}"}, at="addon"),
        id="{clusterName}:{addonName}",
        read=Call("describe_addon", at="addon"),
        updates=(
            Update(
                ("addonVersion", "configurationValues", "podIdentityAssociations", "serviceAccountRoleArn"),
                Call("update_addon", {"resolveConflicts": "{resolveConflictsOnUpdate}"}),
            ),
        ),
        delete=Call("delete_addon", {"preserve": "{preserve}"}),
        fields=(
            document("configurationValues"),
            # EKS tells their ARNs only.
            Field("podIdentityAssociations", read=""),
            Field("preserve", aws="", default=False),
            Field("resolveConflictsOnCreate", aws=""),
            Field("resolveConflictsOnUpdate", aws=""),
        ),
        outputs={"arn": "{addonArn}"},
        tags=_tags("{arn}"),
        ready=Ready(
            at="status",
            done=("ACTIVE",),
            failed=("CREATE_FAILED", "UPDATE_FAILED", "DEGRADED"),
            reason="join('; ', health.issues[].message || `[]`)",
        ),
        name="addonName",
        options=("preserve", "resolveConflictsOnCreate", "resolveConflictsOnUpdate"),
        volatile=("modifiedAt",),
    ),
    Row(
        "aws:eks/accessEntry:AccessEntry",
        "eks",
        create=Call("create_access_entry", at="accessEntry"),
        id="{clusterName}:{principalArn}",
        read=Call("describe_access_entry", at="accessEntry"),
        updates=(Update(("kubernetesGroups", "userName"), Call("update_access_entry")),),
        delete=Call("delete_access_entry"),
        fields=(unordered("kubernetesGroups"), Field("type", default="STANDARD")),
        tags=_tags("{accessEntryArn}"),
        name="principalArn",
        volatile=("modifiedAt",),
    ),
    Row(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "eks",
        create=Call("associate_access_policy"),
        id="{clusterName}#{principalArn}#{policyArn}",
        read=Call("list_associated_access_policies", at="associatedAccessPolicies[?policyArn=={policyArn}] | [0]"),
        delete=Call("disassociate_access_policy"),
        # A second association of the policy would be the first one, and go with it.
        name="policyArn",
    ),
    Row(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "eks",
        create=Call("create_pod_identity_association", at="association"),
        id="{associationId}",
        parse=_association_id,
        read=Call("describe_pod_identity_association", at="association"),
        updates=(
            Update(
                ("roleArn", "targetRoleArn", "disableSessionTags", "policy"), Call("update_pod_identity_association")
            ),
        ),
        delete=Call("delete_pod_identity_association"),
        fields=(document("policy"), Field("disableSessionTags", default=False)),
        tags=_tags("{associationArn}"),
        name="serviceAccount",
    ),
)
