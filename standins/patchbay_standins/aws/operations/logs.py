"""CloudWatch Logs: the key of a log group, which moto cannot change, and which must let the service in."""

from fnmatch import fnmatchcase
from typing import Any, Final

from moto.kms.models import kms_backends
from moto.logs.models import LogGroup, logs_backends

from patchbay_standins.aws import policy_documents
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served, Service

SERVICE: Final = Service("logs")

_USES: Final = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")
_CONTEXT: Final = "kms:EncryptionContext:aws:logs:arn"


@SERVICE.operation("CreateLogGroup")
def create_log_group(call: Call) -> Served:
    if call.get("kmsKeyId") and call["logGroupName"] not in logs_backends[call.account][call.region].groups:
        _require_key(call, call["logGroupName"])
    return BY_MOTO


@SERVICE.operation("AssociateKmsKey")
def associate_kms_key(call: Call) -> Result:
    group = _group(call)
    _require_key(call, group.name)
    group.kms_key_id = call["kmsKeyId"]
    return {}


@SERVICE.operation("DisassociateKmsKey")
def disassociate_kms_key(call: Call) -> Result:
    _group(call).kms_key_id = None
    return {}


def _require_key(call: Call, name: str) -> None:
    """Refuses a key that is not there or whose policy does not let the service use it for the group."""
    arn = call.arn(f"log-group:{name}")
    keys: Any = kms_backends[call.account][call.region].keys
    key = keys.get(call["kmsKeyId"].rpartition("/")[2])
    if key is None or not any(
        _lets_in(statement, call.region, arn) for statement in policy_documents.statements(key.policy)
    ):
        # hashicorp/terraform-provider-aws 29282
        raise AwsError(
            "AccessDeniedException",
            f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'",
        )


def _lets_in(statement: policy_documents.Statement, region: str, arn: str) -> bool:
    services = {f"logs.{region}.amazonaws.com", "logs.amazonaws.com"}
    if not policy_documents.allows(statement, _USES) or not services & set(
        policy_documents.principals(statement, "Service")
    ):
        return False
    contexts = [
        pattern
        for tests in statement.get("Condition", {}).values()
        for pattern in policy_documents.listed(tests.get(_CONTEXT))
    ]
    return not contexts or any(fnmatchcase(arn, str(pattern)) for pattern in contexts)


def _group(call: Call) -> LogGroup:
    name = call.get("logGroupName") or call.get("resourceIdentifier", "").split(":log-group:")[-1].removesuffix(":*")
    group = logs_backends[call.account][call.region].groups.get(name)
    if group is None:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return group
