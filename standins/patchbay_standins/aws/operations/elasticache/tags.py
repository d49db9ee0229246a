"""Tags of everything that has an ARN."""

from patchbay_standins.aws.operations.elasticache.store import SERVICE, store
from patchbay_standins.aws.service import Call, Result


def _listed(tags: dict[str, str]) -> Result:
    return {"TagList": [{"Key": key, "Value": value} for key, value in tags.items()]}


@SERVICE.operation("ListTagsForResource")
def list_tags_for_resource(call: Call) -> Result:
    return _listed(store(call).taggable(call["ResourceName"]))


@SERVICE.operation("AddTagsToResource")
def add_tags_to_resource(call: Call) -> Result:
    held = store(call).taggable(call["ResourceName"])
    held.update({tag["Key"]: tag["Value"] for tag in call["Tags"]})
    return _listed(held)


@SERVICE.operation("RemoveTagsFromResource")
def remove_tags_from_resource(call: Call) -> Result:
    held = store(call).taggable(call["ResourceName"])
    for key in call["TagKeys"]:
        held.pop(key, None)
    return _listed(held)
