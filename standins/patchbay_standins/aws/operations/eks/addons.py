"""EKS add-ons."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from patchbay_standins.aws.operations.eks.addon_values import fault
from patchbay_standins.aws.operations.eks.clusters import DEFAULT_VERSION
from patchbay_standins.aws.operations.eks.pod_identity import associate
from patchbay_standins.aws.operations.eks.records import Cluster, Described, cluster_of, now, page
from patchbay_standins.aws.operations.eks.service import SERVICE, in_use, invalid_parameter, not_found
from patchbay_standins.aws.service import Call, Result


@dataclass(frozen=True)
class _Addon:
    """`version` is the default; `{minor}` in it is the cluster's version."""

    type: str
    version: str
    namespace: str = "kube-system"
    needs_rights: bool = False


CATALOGUE: Final[Mapping[str, _Addon]] = {
    "aws-ebs-csi-driver": _Addon("storage", "v1.53.0-eksbuild.1", needs_rights=True),
    "aws-efs-csi-driver": _Addon("storage", "v2.1.15-eksbuild.1", needs_rights=True),
    "coredns": _Addon("networking", "v1.12.4-eksbuild.1"),
    "eks-node-monitoring-agent": _Addon("observability", "v1.4.2-eksbuild.1"),
    "eks-pod-identity-agent": _Addon("security", "v1.3.10-eksbuild.1"),
    "kube-proxy": _Addon("networking", "v{minor}.1-eksbuild.2"),
    "metrics-server": _Addon("observability", "v0.8.0-eksbuild.3"),
    "snapshot-controller": _Addon("storage", "v8.3.0-eksbuild.1"),
    "vpc-cni": _Addon("networking", "v1.20.4-eksbuild.2", needs_rights=True),
}
# The catalogue has one version of each; any other of the right form is accepted.
_VERSION: Final = re.compile(r"v\d+\.\d+\.\d+-eksbuild\.\d+")


@SERVICE.operation("CreateAddon")
def create_addon(call: Call) -> Result:
    cluster = cluster_of(call)
    name = call["addonName"]
    known = _known(call)
    if name in cluster.addons:
        raise in_use("Addon already exists.", clusterName=cluster.name, addonName=name)
    version = call.get("addonVersion", known.version.format(minor=cluster.described["version"]))
    _require(call, version)
    addon: Described = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "addonVersion": version,
        "health": {"issues": []},
        "addonArn": call.arn(f"addon/{cluster.name}/{name}/{uuid.uuid4()}"),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": dict(call.get("tags", {})),
        "owner": "aws",
        "publisher": "eks",
        "podIdentityAssociations": [],
        "namespaceConfig": {"namespace": (call.get("namespaceConfig") or {}).get("namespace", known.namespace)},
    }
    _set(call, cluster, addon)
    cluster.addons[name] = addon
    return {"addon": addon}


@SERVICE.operation("DescribeAddon")
def describe_addon(call: Call) -> Result:
    return {"addon": _addon(call)}


@SERVICE.operation("ListAddons")
def list_addons(call: Call) -> Result:
    return page(call, "addons", sorted(cluster_of(call).addons))


@SERVICE.operation("UpdateAddon")
def update_addon(call: Call) -> Result:
    addon = _addon(call)
    version = call.get("addonVersion", addon["addonVersion"])
    _require(call, version)
    _set(call, cluster_of(call), addon)
    addon.update(addonVersion=version, modifiedAt=now())
    return cluster_of(call).updated("AddonUpdate", {"AddonVersion": version}, addon=addon["addonName"])


@SERVICE.operation("DeleteAddon")
def delete_addon(call: Call) -> Result:
    addon = _addon(call)
    cluster = cluster_of(call)
    _drop_associations(cluster, addon)
    del cluster.addons[addon["addonName"]]
    return {"addon": {**addon, "status": "DELETING"}}


@SERVICE.operation("DescribeAddonVersions")
def describe_addon_versions(call: Call) -> Result:
    minor = call.get("kubernetesVersion", DEFAULT_VERSION)
    found = [
        {
            "addonName": name,
            "type": addon.type,
            "addonVersions": [_described_version(addon, minor)],
            "owner": "aws",
            "publisher": "eks",
            "defaultNamespace": addon.namespace,
        }
        for name, addon in CATALOGUE.items()
        if call.get("addonName", name) == name and addon.type in (call.get("types") or [addon.type])
    ]
    return page(call, "addons", found)


def _described_version(addon: _Addon, minor: str) -> dict[str, Any]:
    return {
        "addonVersion": addon.version.format(minor=minor),
        "architecture": ["amd64", "arm64"],
        "compatibilities": [{"clusterVersion": minor, "platformVersions": ["*"], "defaultVersion": True}],
        "requiresConfiguration": False,
        "requiresIamPermissions": addon.needs_rights,
    }


def _known(call: Call) -> _Addon:
    name = call["addonName"]
    if name not in CATALOGUE:
        raise invalid_parameter(f"Addon {name} specified is not supported", clusterName=call["clusterName"])
    return CATALOGUE[name]


def _addon(call: Call) -> Described:
    cluster = cluster_of(call)
    name = call["addonName"]
    found = cluster.addons.get(name)
    if found is None:
        raise not_found(f"No addon: {name} found in cluster: {cluster.name}", clusterName=cluster.name, addonName=name)
    return found


def _require(call: Call, version: str) -> None:
    members = {"clusterName": call["clusterName"], "addonName": call["addonName"]}
    if not _VERSION.fullmatch(version):
        raise invalid_parameter("Addon version specified is not supported", **members)
    if found := fault(call["addonName"], call.get("configurationValues", "{}")):
        raise invalid_parameter(found, **members)


def _set(call: Call, cluster: Cluster, addon: Described) -> None:
    for member in ("serviceAccountRoleArn", "configurationValues"):
        if call.get(member):
            addon[member] = call[member]
    wanted = call.get("podIdentityAssociations")
    if wanted is None:
        return
    _drop_associations(cluster, addon)
    for item in wanted:
        made = associate(call, cluster, addon["namespaceConfig"]["namespace"], item["serviceAccount"], item["roleArn"])
        made["ownerArn"] = addon["addonArn"]
        addon["podIdentityAssociations"].append(made["associationArn"])


def _drop_associations(cluster: Cluster, addon: Described) -> None:
    for arn in addon["podIdentityAssociations"]:
        cluster.associations.pop(arn.rsplit("/", 1)[-1], None)
    addon["podIdentityAssociations"] = []
