"""RDS: the groups of databases, and backups that are copied to another region."""

from typing import Any

from patchbay_standins.pulumi_plugins.aws_provider.fields import unordered
from patchbay_standins.pulumi_plugins.aws_provider.parameter_groups import (
    Parameter,
    changed_and_removed,
    parameters_field,
    portions,
)
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update


def rds_tags(kind: str) -> Tags:
    """Tags by the ARN that the kind and the id make."""
    name = {"ResourceName": f"arn:aws:rds:{{region}}:{{account}}:{kind}:{{id}}"}
    return Tags(
        tag=Call("add_tags_to_resource", name),
        untag=Call("remove_tags_from_resource", name),
        read=Call("list_tags_for_resource", name),
    )


def _in_request(parameter: Parameter) -> dict[str, Any]:
    return {
        "ParameterName": parameter["name"],
        "ParameterValue": parameter["value"],
        "ApplyMethod": parameter.get("applyMethod", "immediate"),
    }


def _set_parameters(resource: Resource) -> None:
    changed, removed = changed_and_removed(resource)
    name = resource.value("name")
    for part in portions(changed):
        resource.call(
            "modify_db_parameter_group", DBParameterGroupName=name, Parameters=[_in_request(item) for item in part]
        )
    for part in portions(removed):
        resource.call(
            "reset_db_parameter_group", DBParameterGroupName=name, Parameters=[_in_request(item) for item in part]
        )


def _read_parameter_group(resource: Resource) -> dict[str, Any] | None:
    found = resource.call("describe_db_parameter_groups", DBParameterGroupName=resource.id)["DBParameterGroups"]
    if not found:
        return None
    changed = resource.call("describe_db_parameters", DBParameterGroupName=resource.id, Source="user")
    return {**found[0], "Parameters": changed["Parameters"]}


ROWS = (
    Row(
        "aws:rds/subnetGroup:SubnetGroup",
        "rds",
        create=Call("create_db_subnet_group", at="DBSubnetGroup"),
        id="{name}",
        read=Call("describe_db_subnet_groups", {"DBSubnetGroupName": "{id}"}, at="DBSubnetGroups[0]"),
        updates=(Update(("description", "subnetIds"), Call("modify_db_subnet_group")),),
        delete=Call("delete_db_subnet_group", {"DBSubnetGroupName": "{id}"}),
        fields=(
            Field("name", aws="DBSubnetGroupName"),
            Field("description", aws="DBSubnetGroupDescription"),
            unordered("subnetIds", read="Subnets[].SubnetIdentifier"),
        ),
        outputs={"arn": "{DBSubnetGroupArn}"},
        defaults={"description": "Managed by Pulumi"},
        tags=rds_tags("subgrp"),
        required=("name",),
        busy=("InvalidDBSubnetGroupStateFault",),
    ),
    Row(
        "aws:rds/parameterGroup:ParameterGroup",
        "rds",
        create=Call("create_db_parameter_group", at="DBParameterGroup"),
        id="{name}",
        read=_read_parameter_group,
        updates=(Update(("parameters",), _set_parameters),),
        delete=Call("delete_db_parameter_group", {"DBParameterGroupName": "{id}"}),
        fields=(
            Field("name", aws="DBParameterGroupName"),
            Field("family", aws="DBParameterGroupFamily"),
            parameters_field(
                read="Parameters[].{name: ParameterName, value: ParameterValue, applyMethod: ApplyMethod}",
                at_once=True,
            ),
        ),
        outputs={"arn": "{DBParameterGroupArn}"},
        defaults={"description": "Managed by Pulumi"},
        tags=rds_tags("pg"),
        options=("skipDestroy",),
        required=("name",),
        busy=("InvalidDBParameterGroupState",),
    ),
    Row(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        "rds",
        create=Call("start_db_instance_automated_backups_replication", at="DBInstanceAutomatedBackup"),
        id="{DBInstanceAutomatedBackupsArn}",
        read=Call(
            "describe_db_instance_automated_backups",
            {"DBInstanceAutomatedBackupsArn": "{id}"},
            at="DBInstanceAutomatedBackups[0]",
        ),
        delete=Call("stop_db_instance_automated_backups_replication"),
        fields=(
            Field("sourceDbInstanceArn", read="DBInstanceArn"),
            Field("retentionPeriod", aws="BackupRetentionPeriod", default=7),
        ),
        name="sourceDbInstanceArn",
    ),
)
