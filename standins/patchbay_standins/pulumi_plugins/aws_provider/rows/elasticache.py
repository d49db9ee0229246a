"""ElastiCache: groups of parameters, subnets and users."""

from typing import Any

from patchbay_standins.pulumi_plugins.aws_provider.fields import unordered
from patchbay_standins.pulumi_plugins.aws_provider.parameter_groups import (
    changed_and_removed,
    parameters_field,
    portions,
)
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update


def elasticache_tags(kind: str) -> Tags:
    """Tags by the ARN that the kind and the id make."""
    name = {"ResourceName": f"arn:aws:elasticache:{{region}}:{{account}}:{kind}:{{id}}"}
    return Tags(
        tag=Call("add_tags_to_resource", name),
        untag=Call("remove_tags_from_resource", name),
        read=Call("list_tags_for_resource", name),
    )


def _set_parameters(resource: Resource) -> None:
    changed, removed = changed_and_removed(resource)
    name = resource.value("name")
    for operation, parameters in (
        ("modify_cache_parameter_group", changed),
        ("reset_cache_parameter_group", removed),
    ):
        for part in portions(parameters):
            values = [{"ParameterName": item["name"], "ParameterValue": item["value"]} for item in part]
            resource.call(operation, CacheParameterGroupName=name, ParameterNameValues=values)


def _read_parameter_group(resource: Resource) -> dict[str, Any] | None:
    name = resource.id
    found = resource.call("describe_cache_parameter_groups", CacheParameterGroupName=name)["CacheParameterGroups"]
    if not found:
        return None
    changed = resource.call("describe_cache_parameters", CacheParameterGroupName=name, Source="user")
    return {**found[0], "Parameters": changed["Parameters"]}


def _authentication(value: Any) -> dict[str, Any]:
    """As a request names it: the answer's `no-password` is `no-password-required` there."""
    kind = value["Type"]
    return {**value, "Type": "no-password-required" if kind == "no-password" else kind}


def _set_users(resource: Resource) -> None:
    new, old = (set(values.get("userIds") or ()) for values in (resource.inputs, resource.before))
    changes = {"UserIdsToAdd": sorted(new - old), "UserIdsToRemove": sorted(old - new)}
    resource.call(
        "modify_user_group",
        UserGroupId=resource.value("userGroupId"),
        **{name: users for name, users in changes.items() if users},
    )


def _lower(value: Any) -> Any:
    return value.lower()


ROWS = (
    Row(
        "aws:elasticache/subnetGroup:SubnetGroup",
        "elasticache",
        create=Call("create_cache_subnet_group", at="CacheSubnetGroup"),
        id="{name}",
        read=Call("describe_cache_subnet_groups", {"CacheSubnetGroupName": "{id}"}, at="CacheSubnetGroups[0]"),
        updates=(Update(("description", "subnetIds"), Call("modify_cache_subnet_group")),),
        delete=Call("delete_cache_subnet_group", {"CacheSubnetGroupName": "{id}"}),
        fields=(
            Field("name", aws="CacheSubnetGroupName", normal=_lower),
            Field("description", aws="CacheSubnetGroupDescription"),
            unordered("subnetIds", read="Subnets[].SubnetIdentifier"),
        ),
        defaults={"description": "Managed by Pulumi"},
        tags=elasticache_tags("subnetgroup"),
        required=("name",),
    ),
    Row(
        "aws:elasticache/parameterGroup:ParameterGroup",
        "elasticache",
        create=Call("create_cache_parameter_group", at="CacheParameterGroup"),
        id="{name}",
        read=_read_parameter_group,
        updates=(Update(("parameters",), _set_parameters),),
        delete=Call("delete_cache_parameter_group", {"CacheParameterGroupName": "{id}"}),
        fields=(
            Field("name", aws="CacheParameterGroupName"),
            Field("family", aws="CacheParameterGroupFamily"),
            parameters_field(read="Parameters[].{name: ParameterName, value: ParameterValue}"),
        ),
        defaults={"description": "Managed by Pulumi"},
        tags=elasticache_tags("parametergroup"),
        required=("name",),
        busy=("InvalidCacheParameterGroupState",),
    ),
    Row(
        "aws:elasticache/user:User",
        "elasticache",
        create=Call("create_user"),
        id="{userId}",
        read=Call("describe_users", {"UserId": "{id}"}, at="Users[0]"),
        updates=(
            Update(
                ("accessString", "authenticationMode", "engine", "noPasswordRequired", "passwords"), Call("modify_user")
            ),
        ),
        delete=Call("delete_user", {"UserId": "{id}"}),
        fields=(
            Field("authenticationMode", read="Authentication", decode=_authentication),
            Field("engine", normal=_lower),
            Field("noPasswordRequired", read="", default=False),
            Field("passwords", read=""),
        ),
        tags=elasticache_tags("user"),
        name="userId",
        busy=("DefaultUserAssociatedToUserGroup", "InvalidUserState"),
    ),
    Row(
        "aws:elasticache/userGroup:UserGroup",
        "elasticache",
        create=Call("create_user_group"),
        id="{userGroupId}",
        read=Call("describe_user_groups", {"UserGroupId": "{id}"}, at="UserGroups[0]"),
        updates=(
            Update(("userIds",), _set_users),
            Update(("engine",), Call("modify_user_group", {"UserGroupId": "{id}"}, only=("engine",))),
        ),
        delete=Call("delete_user_group", {"UserGroupId": "{id}"}),
        fields=(unordered("userIds"), Field("engine", normal=_lower)),
        tags=elasticache_tags("usergroup"),
        name="userGroupId",
        busy=("InvalidUserGroupState",),
    ),
)
