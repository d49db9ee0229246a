"""ElastiCache replication groups."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider import requests
from patchbay_standins.pulumi_plugins.aws_provider.fields import unordered
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Ready, Row, Update
from patchbay_standins.pulumi_plugins.aws_provider.rows.elasticache import elasticache_tags

_MODIFY: Final = Call("modify_replication_group")
# Changed by the group's one call, each with its own value only.
_PLAIN: Final = (
    "autoMinorVersionUpgrade",
    "automaticFailoverEnabled",
    "clusterMode",
    "description",
    "engine",
    "engineVersion",
    "ipDiscovery",
    "maintenanceWindow",
    "multiAzEnabled",
    "nodeType",
    "notificationTopicArn",
    "parameterGroupName",
    "securityGroupIds",
    "snapshotRetentionLimit",
    "snapshotWindow",
    "transitEncryptionEnabled",
    "transitEncryptionMode",
)
# Of the answers about a node, what the group's own answer does not tell.
_OF_A_NODE: Final = (
    "CacheParameterGroup",
    "CacheSubnetGroupName",
    "EngineVersion",
    "NotificationConfiguration",
    "PreferredMaintenanceWindow",
    "SecurityGroups",
)


def _read(resource: Resource) -> dict[str, Any] | None:
    found = resource.call("describe_replication_groups", ReplicationGroupId=resource.id)["ReplicationGroups"]
    if not found:
        return None
    [group] = found
    node = resource.call("describe_cache_clusters", CacheClusterId=group["MemberClusters"][0])["CacheClusters"][0]
    return {**{name: node[name] for name in _OF_A_NODE if name in node}, **group}


def _modify(resource: Resource) -> None:
    _resize(resource)
    changed = [name for name in _PLAIN if resource.changed(name)]
    parameters = requests.full(_GROUP, _MODIFY, resource, changed)
    new, old = (set(values.get("userGroupIds") or ()) for values in (resource.inputs, resource.before))
    if new != old:
        parameters |= {"UserGroupIdsToAdd": sorted(new - old), "UserGroupIdsToRemove": sorted(old - new)}
    if resource.changed("logDeliveryConfigurations"):
        parameters["LogDeliveryConfigurations"] = _log_changes(resource)
    if len(parameters) > 1:
        resource.call("modify_replication_group", **parameters, ApplyImmediately=True)


def _resize(resource: Resource) -> None:
    new, old = (values.get("numCacheClusters") for values in (resource.inputs, resource.before))
    if new is None or old is None or new == old:
        return
    operation = "increase_replica_count" if new > old else "decrease_replica_count"
    resource.call(
        operation,
        ReplicationGroupId=resource.value("replicationGroupId"),
        NewReplicaCount=int(new) - 1,
        ApplyImmediately=True,
    )


def _log_changes(resource: Resource) -> list[dict[str, Any]]:
    new, old = (values.get("logDeliveryConfigurations") or [] for values in (resource.inputs, resource.before))
    kept = {delivery["logType"] for delivery in new}
    off = [{"LogType": item["logType"], "Enabled": False} for item in old if item["logType"] not in kept]
    return [*_encode_logs(new), *off]


_DETAILS: Final = {
    "cloudwatch-logs": ("CloudWatchLogsDetails", "LogGroup"),
    "kinesis-firehose": ("KinesisFirehoseDetails", "DeliveryStream"),
}


def _encode_logs(value: Any) -> list[dict[str, Any]]:
    encoded = []
    for delivery in value:
        kind, member = _DETAILS[delivery["destinationType"]]
        encoded.append(
            {
                "LogType": delivery["logType"],
                "DestinationType": delivery["destinationType"],
                "LogFormat": delivery["logFormat"],
                "DestinationDetails": {kind: {member: delivery["destination"]}},
            }
        )
    return encoded


def _decode_logs(value: Any) -> list[dict[str, Any]]:
    decoded = []
    for delivery in value:
        kind, member = _DETAILS[delivery["DestinationType"]]
        decoded.append(
            {
                "logType": delivery["LogType"],
                "destinationType": delivery["DestinationType"],
                "logFormat": delivery["LogFormat"],
                "destination": delivery["DestinationDetails"][kind][member],
            }
        )
    return decoded


def _lower(value: Any) -> Any:
    return value.lower()


_GROUP: Final = Row(
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "elasticache",
    create=Call("create_replication_group", at="ReplicationGroup"),
    id="{replicationGroupId}",
    read=_read,
    updates=(Update((*_PLAIN, "logDeliveryConfigurations", "numCacheClusters", "userGroupIds"), _modify),),
    delete=Call(
        "delete_replication_group",
        {"ReplicationGroupId": "{id}", "FinalSnapshotIdentifier": "{finalSnapshotIdentifier}"},
    ),
    fields=(
        Field("description", aws="ReplicationGroupDescription", read="Description"),
        Field("automaticFailoverEnabled", read="AutomaticFailover", default=False),
        Field("multiAzEnabled", read="MultiAZ", default=False),
        Field("dataTieringEnabled", read="DataTiering"),
        Field("engine", normal=_lower),
        Field(
            "logDeliveryConfigurations",
            encode=_encode_logs,
            decode=_decode_logs,
            normal=lambda value: sorted(value or (), key=lambda delivery: delivery["logType"]),
        ),
        Field("maintenanceWindow", aws="PreferredMaintenanceWindow", normal=_lower),
        Field("nodeType", aws="CacheNodeType"),
        Field("notificationTopicArn", read="NotificationConfiguration.TopicArn"),
        Field("numCacheClusters", read="length(MemberClusters)"),
        Field("numNodeGroups", read="length(NodeGroups)"),
        Field("parameterGroupName", aws="CacheParameterGroupName", read="CacheParameterGroup.CacheParameterGroupName"),
        Field("port", read="NodeGroups[0].PrimaryEndpoint.Port", default=6379),
        Field("preferredCacheClusterAzs", read="NodeGroups[0].NodeGroupMembers[].PreferredAvailabilityZone"),
        unordered("securityGroupIds", read="SecurityGroups[].SecurityGroupId"),
        Field("snapshotRetentionLimit", default=0),
        Field("subnetGroupName", aws="CacheSubnetGroupName"),
        unordered("userGroupIds"),
        Field("configurationEndpointAddress", read="ConfigurationEndpoint.Address"),
        Field("primaryEndpointAddress", read="NodeGroups[0].PrimaryEndpoint.Address"),
        Field("readerEndpointAddress", read="NodeGroups[0].ReaderEndpoint.Address"),
    ),
    outputs={"engineVersionActual": "{EngineVersion}"},
    tags=elasticache_tags("replicationgroup"),
    ready=Ready(at="Status", done=("available",), failed=("create-failed",)),
    options=("applyImmediately", "finalSnapshotIdentifier"),
    name="replicationGroupId",
    required=("replicationGroupId",),
)

ROWS = (_GROUP,)
