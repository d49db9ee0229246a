"""CloudTrail: trails."""

from typing import Final

from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update

_TRAIL: Final = {"Name": "{id}"}
_SETTINGS: Final = (
    "cloudWatchLogsGroupArn",
    "cloudWatchLogsRoleArn",
    "enableLogFileValidation",
    "includeGlobalServiceEvents",
    "isMultiRegionTrail",
    "isOrganizationTrail",
    "kmsKeyId",
    "s3BucketName",
    "s3KeyPrefix",
    "snsTopicName",
)


def _set_logging(resource: Resource) -> None:
    """A trail that was just made logs nothing."""
    on = resource.inputs.get("enableLogging", True)
    resource.call("start_logging" if on else "stop_logging", Name=resource.id)


ROWS = (
    Row(
        "aws:cloudtrail/trail:Trail",
        "cloudtrail",
        create=Call("create_trail"),
        id="{TrailARN}",
        parse=lambda arn: {"name": arn.rpartition("/")[2]},
        read=Call("get_trail", _TRAIL, at="Trail"),
        reads=(Call("get_trail_status", _TRAIL),),
        updates=(
            Update(_SETTINGS, Call("update_trail", _TRAIL)),
            Update(("enableLogging",), _set_logging),
        ),
        delete=Call("delete_trail", {"Name": "{name}"}),
        fields=(
            Field("cloudWatchLogsGroupArn", aws="CloudWatchLogsLogGroupArn"),
            Field("enableLogFileValidation", read="LogFileValidationEnabled", default=False),
            Field("enableLogging", aws="", read="IsLogging", default=True),
        ),
        outputs={"arn": "{id}", "homeRegion": "{HomeRegion}", "snsTopicArn": "{SnsTopicARN}"},
        tags=Tags(
            create="TagsList",
            tag=Call("add_tags", {"ResourceId": "{id}"}),
            untag=Call("remove_tags", {"ResourceId": "{id}"}),
            read=Call("list_tags", {"ResourceIdList": ["{id}"]}, at="ResourceTagList[0].TagsList"),
        ),
        defaults={"enableLogging": True},
        required=("name",),
    ),
)
