"""Auto Scaling: what is added to a group that something else, such as EKS, owns."""

from typing import Any

from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Update

# Auto Scaling has no other code for a group that does not exist.
_NO_GROUP = ("ValidationError",)


def _tag(resource: Resource, *, key: str | None = None) -> dict[str, Any]:
    wanted = {"ResourceId": resource.value("autoscalingGroupName"), "ResourceType": "auto-scaling-group"}
    return {**wanted, "Key": key or resource.value("tag")["key"]}


def _put_tag(resource: Resource) -> dict[str, str]:
    tag = resource.inputs["tag"]
    settings = {"Value": tag["value"], "PropagateAtLaunch": tag["propagateAtLaunch"]}
    resource.call("create_or_update_tags", Tags=[{**_tag(resource), **settings}])
    return {"key": tag["key"]}


def _put_again(resource: Resource) -> None:
    _put_tag(resource)


def _delete_tag(resource: Resource) -> None:
    resource.call("delete_tags", Tags=[_tag(resource, key=resource.parsed["key"])])


def _parse_attachment(identifier: str) -> dict[str, str]:
    group, _, arn = identifier.partition("-arn:")
    return {"autoscalingGroupName": group, "lbTargetGroupArn": f"arn:{arn}"}


ROWS = (
    Row(
        "aws:autoscaling/tag:Tag",
        "autoscaling",
        create=_put_tag,
        id="{autoscalingGroupName},{key}",
        read=Call(
            "describe_tags",
            {
                "Filters": [
                    {"Name": "auto-scaling-group", "Values": ["{autoscalingGroupName}"]},
                    {"Name": "key", "Values": ["{key}"]},
                ]
            },
            at="Tags[0].{Tag: @}",
        ),
        updates=(Update(("tag",), _put_again),),
        delete=_delete_tag,
        handles=("autoscalingGroupName",),
        missing=_NO_GROUP,
        fixed=("tag.key",),
    ),
    Row(
        # The real provider's id is the group's name and a random text, and cannot be imported; this one can be read.
        "aws:autoscaling/attachment:Attachment",
        "autoscaling",
        create=Call("attach_load_balancer_target_groups", {"TargetGroupARNs": ["{lbTargetGroupArn}"]}),
        id="{autoscalingGroupName}-{lbTargetGroupArn}",
        parse=_parse_attachment,
        read=Call(
            "describe_auto_scaling_groups",
            {"AutoScalingGroupNames": ["{autoscalingGroupName}"]},
            at="AutoScalingGroups[?contains(TargetGroupARNs, {lbTargetGroupArn})] | [0].{Name: AutoScalingGroupName}",
        ),
        delete=Call("detach_load_balancer_target_groups", {"TargetGroupARNs": ["{lbTargetGroupArn}"]}),
        fields=(Field("lbTargetGroupArn", aws=""),),
        required=("lbTargetGroupArn",),
        missing=_NO_GROUP,
    ),
)
