"""Replication groups with one node group (cluster mode off): create, describe, change, delete."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from patchbay_standins.aws.operations.elasticache.clusters import add_member, change_member, remove_member
from patchbay_standins.aws.operations.elasticache.store import SERVICE, Shown, Store, absent, chosen, one, store
from patchbay_standins.aws.service import AwsError, Call, Result

_MISSING: Final = "ReplicationGroupNotFoundFault"
_NODE_GROUP: Final = "0001"
_LATEST: Final = {"redis": "7.1", "valkey": "8.1"}
_ZONES: Final = "abc"


def _region_code(region: str) -> str:
    """`euw2` of `eu-west-2`: how endpoints name a region."""
    area, direction, number = region.split("-")
    return area + "".join(part[0] for part in re.findall("north|south|east|west|central", direction)) + number


def _host(call: Call, name: str) -> str:
    mark = hashlib.sha256(f"{call.account}/{call.region}".encode()).hexdigest()[:6]
    return f"{name}.{mark}.{_region_code(call.region)}.cache.amazonaws.com"


def _named(call: Call) -> Shown:
    return one(store(call).replication_groups, call["ReplicationGroupId"], _MISSING, "ReplicationGroup")


def _check_one_node_group(request: dict[str, Any]) -> None:
    if request.get("NumNodeGroups", 1) != 1 or request.get("ClusterMode") == "enabled":
        raise AwsError("InvalidParameterValue", "The emulator serves replication groups of one node group only.")


def _size(request: dict[str, Any]) -> int:
    _check_one_node_group(request)
    if request.get("ReplicasPerNodeGroup") is not None:
        return int(request["ReplicasPerNodeGroup"]) + 1
    return int(request.get("NumCacheClusters") or 1)


def _check(held: Store, request: dict[str, Any], size: int) -> None:
    if request.get("AutomaticFailoverEnabled") and size < 2:
        # hashicorp/terraform 25077
        raise AwsError(
            "InvalidParameterCombination",
            "When using automatic failover, there must be at least 2 cache clusters in the replication group.",
        )
    if request.get("MultiAZEnabled") and not request.get("AutomaticFailoverEnabled"):
        raise AwsError("InvalidParameterCombination", "Multi-AZ needs automatic failover.")
    if request.get("KmsKeyId") and not request.get("AtRestEncryptionEnabled"):
        raise AwsError("InvalidParameterCombination", "A KMS key needs encryption at rest.")
    if (request.get("UserGroupIds") or request.get("AuthToken")) and not request.get("TransitEncryptionEnabled"):
        raise AwsError("InvalidParameterCombination", "User groups and an AUTH token need encryption in transit.")
    _check_parameter_group(held, request["CacheParameterGroupName"])
    subnets = request.get("CacheSubnetGroupName")
    if subnets:
        one(held.subnet_groups, subnets, "CacheSubnetGroupNotFoundFault", "CacheSubnetGroup")


def _check_parameter_group(held: Store, name: str) -> None:
    if not name.startswith("default."):
        one(held.parameter_groups, name, "CacheParameterGroupNotFound", "CacheParameterGroup")


def _zones(call: Call, request: dict[str, Any], size: int) -> Sequence[str]:
    preferred = request.get("PreferredCacheClusterAZs")
    if preferred:
        if len(preferred) != size:
            raise AwsError("InvalidParameterCombination", "PreferredCacheClusterAZs must name a zone per node.")
        return list(preferred)
    group = store(call).subnet_groups.get(request.get("CacheSubnetGroupName", ""), {"Subnets": []})
    known = [subnet["SubnetAvailabilityZone"]["Name"] for subnet in group["Subnets"]]
    known = known or [f"{call.region}{letter}" for letter in _ZONES]
    return [known[index % len(known)] for index in range(size)]


def _log_deliveries(current: Sequence[Shown], requested: Sequence[dict[str, Any]]) -> list[Shown]:
    by_type = {delivery["LogType"]: delivery for delivery in current}
    for request in requested:
        by_type.pop(request["LogType"], None)
        if request.get("Enabled", True):
            kept = ("LogType", "DestinationType", "DestinationDetails", "LogFormat")
            by_type[request["LogType"]] = {name: request[name] for name in kept} | {"Status": "active"}
    return list(by_type.values())


def _let_in(held: Store, group: Shown, user_groups: Sequence[str]) -> None:
    found = [one(held.user_groups, name, "UserGroupNotFound", "UserGroup") for name in user_groups]
    _shut_out(held, group)
    group["UserGroupIds"] = list(user_groups)
    for user_group in found:
        user_group["ReplicationGroups"].append(group["ReplicationGroupId"])


def _shut_out(held: Store, group: Shown) -> None:
    for name in group["UserGroupIds"]:
        held.user_groups[name]["ReplicationGroups"].remove(group["ReplicationGroupId"])
    group["UserGroupIds"] = []


def _grow(call: Call, group: Shown, zones: Sequence[str], request: dict[str, Any]) -> None:
    """Adds a node per zone and lists it in the node group."""
    members = group["NodeGroups"][0]["NodeGroupMembers"]
    for zone in zones:
        identifier = f"{group['ReplicationGroupId']}-{len(members) + 1:03}"
        port = group["NodeGroups"][0]["PrimaryEndpoint"]["Port"]
        add_member(call, group, identifier, zone=zone, request=request)
        group["MemberClusters"].append(identifier)
        members.append(
            {
                "CacheClusterId": identifier,
                "CacheNodeId": _NODE_GROUP,
                "ReadEndpoint": {"Address": _host(call, f"{identifier}.{group['ReplicationGroupId']}"), "Port": port},
                "PreferredAvailabilityZone": zone,
                "CurrentRole": "replica" if members else "primary",
            }
        )


@SERVICE.operation("CreateReplicationGroup")
def create_replication_group(call: Call) -> Result:
    held = store(call)
    name = call["ReplicationGroupId"].lower()
    absent(held.replication_groups, name, "ReplicationGroupAlreadyExists", "ReplicationGroup")
    engine = call.get("Engine", "redis").lower()
    version = call.get("EngineVersion", _LATEST[engine])
    request = {
        **call.parameters,
        "Engine": engine,
        "EngineVersion": version,
        "CacheNodeType": call.get("CacheNodeType", "cache.t4g.micro"),
        "AutoMinorVersionUpgrade": call.get("AutoMinorVersionUpgrade", True),
        "SecurityGroupIds": call.get("SecurityGroupIds", []),
        "CacheParameterGroupName": call.get("CacheParameterGroupName", f"default.{engine}{version.split('.')[0]}"),
    }
    size = _size(request)
    _check(held, request, size)
    zones = _zones(call, request, size)
    port = int(call.get("Port", 6379))
    group: Shown = {
        "ReplicationGroupId": name,
        "ARN": call.arn(f"replicationgroup:{name}"),
        "Description": call["ReplicationGroupDescription"],
        "Status": "available",
        "PendingModifiedValues": {},
        "MemberClusters": [],
        "NodeGroups": [
            {
                "NodeGroupId": _NODE_GROUP,
                "Status": "available",
                "PrimaryEndpoint": {"Address": _host(call, f"master.{name}"), "Port": port},
                "ReaderEndpoint": {"Address": _host(call, f"replica.{name}"), "Port": port},
                "NodeGroupMembers": [],
            }
        ],
        "AutomaticFailover": _switch(call.get("AutomaticFailoverEnabled", False)),
        "MultiAZ": _switch(call.get("MultiAZEnabled", False)),
        "SnapshotRetentionLimit": int(call.get("SnapshotRetentionLimit", 0)),
        "SnapshotWindow": call.get("SnapshotWindow", "03:00-04:00"),
        "ClusterEnabled": False,
        "ClusterMode": "disabled",
        "CacheNodeType": request["CacheNodeType"],
        "AuthTokenEnabled": bool(call.get("AuthToken")),
        "TransitEncryptionEnabled": call.get("TransitEncryptionEnabled", False),
        "AtRestEncryptionEnabled": call.get("AtRestEncryptionEnabled", False),
        "UserGroupIds": [],
        "LogDeliveryConfigurations": _log_deliveries([], call.get("LogDeliveryConfigurations", [])),
        "ReplicationGroupCreateTime": datetime.now(UTC),
        "DataTiering": _switch(call.get("DataTieringEnabled", False)),
        "AutoMinorVersionUpgrade": request["AutoMinorVersionUpgrade"],
        "NetworkType": call.get("NetworkType", "ipv4"),
        "IpDiscovery": call.get("IpDiscovery", "ipv4"),
        "Engine": engine,
    }
    if call.get("KmsKeyId"):
        group["KmsKeyId"] = call["KmsKeyId"]
    if group["TransitEncryptionEnabled"]:
        group["TransitEncryptionMode"] = call.get("TransitEncryptionMode", "required")
    _let_in(held, group, call.get("UserGroupIds", []))
    held.replication_groups[name] = group
    held.tag(group["ARN"], call.get("Tags"))
    _grow(call, group, zones, request)
    if group["SnapshotRetentionLimit"]:
        group["SnapshottingClusterId"] = group["MemberClusters"][-1]
    return {"ReplicationGroup": group}


def _switch(on: bool) -> str:
    return "enabled" if on else "disabled"


@SERVICE.operation("DescribeReplicationGroups")
def describe_replication_groups(call: Call) -> Result:
    groups = store(call).replication_groups
    return {"ReplicationGroups": chosen(groups, call.get("ReplicationGroupId"), _MISSING, "ReplicationGroup")}


# Of ModifyReplicationGroup, what is taken over as it is: by the name in the group's description.
_CHANGED: Final = {
    "Description": "ReplicationGroupDescription",
    **{
        name: name
        for name in (
            "AutoMinorVersionUpgrade",
            "CacheNodeType",
            "ClusterMode",
            "Engine",
            "IpDiscovery",
            "SnapshotRetentionLimit",
            "SnapshotWindow",
            "SnapshottingClusterId",
            "TransitEncryptionEnabled",
            "TransitEncryptionMode",
        )
    },
}


@SERVICE.operation("ModifyReplicationGroup")
def modify_replication_group(call: Call) -> Result:
    held = store(call)
    group = _named(call)
    request = dict(call.parameters)
    _check_one_node_group(request)
    if request.get("CacheParameterGroupName"):
        _check_parameter_group(held, request["CacheParameterGroupName"])
    group.update({name: request[given] for name, given in _CHANGED.items() if request.get(given) is not None})
    for name, given in {"AutomaticFailover": "AutomaticFailoverEnabled", "MultiAZ": "MultiAZEnabled"}.items():
        if request.get(given) is not None:
            group[name] = _switch(request[given])
    if group["MultiAZ"] == "enabled" and group["AutomaticFailover"] == "disabled":
        raise AwsError("InvalidParameterCombination", "Multi-AZ needs automatic failover.")
    removed = set(group["UserGroupIds"] if request.get("RemoveUserGroups") else request.get("UserGroupIdsToRemove", ()))
    kept = [name for name in group["UserGroupIds"] if name not in removed]
    _let_in(held, group, [*kept, *request.get("UserGroupIdsToAdd", ())])
    if request.get("AuthToken") is not None:
        group["AuthTokenEnabled"] = request.get("AuthTokenUpdateStrategy") != "DELETE"
    group["LogDeliveryConfigurations"] = _log_deliveries(
        group["LogDeliveryConfigurations"], request.get("LogDeliveryConfigurations", ())
    )
    for member in group["MemberClusters"]:
        change_member(held.clusters[member], request)
    return {"ReplicationGroup": group}


@SERVICE.operation("IncreaseReplicaCount")
def increase_replica_count(call: Call) -> Result:
    group = _named(call)
    size = int(call["NewReplicaCount"]) + 1
    first = store(call).clusters[group["MemberClusters"][0]]
    request = {
        name: first.get(name) for name in ("CacheSubnetGroupName", "PreferredMaintenanceWindow", "EngineVersion")
    }
    request |= {name: group[name] for name in ("Engine", "CacheNodeType", "AutoMinorVersionUpgrade")}
    request["CacheParameterGroupName"] = first["CacheParameterGroup"]["CacheParameterGroupName"]
    request["SecurityGroupIds"] = [held["SecurityGroupId"] for held in first["SecurityGroups"]]
    zones = _zones(call, request, size)[len(group["MemberClusters"]) :]
    if not zones:
        raise AwsError("InvalidParameterValue", "The new number of replicas must be larger than the present one.")
    _grow(call, group, zones, request)
    return {"ReplicationGroup": group}


@SERVICE.operation("DecreaseReplicaCount")
def decrease_replica_count(call: Call) -> Result:
    group = _named(call)
    held = store(call)
    size = int(call["NewReplicaCount"]) + 1
    removed = group["MemberClusters"][size:]
    if not removed:
        raise AwsError("InvalidParameterValue", "The new number of replicas must be smaller than the present one.")
    if size == 1 and group["AutomaticFailover"] == "enabled":
        # hashicorp/terraform-provider-aws 24244
        raise AwsError(
            "InvalidParameterValue",
            "Must have at least 1 replica when cluster mode is disabled with auto failover enabled.",
        )
    for identifier in removed:
        remove_member(held, identifier)
    del group["MemberClusters"][size:], group["NodeGroups"][0]["NodeGroupMembers"][size:]
    if group.get("SnapshottingClusterId") in removed:
        group["SnapshottingClusterId"] = group["MemberClusters"][-1]
    return {"ReplicationGroup": group}


@SERVICE.operation("DeleteReplicationGroup")
def delete_replication_group(call: Call) -> Result:
    group = _named(call)
    held = store(call)
    _shut_out(held, group)
    for identifier in group["MemberClusters"]:
        remove_member(held, identifier)
    del held.replication_groups[group["ReplicationGroupId"]], held.tags[group["ARN"]]
    return {"ReplicationGroup": {**group, "Status": "deleting"}}
