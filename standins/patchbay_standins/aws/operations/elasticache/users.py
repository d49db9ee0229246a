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
        # terraform-aws-modules/terraform-aws-elasticache 65
        raise AwsError("InvalidParameterCombination", "User Id and User name must be same for authentication type: iam")
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
                # hashicorp/terraform-provider-aws 21970, which has the beginning of AWS' words.
                raise AwsError(
                    "DefaultUserAssociatedToUserGroup",
                    f"User is associated to user group {group['UserGroupId']} as its default user.",
                )
            group["UserIds"].remove(user["UserId"])
    del held.users[user["UserId"]], held.tags[user["ARN"]]
    return {**user, "Status": "deleting"}
