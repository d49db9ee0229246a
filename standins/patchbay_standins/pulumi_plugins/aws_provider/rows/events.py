"""EventBridge: rules on the account's own bus, and where they send to."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import by_parts, document
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update

_PUT: Final = Call("put_rule")
_ARN: Final = {"ResourceARN": "arn:aws:events:{region}:{account}:rule/{id}"}


def _put_target(resource: Resource) -> None:
    target = {"Id": resource.inputs["targetId"], "Arn": resource.inputs["arn"]}
    answer = resource.call("put_targets", Rule=resource.inputs["rule"], Targets=[target])
    if answer.get("FailedEntryCount"):
        raise RuntimeError(f"{answer['FailedEntries']}")


def _create_target(resource: Resource) -> dict[str, Any]:
    _put_target(resource)
    return {}


def _read_target(resource: Resource) -> dict[str, Any] | None:
    targets = resource.call("list_targets_by_rule", Rule=resource.value("rule"))["Targets"]
    return next((one for one in targets if one["Id"] == resource.value("targetId")), None)


def _remove_target(resource: Resource) -> None:
    resource.call("remove_targets", Rule=resource.value("rule"), Ids=[resource.value("targetId")])


ROWS = (
    Row(
        "aws:cloudwatch/eventRule:EventRule",
        "events",
        create=_PUT,
        id="{name}",
        read=Call("describe_rule", {"Name": "{id}"}),
        updates=(Update(("description", "eventPattern", "scheduleExpression", "state"), _PUT),),
        delete=Call("delete_rule", {"Name": "{id}"}),
        fields=(document("eventPattern"), Field("eventBusName", default="default")),
        outputs={"arn": "{Arn}"},
        tags=Tags(
            tag=Call("tag_resource", _ARN),
            untag=Call("untag_resource", _ARN),
            read=Call("list_tags_for_resource", _ARN, at="Tags"),
        ),
        required=("name",),
    ),
    Row(
        "aws:cloudwatch/eventTarget:EventTarget",
        "events",
        create=_create_target,
        id="{rule}/{targetId}",
        parse=by_parts("/", "rule", "targetId"),
        read=_read_target,
        updates=(Update(("arn",), _put_target),),
        delete=_remove_target,
        fields=(Field("targetId", read="Id"), Field("rule", read=""), Field("eventBusName", default="default")),
        handles=("rule", "targetId", "arn"),
        name="targetId",
        required=("targetId",),
    ),
)
