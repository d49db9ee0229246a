"""Tags of Auto Scaling groups."""

from typing import Any

from patchbay_local.emulator.operations.autoscaling.service import SERVICE, group_of
from patchbay_local.emulator.service import BY_MOTO, Call, Served


@SERVICE.operation("CreateOrUpdateTags")
@SERVICE.operation("DeleteTags")
def of_tagged_groups(call: Call) -> Served:
    tags: list[dict[str, Any]] = call["Tags"]
    for tag in tags:
        group_of(call, tag["ResourceId"])
    return BY_MOTO
