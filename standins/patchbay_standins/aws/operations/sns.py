"""SNS: a topic that is there is answered again, unless other tags are asked for."""

from typing import Final

from moto.sns.models import sns_backends

from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Served, Service

SERVICE: Final = Service("sns")


@SERVICE.operation("CreateTopic")
def create_topic(call: Call) -> Served:
    topic = sns_backends[call.account][call.region].topics.get(call.arn(call["Name"]))
    wanted = {tag["Key"]: tag["Value"] for tag in call.get("Tags", ())}
    # localstack/localstack 2405
    if topic is not None and wanted and wanted != (topic._tags or {}):
        raise AwsError("InvalidParameter", "Invalid parameter: Tags Reason: Topic already exists with different tags")
    return BY_MOTO
