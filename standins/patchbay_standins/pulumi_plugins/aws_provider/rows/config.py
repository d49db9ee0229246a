"""AWS Config: the recorder, whether it records, and where it delivers to."""

from typing import Final

from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Update

_PUT_RECORDER: Final = Call("put_configuration_recorder")
_PUT_CHANNEL: Final = Call("put_delivery_channel")
_RECORDER: Final = {"ConfigurationRecorderNames": ["{id}"]}


def _record(resource: Resource) -> None:
    call = "start_configuration_recorder" if resource.inputs["isEnabled"] else "stop_configuration_recorder"
    resource.call(call, ConfigurationRecorderName=resource.inputs["name"])


def _begin(resource: Resource) -> dict[str, str]:
    _record(resource)
    return {}


def _below(kind: str, name: str, member: str) -> Field:
    return Field(name, aws=f"{kind}.{member}", read=member)


ROWS = (
    Row(
        "aws:cfg/recorder:Recorder",
        "config",
        create=_PUT_RECORDER,
        id="{name}",
        read=Call("describe_configuration_recorders", _RECORDER, at="ConfigurationRecorders[0]"),
        updates=(Update(("recordingGroup", "roleArn"), _PUT_RECORDER),),
        delete=Call("delete_configuration_recorder", {"ConfigurationRecorderName": "{id}"}),
        fields=(
            _below("ConfigurationRecorder", "name", "name"),
            _below("ConfigurationRecorder", "roleArn", "roleARN"),
            _below("ConfigurationRecorder", "recordingGroup", "recordingGroup"),
        ),
        required=("name",),
    ),
    Row(
        "aws:cfg/deliveryChannel:DeliveryChannel",
        "config",
        create=_PUT_CHANNEL,
        id="{name}",
        read=Call("describe_delivery_channels", {"DeliveryChannelNames": ["{id}"]}, at="DeliveryChannels[0]"),
        updates=(
            Update(
                ("s3BucketName", "s3KeyPrefix", "s3KmsKeyArn", "snapshotDeliveryProperties", "snsTopicArn"),
                _PUT_CHANNEL,
            ),
        ),
        delete=Call("delete_delivery_channel", {"DeliveryChannelName": "{id}"}),
        fields=(
            _below("DeliveryChannel", "name", "name"),
            _below("DeliveryChannel", "s3BucketName", "s3BucketName"),
            _below("DeliveryChannel", "s3KeyPrefix", "s3KeyPrefix"),
            _below("DeliveryChannel", "s3KmsKeyArn", "s3KmsKeyArn"),
            _below("DeliveryChannel", "snapshotDeliveryProperties", "configSnapshotDeliveryProperties"),
            _below("DeliveryChannel", "snsTopicArn", "snsTopicARN"),
        ),
        required=("name",),
    ),
    Row(
        "aws:cfg/recorderStatus:RecorderStatus",
        "config",
        create=_begin,
        id="{name}",
        read=Call("describe_configuration_recorder_status", _RECORDER, at="ConfigurationRecordersStatus[0]"),
        updates=(Update(("isEnabled",), _record),),
        delete=Call("stop_configuration_recorder", {"ConfigurationRecorderName": "{id}"}),
        fields=(Field("isEnabled", aws="", read="recording"),),
        handles=("name", "isEnabled"),
        required=("name",),
    ),
)
