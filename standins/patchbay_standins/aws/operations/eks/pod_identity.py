"""Pod identity associations: the role of a service account."""

from patchbay_standins.aws.operations.eks.records import Cluster, Described, cluster_of, identifier, now, page
from patchbay_standins.aws.operations.eks.service import SERVICE, in_use, not_found
from patchbay_standins.aws.service import Call, Result

_LISTED = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn")


@SERVICE.operation("CreatePodIdentityAssociation")
def create_pod_identity_association(call: Call) -> Result:
    association = associate(call, cluster_of(call), call["namespace"], call["serviceAccount"], call["roleArn"])
    association["tags"] = dict(call.get("tags", {}))
    association["disableSessionTags"] = call.get("disableSessionTags", False)
    for member in ("targetRoleArn", "policy"):
        if call.get(member):
            association[member] = call[member]
    return {"association": association}


@SERVICE.operation("DescribePodIdentityAssociation")
def describe_pod_identity_association(call: Call) -> Result:
    return {"association": _association(call)}


@SERVICE.operation("ListPodIdentityAssociations")
def list_pod_identity_associations(call: Call) -> Result:
    found = [
        {member: association[member] for member in _LISTED if member in association}
        for association in cluster_of(call).associations.values()
        if call.get("namespace", association["namespace"]) == association["namespace"]
        and call.get("serviceAccount", association["serviceAccount"]) == association["serviceAccount"]
    ]
    return page(call, "associations", found)


@SERVICE.operation("UpdatePodIdentityAssociation")
def update_pod_identity_association(call: Call) -> Result:
    association = _association(call)
    for member in ("roleArn", "disableSessionTags", "targetRoleArn", "policy"):
        if call.get(member) is not None:
            association[member] = call[member]
    association["modifiedAt"] = now()
    return {"association": association}


@SERVICE.operation("DeletePodIdentityAssociation")
def delete_pod_identity_association(call: Call) -> Result:
    association = _association(call)
    del cluster_of(call).associations[association["associationId"]]
    return {"association": association}


def associate(call: Call, cluster: Cluster, namespace: str, service_account: str, role: str) -> Described:
    """Makes an association; a service account has one at most."""
    for existing in cluster.associations.values():
        if (existing["namespace"], existing["serviceAccount"]) == (namespace, service_account):
            raise in_use(f"Association already exists: {existing['associationId']}", clusterName=cluster.name)
    name = f"a-{identifier(17)}"
    cluster.associations[name] = {
        "clusterName": cluster.name,
        "namespace": namespace,
        "serviceAccount": service_account,
        "roleArn": role,
        "associationArn": call.arn(f"podidentityassociation/{cluster.name}/{name}"),
        "associationId": name,
        "tags": {},
        "createdAt": now(),
        "modifiedAt": now(),
        "disableSessionTags": False,
    }
    return cluster.associations[name]


def _association(call: Call) -> Described:
    found = cluster_of(call).associations.get(call["associationId"])
    if found is None:
        raise not_found(f"Association not found: {call['associationId']}", clusterName=call["clusterName"])
    return found
