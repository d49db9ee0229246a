"""The cache clusters (single nodes) that replication groups consist of."""

from datetime import UTC, datetime
from typing import Any, Final

from patchbay_standins.aws.operations.elasticache.store import SERVICE, Shown, Store, chosen, store
from patchbay_standins.aws.service import Call, Result

_DEFAULT_MAINTENANCE: Final = "sun:05:00-sun:06:00"
# What a member takes over from the request for its group, as the request and as the member's description name it.
_TAKEN: Final = ("PreferredMaintenanceWindow", "AutoMinorVersionUpgrade", "EngineVersion", "Engine", "CacheNodeType")


def add_member(call: Call, group: Shown, identifier: str, *, zone: str, request: dict[str, Any]) -> None:
    """Makes one node of the group; `request` is CreateReplicationGroup's, with its defaults filled in."""
    held = store(call)
    cluster: Shown = {
        "CacheClusterId": identifier,
        "ARN": call.arn(f"cluster:{identifier}"),
        "ReplicationGroupId": group["ReplicationGroupId"],
        "CacheClusterStatus": "available",
        "CacheClusterCreateTime": datetime.now(UTC),
        "NumCacheNodes": 1,
        "PreferredAvailabilityZone": zone,
        "PendingModifiedValues": {},
        "CacheSecurityGroups": [],
        "PreferredMaintenanceWindow": _DEFAULT_MAINTENANCE,
        "AtRestEncryptionEnabled": group["AtRestEncryptionEnabled"],
        "AuthTokenEnabled": group["AuthTokenEnabled"],
        "TransitEncryptionEnabled": group["TransitEncryptionEnabled"],
        "NetworkType": group["NetworkType"],
        "IpDiscovery": group["IpDiscovery"],
        "SnapshotWindow": group["SnapshotWindow"],
        "SnapshotRetentionLimit": 0,
        "ReplicationGroupLogDeliveryEnabled": bool(group["LogDeliveryConfigurations"]),
    }
    held.clusters[identifier] = cluster
    held.tag(cluster["ARN"], request.get("Tags"))
    change_member(cluster, request)


def change_member(cluster: Shown, request: dict[str, Any]) -> None:
    """Applies what a request about the group says of its nodes."""
    cluster.update({name: request[name] for name in _TAKEN if request.get(name) is not None})
    if request.get("SecurityGroupIds") is not None:
        cluster["SecurityGroups"] = [
            {"SecurityGroupId": group, "Status": "active"} for group in request["SecurityGroupIds"]
        ]
    if request.get("CacheSubnetGroupName"):
        cluster["CacheSubnetGroupName"] = request["CacheSubnetGroupName"]
    if request.get("CacheParameterGroupName"):
        cluster["CacheParameterGroup"] = {
            "CacheParameterGroupName": request["CacheParameterGroupName"],
            "ParameterApplyStatus": "in-sync",
            "CacheNodeIdsToReboot": [],
        }
    if request.get("NotificationTopicArn"):
        status = request.get("NotificationTopicStatus", "active")
        cluster["NotificationConfiguration"] = {"TopicArn": request["NotificationTopicArn"], "TopicStatus": status}


def remove_member(held: Store, identifier: str) -> None:
    cluster = held.clusters.pop(identifier)
    del held.tags[cluster["ARN"]]


@SERVICE.operation("DescribeCacheClusters")
def describe_cache_clusters(call: Call) -> Result:
    clusters = store(call).clusters
    found = chosen(clusters, call.get("CacheClusterId"), "CacheClusterNotFound", "CacheCluster")
    if call.get("ShowCacheClustersNotInReplicationGroups"):
        found = [cluster for cluster in found if "ReplicationGroupId" not in cluster]
    return {"CacheClusters": found}
