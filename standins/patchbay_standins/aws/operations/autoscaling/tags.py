"""Tags of Auto Scaling groups."""

from typing import Any

from patchbay_standins.aws.operations.autoscaling.service import SERVICE, group_of
from patchbay_standins.aws.service import BY_MOTO, Call, Served


@SERVICE.operation("CreateOrUpdateTags")
@SERVICE.operation("DeleteTags")
def of_tagged_groups(call: Call) -> Served:
    tags: list[dict[str, Any]] = call["Tags"]
    for tag in tags:
        group_of(call, tag["ResourceId"])
    return BY_MOTO
