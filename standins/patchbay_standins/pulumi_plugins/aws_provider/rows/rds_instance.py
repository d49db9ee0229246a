"""RDS instances: databases of their own, and read replicas."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider import requests, tagging
from patchbay_standins.pulumi_plugins.aws_provider.fields import unordered
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Ready, Row, Tags, Update
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

_CREATE: Final = Call("create_db_instance")
_CREATE_REPLICA: Final = Call("create_db_instance_read_replica")
_MODIFY: Final = Call("modify_db_instance")

# What is changed in place. AWS takes some only together: a change of one sends the others along.
_CHANGEABLE: Final = (
    "allocatedStorage",
    "autoMinorVersionUpgrade",
    "backupRetentionPeriod",
    "backupWindow",
    "caCertIdentifier",
    "copyTagsToSnapshot",
    "dbSubnetGroupName",
    "deletionProtection",
    "enabledCloudwatchLogsExports",
    "engineVersion",
    "iamDatabaseAuthenticationEnabled",
    "instanceClass",
    "iops",
    "maintenanceWindow",
    "manageMasterUserPassword",
    "masterUserSecretKmsKeyId",
    "maxAllocatedStorage",
    "monitoringInterval",
    "monitoringRoleArn",
    "multiAz",
    "networkType",
    "optionGroupName",
    "parameterGroupName",
    "password",
    "performanceInsightsEnabled",
    "performanceInsightsKmsKeyId",
    "performanceInsightsRetentionPeriod",
    "port",
    "publiclyAccessible",
    "storageThroughput",
    "storageType",
    "vpcSecurityGroupIds",
)
_TOGETHER: Final = (
    {"monitoringInterval", "monitoringRoleArn"},
    {"performanceInsightsEnabled", "performanceInsightsKmsKeyId", "performanceInsightsRetentionPeriod"},
    {"allocatedStorage", "iops", "storageThroughput", "storageType"},
)
# The provider sends the password when the instance is made, and again when the number beside it changes.
_PASSWORD, _PASSWORD_NUMBER = "passwordWo", "passwordWoVersion"
_CREATED_ONLY: Final = (
    "availabilityZone",
    "dbName",
    "engine",
    "identifier",
    "kmsKeyId",
    "licenseModel",
    "storageEncrypted",
    "username",
)
_OPTIONS: Final = (
    "allowMajorVersionUpgrade",
    "applyImmediately",
    "deleteAutomatedBackups",
    "finalSnapshotIdentifier",
    "skipFinalSnapshot",
)


def _create(resource: Resource) -> dict[str, Any]:
    call = _CREATE_REPLICA if resource.inputs.get("replicateSourceDb") else _CREATE
    tags = tagging.on_creation(_INSTANCE, call, resource.inputs.get("tags") or {})
    made: dict[str, Any] = resource.call(call.operation, **requests.full(_INSTANCE, call, resource), **tags)[
        "DBInstance"
    ]
    sent = requests.placements(_INSTANCE, call)
    # A replica takes the rest only once it exists; it has its source's user and engine.
    left = [name for name in _CHANGEABLE if resource.inputs.get(name) and name not in sent]
    if left:
        _send(resource, left)
    return made


def _modify(resource: Resource) -> None:
    changed = {name for name in _CHANGEABLE if resource.changed(name)}
    for group in _TOGETHER:
        if changed & group:
            changed |= {name for name in group if resource.inputs.get(name) is not None}
    if resource.changed(_PASSWORD_NUMBER):
        changed.add(_PASSWORD)
    _send(resource, sorted(changed))


def _promote(resource: Resource) -> None:
    """A read copy that is to have no source becomes an instance of its own; none gets another source."""
    # A copy that was just made, or left half made, has the source that it is to have.
    if resource.before.get("replicateSourceDb") in (None, resource.inputs.get("replicateSourceDb")):
        return
    if resource.inputs.get("replicateSourceDb"):
        message = (
            "replicateSourceDb: RDS gives a read copy no other source: leave it out to promote the copy, "
            "or replace the instance (`pulumi up --replace`)"
        )
        raise ProviderError(message)
    resource.call(
        "promote_read_replica",
        DBInstanceIdentifier=resource.value("identifier"),
        BackupRetentionPeriod=int(resource.inputs.get("backupRetentionPeriod") or 0),
        **({"PreferredBackupWindow": window} if (window := resource.inputs.get("backupWindow")) else {}),
    )


def _send(resource: Resource, names: list[str]) -> None:
    parameters = requests.full(_INSTANCE, _MODIFY, resource, names)
    if "port" in names:
        parameters["DBPortNumber"] = int(resource.inputs["port"])
    if "enabledCloudwatchLogsExports" in names:
        new, old = (
            set(values.get("enabledCloudwatchLogsExports") or ()) for values in (resource.inputs, resource.before)
        )
        parameters["CloudwatchLogsExportConfiguration"] = {
            "EnableLogTypes": sorted(new - old),
            "DisableLogTypes": sorted(old - new),
        }
    if "engineVersion" in names:
        parameters["AllowMajorVersionUpgrade"] = bool(resource.inputs.get("allowMajorVersionUpgrade"))
    at_once = bool(resource.inputs.get("applyImmediately"))
    resource.call("modify_db_instance", **parameters, ApplyImmediately=at_once)


def _read(resource: Resource) -> dict[str, Any] | None:
    """By the resource id, which the state holds, or by the identifier, which an import gives."""
    by_id = [{"Name": "dbi-resource-id", "Values": [resource.id]}]
    found = resource.call("describe_db_instances", Filters=by_id)["DBInstances"]
    if not found:
        found = resource.call("describe_db_instances", DBInstanceIdentifier=resource.id)["DBInstances"]
    return found[0] if found else None


def _delete(resource: Resource) -> None:
    parameters: dict[str, Any] = {"DBInstanceIdentifier": resource.value("identifier")}
    if not resource.value("replicateSourceDb"):
        parameters["DeleteAutomatedBackups"] = resource.inputs.get("deleteAutomatedBackups", True)
        snapshot = resource.inputs.get("finalSnapshotIdentifier")
        if resource.inputs.get("skipFinalSnapshot"):
            parameters["SkipFinalSnapshot"] = True
        elif snapshot:
            parameters["FinalDBSnapshotIdentifier"] = snapshot
        else:
            message = "finalSnapshotIdentifier is required while skipFinalSnapshot is false: name one, or skip it"
            raise ProviderError(message)
    else:
        parameters["SkipFinalSnapshot"] = True
    resource.call("delete_db_instance", **parameters)


def _identifier(source: Any) -> Any:
    """A replica's source is given by its ARN, or by its identifier within the region."""
    return source.rpartition(":")[2]


def _lower(value: Any) -> Any:
    return value.lower()


_INSTANCE: Final = Row(
    "aws:rds/instance:Instance",
    "rds",
    create=_create,
    id="{DbiResourceId}",
    read=_read,
    updates=(Update(("replicateSourceDb",), _promote), Update((*_CHANGEABLE, _PASSWORD_NUMBER), _modify)),
    delete=_delete,
    fields=(
        Field("identifier", aws="DBInstanceIdentifier"),
        Field("instanceClass", aws="DBInstanceClass"),
        Field("autoMinorVersionUpgrade", default=True),
        Field("backupWindow", aws="PreferredBackupWindow"),
        Field("caCertIdentifier", aws="CACertificateIdentifier"),
        Field("copyTagsToSnapshot", default=False),
        Field("dbSubnetGroupName", read="DBSubnetGroup.DBSubnetGroupName"),
        Field("deletionProtection", default=False),
        Field(
            "enabledCloudwatchLogsExports",
            aws="EnableCloudwatchLogsExports",
            read="EnabledCloudwatchLogsExports",
            normal=lambda value: sorted(value or ()),
        ),
        Field(
            "iamDatabaseAuthenticationEnabled",
            aws="EnableIAMDatabaseAuthentication",
            read="IAMDatabaseAuthenticationEnabled",
            default=False,
        ),
        Field("maintenanceWindow", aws="PreferredMaintenanceWindow", normal=_lower),
        Field("manageMasterUserPassword", read="MasterUserSecret != `null`", default=False),
        Field("masterUserSecretKmsKeyId", read="MasterUserSecret.KmsKeyId"),
        Field("monitoringInterval", default=0),
        Field("multiAz", default=False),
        Field("optionGroupName", read="OptionGroupMemberships[0].OptionGroupName"),
        Field("parameterGroupName", aws="DBParameterGroupName", read="DBParameterGroups[0].DBParameterGroupName"),
        Field("password", aws="MasterUserPassword", read=""),
        Field(_PASSWORD, aws="MasterUserPassword", read="", normal=lambda _: None),
        Field(_PASSWORD_NUMBER, aws="", read=""),
        Field(
            "performanceInsightsEnabled",
            aws="EnablePerformanceInsights",
            read="PerformanceInsightsEnabled",
            default=False,
        ),
        Field("port", read="Endpoint.Port"),
        Field("publiclyAccessible", default=False),
        Field(
            "replicateSourceDb",
            aws="SourceDBInstanceIdentifier",
            read="ReadReplicaSourceDBInstanceIdentifier",
            normal=_identifier,
        ),
        Field("storageEncrypted", default=False),
        Field("username", aws="MasterUsername"),
        unordered("vpcSecurityGroupIds", read="VpcSecurityGroups[].VpcSecurityGroupId"),
        Field("address", read="Endpoint.Address"),
        Field("endpoint", read="Endpoint && join(':', [Endpoint.Address, to_string(Endpoint.Port)])"),
        Field("hostedZoneId", read="Endpoint.HostedZoneId"),
        Field("masterUserSecrets", read="MasterUserSecret && [MasterUserSecret]"),
        Field("resourceId", read="DbiResourceId"),
        Field("status", read="DBInstanceStatus"),
        Field("deleteAutomatedBackups", aws="", default=True),
        Field("skipFinalSnapshot", aws="", default=False),
        # They change without anybody changing the instance: a refresh would always find something.
        Field("latestRestorableTime", read=""),
        Field("replicas", read=""),
    ),
    outputs={"arn": "{DBInstanceArn}", "engineVersionActual": "{EngineVersion}"},
    tags=Tags(
        tag=Call("add_tags_to_resource", {"ResourceName": "{arn}"}),
        untag=Call("remove_tags_from_resource", {"ResourceName": "{arn}"}),
    ),
    ready=Ready(
        at="DBInstanceStatus",
        done=("available",),
        failed=("failed", "incompatible-network", "incompatible-parameters", "storage-full"),
    ),
    handles=("tags", "replicateSourceDb", *_CREATED_ONLY, *_CHANGEABLE, _PASSWORD, _PASSWORD_NUMBER),
    options=_OPTIONS,
    name="identifier",
    required=("identifier",),
)

ROWS = (_INSTANCE,)
