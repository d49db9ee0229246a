"""Secrets Manager: secrets without their values, and their policies."""

from patchbay_standins.pulumi_plugins.aws_provider.fields import document
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Ready, Row, Tags, Update

_SECRET = {"SecretId": "{id}"}


def _delete_secret(resource: Resource) -> None:
    """A window of 0 days deletes at once; the name is taken until the window's end otherwise."""
    days = resource.inputs.get("recoveryWindowInDays", 30)
    if days == 0:
        resource.call("delete_secret", SecretId=resource.id, ForceDeleteWithoutRecovery=True)
    else:
        resource.call("delete_secret", SecretId=resource.id, RecoveryWindowInDays=int(days))


ROWS = (
    Row(
        "aws:secretsmanager/secret:Secret",
        "secretsmanager",
        create=Call("create_secret"),
        id="{ARN}",
        read=Call("describe_secret", _SECRET),
        updates=(
            Update(("description", "kmsKeyId"), Call("update_secret", _SECRET, only=("description", "kmsKeyId"))),
        ),
        delete=_delete_secret,
        fields=(
            Field("description", default=""),
            Field("recoveryWindowInDays", aws="", default=30),
            Field("forceOverwriteReplicaSecret", read="", default=False),
        ),
        tags=Tags(tag=Call("tag_resource", _SECRET), untag=Call("untag_resource", _SECRET)),
        ready=Ready(at="DeletedDate && 'deleted' || 'kept'", done=("kept",), gone=("deleted",)),
        options=("recoveryWindowInDays",),
        required=("name",),
    ),
    Row(
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        "secretsmanager",
        create=Call("put_resource_policy"),
        id="{secretArn}",
        read=Call("get_resource_policy", _SECRET, at="ResourcePolicy && @"),
        updates=(Update(("blockPublicPolicy", "policy"), Call("put_resource_policy")),),
        delete=Call("delete_resource_policy", _SECRET),
        fields=(
            Field("secretArn", aws="SecretId", read="ARN"),
            document("policy", aws="ResourcePolicy"),
            Field("blockPublicPolicy", read="", default=False),
        ),
        name="secretArn",
    ),
)
