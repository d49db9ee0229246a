"""CloudWatch Logs: the key of a log group, which moto cannot change."""

from typing import Final

from moto.logs.models import LogGroup, logs_backends

from patchbay_standins.aws.service import AwsError, Call, Result, Service

SERVICE: Final = Service("logs")


@SERVICE.operation("AssociateKmsKey")
def associate_kms_key(call: Call) -> Result:
    _group(call).kms_key_id = call["kmsKeyId"]
    return {}


@SERVICE.operation("DisassociateKmsKey")
def disassociate_kms_key(call: Call) -> Result:
    _group(call).kms_key_id = None
    return {}


def _group(call: Call) -> LogGroup:
    name = call.get("logGroupName") or call.get("resourceIdentifier", "").split(":log-group:")[-1].removesuffix(":*")
    group = logs_backends[call.account][call.region].groups.get(name)
    if group is None:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return group
