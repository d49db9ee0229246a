"""KMS: keys and their aliases."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import document
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Ready, Row, Tags, Update

_KEY: Final = {"KeyId": "{id}"}
_LONGEST_WINDOW_DAYS: Final = 30


def _set_rotation(resource: Resource) -> None:
    if not resource.inputs.get("enableKeyRotation"):
        resource.call("disable_key_rotation", KeyId=resource.id)
        return
    period = resource.inputs.get("rotationPeriodInDays")
    resource.call("enable_key_rotation", KeyId=resource.id, **({"RotationPeriodInDays": period} if period else {}))


def _set_enabled(resource: Resource) -> None:
    resource.call("enable_key" if resource.inputs.get("isEnabled", True) else "disable_key", KeyId=resource.id)


def _delete_key(resource: Resource) -> None:
    window = resource.inputs.get("deletionWindowInDays") or _LONGEST_WINDOW_DAYS
    resource.call("schedule_key_deletion", KeyId=resource.id, PendingWindowInDays=window)


def _read_alias(resource: Resource) -> dict[str, Any] | None:
    parameters: dict[str, Any] = {}
    while True:
        page = resource.call("list_aliases", **parameters)
        for alias in page["Aliases"]:
            if alias["AliasName"] == resource.id:
                return dict(alias)
        if not page.get("Truncated"):
            return None
        parameters = {"Marker": page["NextMarker"]}


def _key_id(value: Any) -> str:
    return str(value).rpartition("/")[2]


ROWS = (
    Row(
        "aws:kms/key:Key",
        "kms",
        create=Call("create_key", at="KeyMetadata"),
        id="{KeyId}",
        read=Call("describe_key", _KEY, at="KeyMetadata"),
        reads=(
            Call("get_key_policy", {**_KEY, "PolicyName": "default"}, at="{Policy: Policy}"),
            Call(
                "get_key_rotation_status",
                _KEY,
                at="{KeyRotationEnabled: KeyRotationEnabled, RotationPeriodInDays: RotationPeriodInDays}",
            ),
        ),
        updates=(
            Update(("enableKeyRotation", "rotationPeriodInDays"), _set_rotation),
            Update(("description",), Call("update_key_description", _KEY)),
            Update(("policy",), Call("put_key_policy", {**_KEY, "PolicyName": "default"})),
            Update(("isEnabled",), _set_enabled),
        ),
        delete=_delete_key,
        fields=(
            document("policy"),
            Field("description", default=""),
            Field("enableKeyRotation", read="KeyRotationEnabled", default=False),
            Field("isEnabled", read="Enabled", default=True),
            Field("keyUsage", default="ENCRYPT_DECRYPT"),
            Field("customerMasterKeySpec", default="SYMMETRIC_DEFAULT"),
            Field("multiRegion", default=False),
            Field("bypassPolicyLockoutSafetyCheck", read="", default=False),
        ),
        tags=Tags(
            tag=Call("tag_resource", _KEY),
            untag=Call("untag_resource", _KEY),
            read=Call("list_resource_tags", _KEY, at="Tags"),
        ),
        options=("deletionWindowInDays", "bypassPolicyLockoutSafetyCheck"),
        ready=Ready(at="KeyState", done=("Enabled", "Disabled"), gone=("PendingDeletion", "PendingReplicaDeletion")),
    ),
    Row(
        "aws:kms/alias:Alias",
        "kms",
        create=Call("create_alias"),
        id="{name}",
        read=_read_alias,
        updates=(Update(("targetKeyId",), Call("update_alias")),),
        delete=Call("delete_alias"),
        fields=(Field("name", aws="AliasName"), Field("targetKeyId", normal=_key_id)),
        outputs={"arn": "{AliasArn}", "targetKeyArn": "arn:aws:kms:{region}:{account}:key/{TargetKeyId}"},
        required=("name",),
    ),
)
