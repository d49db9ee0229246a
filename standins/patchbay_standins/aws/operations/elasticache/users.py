"""Users of the access control: by IAM, by passwords (only their number is kept) or with no password."""

from typing import Any, Final

from patchbay_standins.aws.operations.elasticache.store import SERVICE, Shown, absent, chosen, one, store
from patchbay_standins.aws.service import AwsError, Call, Result

_MISSING: Final = "UserNotFound"


def _authentication(call: Call) -> dict[str, Any] | None:
    """How the caller wants the user to prove who it is; None where the call says nothing of it."""
    mode = call.get("AuthenticationMode", {})
    passwords = call.get("Passwords") or mode.get("Passwords") or []
    kind = mode.get("Type")
    if kind is None and call.get("NoPasswordRequired"):
        kind = "no-password-required"
    if kind is None and passwords:
        kind = "password"
    if kind is None:
        return None
    if any(not 16 <= len(password) <= 128 for password in passwords):
        raise AwsError("InvalidParameterValue", "Passwords length must be between 16-128 characters.")
    if (kind == "password") != bool(passwords):
        raise AwsError("InvalidParameterCombination", f"Authentication type {kind} and the passwords given do not fit.")
    # The answer names two of the types otherwise than the request does.
    shown = {"no-password-required": "no-password"}.get(kind, kind)
    return {"Type": shown, **({"PasswordCount": len(passwords)} if passwords else {})}


@SERVICE.operation("CreateUser")
def create_user(call: Call) -> Result:
    held = store(call)
    name = call["UserId"]
    absent(held.users, name, "UserAlreadyExists", "User")
    authentication = _authentication(call)
    if authentication is None:
        raise AwsError("InvalidParameterValue", "An authentication mode, passwords or NoPasswordRequired is required.")
    if authentication["Type"] == "iam" and call["UserName"] != name:
        raise AwsError(
            "InvalidParameterValue", "The id and the name of a user that IAM authenticates must be the same."
        )
    engine = call["Engine"].lower()
    user: Shown = {
        "UserId": name,
        "UserName": call["UserName"],
        "Status": "active",
        "Engine": engine,
        "MinimumEngineVersion": "7.0" if authentication["Type"] == "iam" or engine == "valkey" else "6.0",
        "AccessString": call["AccessString"],
        "UserGroupIds": [],
        "Authentication": authentication,
        "ARN": call.arn(f"user:{name}"),
    }
    held.users[name] = user
    held.tag(user["ARN"], call.get("Tags"))
    return user


@SERVICE.operation("DescribeUsers")
def describe_users(call: Call) -> Result:
    return {"Users": chosen(store(call).users, call.get("UserId"), _MISSING, "User")}


@SERVICE.operation("ModifyUser")
def modify_user(call: Call) -> Result:
    user = one(store(call).users, call["UserId"], _MISSING, "User")
    if call.get("AccessString"):
        user["AccessString"] = call["AccessString"]
    if call.get("AppendAccessString"):
        user["AccessString"] += " " + call["AppendAccessString"]
    if call.get("Engine"):
        user["Engine"] = call["Engine"].lower()
    authentication = _authentication(call)
    if authentication:
        user["Authentication"] = authentication
    return user


@SERVICE.operation("DeleteUser")
def delete_user(call: Call) -> Result:
    held = store(call)
    user = one(held.users, call["UserId"], _MISSING, "User")
    for group in held.user_groups.values():
        if user["UserId"] in group["UserIds"]:
            if user["UserName"] == "default":
                raise AwsError(
                    "DefaultUserAssociatedToUserGroup",
                    f"User {user['UserId']} is the default user of user group {group['UserGroupId']}.",
                )
            group["UserIds"].remove(user["UserId"])
    del held.users[user["UserId"]], held.tags[user["ARN"]]
    return {**user, "Status": "deleting"}
