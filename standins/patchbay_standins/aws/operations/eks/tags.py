"""Tags of clusters and of everything in them."""

from patchbay_standins.aws.operations.eks.records import Described, clusters
from patchbay_standins.aws.operations.eks.service import SERVICE
from patchbay_standins.aws.service import AwsError, Call, Result


@SERVICE.operation("TagResource")
def tag_resource(call: Call) -> Result:
    _resource(call)["tags"].update(call["tags"])
    return {}


@SERVICE.operation("UntagResource")
def untag_resource(call: Call) -> Result:
    tags = _resource(call)["tags"]
    for key in call["tagKeys"]:
        tags.pop(key, None)
    return {}


@SERVICE.operation("ListTagsForResource")
def list_tags_for_resource(call: Call) -> Result:
    return {"tags": _resource(call)["tags"]}


def _resource(call: Call) -> Described:
    for cluster in clusters(call).values():
        for arn, resource in cluster.tagged():
            if arn == call["resourceArn"]:
                return resource
    raise AwsError("NotFoundException", f"Resource was not found: {call['resourceArn']}", status=404)
