"""Shield Advanced."""

from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Row, Tags

_TAGGED = {"ResourceARN": "arn:aws:shield::{account}:protection/{id}"}

ROWS = (
    Row(
        "aws:shield/protection:Protection",
        "shield",
        create=Call("create_protection"),
        id="{ProtectionId}",
        read=Call("describe_protection", {"ProtectionId": "{id}"}, at="Protection"),
        delete=Call("delete_protection", {"ProtectionId": "{id}"}),
        outputs={"arn": "{ProtectionArn}"},
        tags=Tags(
            tag=Call("tag_resource", _TAGGED),
            untag=Call("untag_resource", _TAGGED),
            read=Call("list_tags_for_resource", _TAGGED),
        ),
        # A resource is protected once.
        name="resourceArn",
        required=("name",),
    ),
)
