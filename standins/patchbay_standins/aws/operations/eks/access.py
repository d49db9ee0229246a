"""Who may use a cluster: access entries and the access policies associated with them."""

import uuid
from typing import Any, Final

from patchbay_standins.aws import policy_documents
from patchbay_standins.aws.operations.eks.records import Cluster, Described, cluster_of, now, page
from patchbay_standins.aws.operations.eks.service import (
    SERVICE,
    in_use,
    invalid_parameter,
    invalid_request,
    not_found,
)
from patchbay_standins.aws.service import Call, Result

_POLICY_PREFIX: Final = "arn:aws:eks::aws:cluster-access-policy/"
# The policies for people and their tools; those of AWS's own services are left out.
POLICIES: Final = (
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSSecretReaderPolicy",
    "AmazonEKSViewPolicy",
)
_NODE_KINDS: Final = ("EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX")


@SERVICE.operation("CreateAccessEntry")
def create_access_entry(call: Call) -> Result:
    cluster = _with_entries(call)
    principal = call["principalArn"]
    kind = call.get("type", "STANDARD")
    groups = list(call.get("kubernetesGroups", []))
    if principal in cluster.access_entries:
        raise in_use("The specified access entry resource is already in use on this cluster.")
    _require_principal(call, principal)
    _require_groups(groups)
    if kind in _NODE_KINDS:
        if groups:
            raise invalid_parameter(f"The kubernetesGroups cannot be set for an entry of type {kind}")
        groups = ["system:nodes"]
    entry = admit(call, cluster, principal, groups=groups, kind=kind)
    entry["tags"] = dict(call.get("tags", {}))
    if call.get("username"):
        entry["username"] = call["username"]
    return {"accessEntry": entry}


@SERVICE.operation("DescribeAccessEntry")
def describe_access_entry(call: Call) -> Result:
    return {"accessEntry": _entry(call)}


@SERVICE.operation("ListAccessEntries")
def list_access_entries(call: Call) -> Result:
    cluster = _with_entries(call)
    policy = call.get("associatedPolicyArn")
    principals = [
        principal
        for principal in sorted(cluster.access_entries)
        if policy is None or policy in cluster.access_policies[principal]
    ]
    return page(call, "accessEntries", principals)


@SERVICE.operation("UpdateAccessEntry")
def update_access_entry(call: Call) -> Result:
    entry = _entry(call)
    if call.get("kubernetesGroups") is not None:
        _require_groups(call["kubernetesGroups"])
        entry["kubernetesGroups"] = list(call["kubernetesGroups"])
    entry["username"] = call.get("username", entry["username"])
    entry["modifiedAt"] = now()
    return {"accessEntry": entry}


@SERVICE.operation("DeleteAccessEntry")
def delete_access_entry(call: Call) -> Result:
    entry = _entry(call)
    cluster = cluster_of(call)
    del cluster.access_entries[entry["principalArn"]]
    del cluster.access_policies[entry["principalArn"]]
    return {}


@SERVICE.operation("AssociateAccessPolicy")
def associate_access_policy(call: Call) -> Result:
    entry = _entry(call)
    policy, scope = call["policyArn"], call["accessScope"]
    if policy not in {_POLICY_PREFIX + name for name in POLICIES}:
        raise invalid_parameter(f"The policyArn {policy} is not a valid access policy")
    if entry["type"] != "STANDARD":
        raise invalid_request(f"An access policy cannot be associated with an access entry of type {entry['type']}")
    if (scope["type"] == "namespace") != bool(scope.get("namespaces")):
        raise invalid_parameter("Namespaces are given exactly where the type of the access scope is namespace")
    policies = cluster_of(call).access_policies[entry["principalArn"]]
    policies[policy] = {
        "policyArn": policy,
        "accessScope": {"type": scope["type"], "namespaces": list(scope.get("namespaces", []))},
        "associatedAt": policies.get(policy, {}).get("associatedAt", now()),
        "modifiedAt": now(),
    }
    return {**_named(call), "associatedAccessPolicy": policies[policy]}


@SERVICE.operation("DisassociateAccessPolicy")
def disassociate_access_policy(call: Call) -> Result:
    entry = _entry(call)
    policies = cluster_of(call).access_policies[entry["principalArn"]]
    if policies.pop(call["policyArn"], None) is None:
        raise not_found("The specified policyArn is not associated with the access entry")
    return {}


@SERVICE.operation("ListAssociatedAccessPolicies")
def list_associated_access_policies(call: Call) -> Result:
    entry = _entry(call)
    policies = cluster_of(call).access_policies[entry["principalArn"]]
    return {**_named(call), **page(call, "associatedAccessPolicies", list(policies.values()))}


@SERVICE.operation("ListAccessPolicies")
def list_access_policies(call: Call) -> Result:
    return page(call, "accessPolicies", [{"name": name, "arn": _POLICY_PREFIX + name} for name in POLICIES])


def admit(call: Call, cluster: Cluster, principal: str, *, groups: list[str], kind: str) -> Described:
    """Makes an access entry."""
    name = principal.rsplit("/", 1)[-1]
    sort = "user" if ":user/" in principal else "role"
    username = f"arn:aws:sts::{call.account}:assumed-role/{name}/{{{{SessionName}}}}" if sort == "role" else principal
    cluster.access_entries[principal] = {
        "clusterName": cluster.name,
        "principalArn": principal,
        "kubernetesGroups": groups,
        "accessEntryArn": call.arn(f"access-entry/{cluster.name}/{sort}/{call.account}/{name}/{uuid.uuid4()}"),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": {},
        "username": "system:node:{{EC2PrivateDNSName}}" if kind.startswith("EC2_") else username,
        "type": kind,
    }
    cluster.access_policies[principal] = {}
    return cluster.access_entries[principal]


def _require_principal(call: Call, principal: str) -> None:
    """Refuses who is not in IAM, and a role that a service has for itself."""
    if ":role/aws-service-role/" in principal:
        # hashicorp/terraform-provider-aws 36447
        raise invalid_parameter(
            "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role"
        )
    own = principal.startswith(f"arn:aws:iam::{call.account}:")
    if own and principal not in policy_documents.identities(call.account):
        # terraform-aws-modules/terraform-aws-eks 2969
        raise invalid_parameter("The specified principalArn is invalid: invalid principal.")


def _with_entries(call: Call) -> Cluster:
    cluster = cluster_of(call)
    if cluster.described["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
        raise invalid_request(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP]"
            " to perform this operation."
        )
    return cluster


def _entry(call: Call) -> dict[str, Any]:
    found = _with_entries(call).access_entries.get(call["principalArn"])
    if found is None:
        # terraform-aws-modules/terraform-aws-eks 3024
        raise not_found(
            "The specified principalArn could not be found. "
            "You can view your available access entries with 'list-access-entries'."
        )
    return found


def _named(call: Call) -> Result:
    return {"clusterName": call["clusterName"], "principalArn": call["principalArn"]}


def _require_groups(groups: list[str]) -> None:
    for group in groups:
        if group.startswith("system:"):
            raise invalid_parameter(f"The kubernetes group name {group} is invalid, it cannot start with system:")
