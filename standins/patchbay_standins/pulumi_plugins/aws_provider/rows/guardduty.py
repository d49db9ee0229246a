"""GuardDuty: the detector of an account and region, and what it watches beside the base."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import by_parts
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update

_DETECTOR: Final = {"DetectorId": "{id}"}
_ARN: Final = {"ResourceArn": "arn:aws:guardduty:{region}:{account}:detector/{id}"}


def _put_feature(resource: Resource) -> None:
    feature: dict[str, Any] = {"Name": resource.inputs["name"], "Status": resource.inputs["status"]}
    if more := resource.inputs.get("additionalConfigurations"):
        feature["AdditionalConfiguration"] = [{"Name": one["name"], "Status": one["status"]} for one in more]
    resource.call("update_detector", DetectorId=resource.inputs["detectorId"], Features=[feature])


def _create_feature(resource: Resource) -> dict[str, Any]:
    _put_feature(resource)
    return {}


def _read_feature(resource: Resource) -> dict[str, Any] | None:
    features = resource.call("get_detector", DetectorId=resource.value("detectorId")).get("Features", ())
    return next((one for one in features if one["Name"] == resource.value("name")), None)


def _sorted(value: Any) -> Any:
    return sorted(value, key=lambda one: str(one["name"])) if value else value


ROWS = (
    Row(
        "aws:guardduty/detector:Detector",
        "guardduty",
        create=Call("create_detector"),
        id="{DetectorId}",
        read=Call("get_detector", _DETECTOR),
        updates=(Update(("enable", "findingPublishingFrequency"), Call("update_detector", _DETECTOR)),),
        delete=Call("delete_detector", _DETECTOR),
        fields=(Field("enable", read="Status == 'ENABLED'", default=True),),
        outputs={"accountId": "{account}", "arn": _ARN["ResourceArn"]},
        tags=Tags(tag=Call("tag_resource", _ARN), untag=Call("untag_resource", _ARN)),
        defaults={"enable": True},
        # A detector that is not there is told as bad input.
        missing=("BadRequestException",),
        name="",
    ),
    Row(
        # It is not turned off by being deleted: it goes with its detector (`internal/service/guardduty`, the provider).
        "aws:guardduty/detectorFeature:DetectorFeature",
        "guardduty",
        create=_create_feature,
        id="{detectorId}/{name}",
        parse=by_parts("/", "detectorId", "name"),
        read=_read_feature,
        updates=(Update(("status", "additionalConfigurations"), _put_feature),),
        fields=(
            Field("detectorId", read=""),
            Field("additionalConfigurations", read="AdditionalConfiguration", normal=_sorted),
        ),
        handles=("detectorId", "name", "status", "additionalConfigurations"),
        missing=("BadRequestException",),
        required=("name",),
    ),
)
