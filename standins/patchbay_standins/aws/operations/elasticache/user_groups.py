"""User groups: which users a replication group lets in."""

from collections.abc import Sequence
from typing import Final

from patchbay_standins.aws.operations.elasticache.store import SERVICE, Shown, Store, absent, chosen, one, store
from patchbay_standins.aws.service import AwsError, Call, Result

_MISSING: Final = "UserGroupNotFound"


def _members(held: Store, user_ids: Sequence[str], engine: str) -> list[str]:
    """The user ids, if they may be in one group. Raises what AWS does where not."""
    users = [one(held.users, user, "UserNotFound", "User") for user in user_ids]
    names = [user["UserName"] for user in users]
    if len(names) != len(set(names)):
        raise AwsError("DuplicateUserName", "Two users of a user group must not have the same user name.")
    if engine == "redis" and "default" not in names:
        # hashicorp/terraform-provider-aws 25593
        raise AwsError("DefaultUserRequired", "User group needs to contain a user with the user name default.")
    return list(user_ids)


def _link(held: Store) -> None:
    """Tells each user its groups."""
    for user in held.users.values():
        user["UserGroupIds"] = [
            group["UserGroupId"] for group in held.user_groups.values() if user["UserId"] in group["UserIds"]
        ]


@SERVICE.operation("CreateUserGroup")
def create_user_group(call: Call) -> Result:
    held = store(call)
    name = call["UserGroupId"]
    absent(held.user_groups, name, "UserGroupAlreadyExists", "UserGroup")
    engine = call["Engine"].lower()
    group: Shown = {
        "UserGroupId": name,
        "Status": "active",
        "Engine": engine,
        "UserIds": _members(held, call.get("UserIds", []), engine),
        "MinimumEngineVersion": "6.0" if engine == "redis" else "7.2",
        "ReplicationGroups": [],
        "ARN": call.arn(f"usergroup:{name}"),
    }
    held.user_groups[name] = group
    held.tag(group["ARN"], call.get("Tags"))
    _link(held)
    return group


@SERVICE.operation("DescribeUserGroups")
def describe_user_groups(call: Call) -> Result:
    return {"UserGroups": chosen(store(call).user_groups, call.get("UserGroupId"), _MISSING, "UserGroup")}


@SERVICE.operation("ModifyUserGroup")
def modify_user_group(call: Call) -> Result:
    held = store(call)
    group = one(held.user_groups, call["UserGroupId"], _MISSING, "UserGroup")
    removed = set(call.get("UserIdsToRemove", ()))
    kept = [user for user in group["UserIds"] if user not in removed]
    engine = call.get("Engine", group["Engine"]).lower()
    group["UserIds"] = _members(held, [*kept, *call.get("UserIdsToAdd", ())], engine)
    group["Engine"] = engine
    _link(held)
    return group


@SERVICE.operation("DeleteUserGroup")
def delete_user_group(call: Call) -> Result:
    held = store(call)
    group = one(held.user_groups, call["UserGroupId"], _MISSING, "UserGroup")
    if group["ReplicationGroups"]:
        raise AwsError("InvalidUserGroupState", f"UserGroup {group['UserGroupId']} is in use by a replication group.")
    del held.user_groups[group["UserGroupId"]], held.tags[group["ARN"]]
    _link(held)
    return {**group, "Status": "deleting"}
