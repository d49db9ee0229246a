"""EKS clusters."""

import base64
import re
import secrets
from typing import Any, Final

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends

from patchbay_standins.aws.operations.eks.access import admit
from patchbay_standins.aws.operations.eks.records import (
    Cluster,
    Described,
    cluster_of,
    clusters,
    identifier,
    now,
    page,
)
from patchbay_standins.aws.operations.eks.service import SERVICE, in_use, invalid_parameter, invalid_request
from patchbay_standins.aws.service import Call, Result

DEFAULT_VERSION: Final = "1.34"
_LOG_TYPES: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")
# What is described as it was given, or as AWS's default where it was not.
_SETTINGS: Final[dict[str, Any]] = {
    "accessConfig": {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True},
    "controlPlaneScalingConfig": {"tier": "standard"},
    "deletionProtection": False,
    "kubernetesNetworkConfig": {
        "serviceIpv4Cidr": "172.20.0.0/16",
        "ipFamily": "ipv4",
        "elasticLoadBalancing": {"enabled": False},
    },
    "upgradePolicy": {"supportType": "EXTENDED"},
    "zonalShiftConfig": {"enabled": False},
}
_OPTIONAL: Final = (
    "computeConfig",
    "kubeApiServerConfig",
    "kubeControllerManagerConfig",
    "kubeSchedulerConfig",
    "remoteNetworkConfig",
    "storageConfig",
)
_CREATOR_POLICY: Final = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@SERVICE.operation("CreateCluster")
def create_cluster(call: Call) -> Result:
    name = call["name"]
    if name in clusters(call):
        raise in_use(f"Cluster already exists with name: {name}", clusterName=name)
    require_role(call, call["roleArn"])
    version = call.get("version", DEFAULT_VERSION)
    if not re.fullmatch(r"1\.\d+", version):
        raise invalid_parameter(f"unsupported Kubernetes version {version}", clusterName=name)
    key = secrets.token_hex(16).upper()
    described: Described = {
        "name": name,
        "arn": call.arn(f"cluster/{name}"),
        "createdAt": now(),
        "version": version,
        "endpoint": f"https://{key}.gr7.{call.region}.eks.amazonaws.com",
        "roleArn": call["roleArn"],
        "resourcesVpcConfig": _network(call, name, call["resourcesVpcConfig"]),
        "logging": _logging(call.get("logging", {})),
        "identity": {"oidc": {"issuer": f"https://oidc.eks.{call.region}.amazonaws.com/id/{key}"}},
        "status": "ACTIVE",
        "certificateAuthority": {"data": base64.b64encode(f"emulated authority {key}".encode()).decode()},
        "platformVersion": "eks.1",
        "tags": dict(call.get("tags", {})),
        "encryptionConfig": list(call.get("encryptionConfig", [])),
        "health": {"issues": []},
    }
    for setting, default in _SETTINGS.items():
        given = call.get(setting)
        described[setting] = {**default, **(given or {})} if isinstance(default, dict) else given or default
    for setting in _OPTIONAL:
        if call.get(setting) is not None:
            described[setting] = call[setting]
    cluster = clusters(call)[name] = Cluster(described)
    if described["accessConfig"]["bootstrapClusterCreatorAdminPermissions"]:
        _admit_creator(call, cluster)
    return {"cluster": described}


@SERVICE.operation("DescribeCluster")
def describe_cluster(call: Call) -> Result:
    return {"cluster": cluster_of(call).described}


@SERVICE.operation("ListClusters")
def list_clusters(call: Call) -> Result:
    return page(call, "clusters", sorted(clusters(call)))


@SERVICE.operation("DeleteCluster")
def delete_cluster(call: Call) -> Result:
    cluster = cluster_of(call)
    if cluster.node_groups:
        raise in_use("Cluster has nodegroups attached", clusterName=cluster.name)
    if cluster.described["deletionProtection"]:
        raise invalid_request(
            f"The cluster {cluster.name} cannot be deleted because deletion protection is enabled",
            clusterName=cluster.name,
        )
    group = cluster.described["resourcesVpcConfig"]["clusterSecurityGroupId"]
    ec2_backends[call.account][call.region].delete_security_group(group_id=group)
    del clusters(call)[cluster.name]
    return {"cluster": {**cluster.described, "status": "DELETING"}}


@SERVICE.operation("UpdateClusterConfig")
def update_cluster_config(call: Call) -> Result:
    cluster = cluster_of(call)
    described = cluster.described
    parameters: dict[str, str] = {}
    kind = "ConfigUpdate"
    if (network := call.get("resourcesVpcConfig")) is not None:
        kind = "EndpointAccessUpdate"
        _require_change(described["resourcesVpcConfig"], network)
        _require_subnets(call, network.get("subnetIds", described["resourcesVpcConfig"]["subnetIds"]))
        described["resourcesVpcConfig"].update(network)
        for member in ("endpointPrivateAccess", "endpointPublicAccess"):
            if member in network:
                parameters[member[0].upper() + member[1:]] = str(network[member]).lower()
    if (logging := call.get("logging")) is not None:
        kind = "LoggingUpdate"
        described["logging"] = _logging(logging, described["logging"])
        parameters["ClusterLogging"] = str(logging)
    for setting in (*_SETTINGS, *_OPTIONAL):
        given = call.get(setting)
        if given is None:
            continue
        if setting == "accessConfig":
            _require_later_mode(cluster, given.get("authenticationMode"))
        described[setting] = {**described.get(setting, {}), **given} if isinstance(given, dict) else given
    return cluster.updated(kind, parameters)


@SERVICE.operation("UpdateClusterVersion")
def update_cluster_version(call: Call) -> Result:
    cluster = cluster_of(call)
    old, new = cluster.described["version"], call["version"]
    if not re.fullmatch(r"1\.\d+", new) or minor(new) != minor(old) + 1:
        raise invalid_parameter(
            f"Unsupported Kubernetes minor version update from {old} to {new}", clusterName=cluster.name
        )
    cluster.described["version"] = new
    return cluster.updated("VersionUpdate", {"Version": new, "PlatformVersion": "eks.1"})


@SERVICE.operation("AssociateEncryptionConfig")
def associate_encryption_config(call: Call) -> Result:
    cluster = cluster_of(call)
    if cluster.described["encryptionConfig"]:
        raise invalid_request("Encryption config is already associated with this cluster", clusterName=cluster.name)
    cluster.described["encryptionConfig"] = list(call["encryptionConfig"])
    return cluster.updated("ConfigUpdate", {})


def minor(version: str) -> int:
    """34 of 1.34."""
    return int(version.split(".")[1])


def require_role(call: Call, arn: str) -> None:
    """AWS assumes the role at once."""
    if not any(role.arn == arn for role in iam_backends[call.account]["aws"].roles.values()):
        raise invalid_parameter(
            f"Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not correct"
        )


def _network(call: Call, cluster: str, given: Described) -> Described:
    ec2 = ec2_backends[call.account][call.region]
    subnets = _require_subnets(call, given.get("subnetIds", []))
    vpc = subnets[0].vpc_id
    group = ec2.create_security_group(
        f"eks-cluster-sg-{cluster}-{identifier(8)}",
        "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, "
        "as well as any managed workloads.",
        vpc_id=vpc,
        tags={"aws:eks:cluster-name": cluster, f"kubernetes.io/cluster/{cluster}": "owned"},
    )
    # Members of the group reach each other by every protocol.
    ec2.authorize_security_group_ingress(group.id, "-1", "", "", [], source_groups=[{"GroupId": group.id}])
    return {
        "subnetIds": list(given["subnetIds"]),
        "securityGroupIds": list(given.get("securityGroupIds", [])),
        "clusterSecurityGroupId": group.id,
        "vpcId": vpc,
        "endpointPublicAccess": given.get("endpointPublicAccess", True),
        "endpointPrivateAccess": given.get("endpointPrivateAccess", False),
        "publicAccessCidrs": list(given.get("publicAccessCidrs") or ["0.0.0.0/0"]),
    }


def _require_subnets(call: Call, ids: list[str]) -> list[Any]:
    known = {
        subnet.id: subnet
        for zone in ec2_backends[call.account][call.region].subnets.values()
        for subnet in zone.values()
    }
    for name in ids:
        if name not in known:
            raise invalid_parameter(f"The subnet ID '{name}' does not exist")
    found = [known[name] for name in ids]
    if len({subnet.availability_zone for subnet in found}) < 2:
        raise invalid_parameter("Subnets specified must be in at least two different AZs")
    return found


def _require_change(current: Described, given: Described) -> None:
    """An update of the endpoints' access alone must change something (eksctl-io/eksctl 4043)."""
    access = ("endpointPrivateAccess", "endpointPublicAccess", "publicAccessCidrs")
    if set(given) <= set(access) and all(current[name] == value for name, value in given.items()):
        private, public = (str(current[name]).lower() for name in access[:2])
        raise invalid_parameter(
            f"Cluster is already at the desired configuration with endpointPrivateAccess: {private} , "
            f"endpointPublicAccess: {public}, and Public Endpoint Restrictions: [{', '.join(current[access[2]])}]"
        )


def _logging(given: Described, current: Described | None = None) -> Described:
    """Grouped as AWS describes it: the types that are on, then those that are off."""
    on = {kind for group in (current or {}).get("clusterLogging", []) if group["enabled"] for kind in group["types"]}
    for group in given.get("clusterLogging", []):
        types = set(group.get("types", []))
        on = on | types if group.get("enabled") else on - types
    groups = (
        (True, [kind for kind in _LOG_TYPES if kind in on]),
        (False, [kind for kind in _LOG_TYPES if kind not in on]),
    )
    return {"clusterLogging": [{"types": types, "enabled": enabled} for enabled, types in groups if types]}


def _require_later_mode(cluster: Cluster, mode: str | None) -> None:
    modes = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
    current = cluster.described["accessConfig"]["authenticationMode"]
    if mode is not None and modes.index(mode) < modes.index(current):
        raise invalid_parameter(
            f"Unsupported authentication mode update from {current} to {mode}", clusterName=cluster.name
        )


def _admit_creator(call: Call, cluster: Cluster) -> None:
    principal = f"arn:aws:iam::{call.account}:user/moto"
    admit(call, cluster, principal, groups=[], kind="STANDARD")
    cluster.access_policies[principal][_CREATOR_POLICY] = {
        "policyArn": _CREATOR_POLICY,
        "accessScope": {"type": "cluster", "namespaces": []},
        "associatedAt": now(),
        "modifiedAt": now(),
    }
