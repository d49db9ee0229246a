"""Secrets Manager: rotation is recorded, with all of its rules; the function itself is not in the account."""

import time
from typing import Any, Final

from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend, secretsmanager_backends

from patchbay_standins.aws.moto_objects import shown
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served, Service

SERVICE: Final = Service("secretsmanager")

_MISSING: Final = "Secrets Manager can't find the specified secret."


class Rotations:
    """Rotation rules by the secret's ARN."""

    def __init__(self) -> None:
        self.rules: dict[str, dict[str, Any]] = {}


def _backend(call: Call) -> SecretsManagerBackend:
    found: SecretsManagerBackend = secretsmanager_backends[call.account][call.region]
    return found


def _secret(call: Call) -> FakeSecret:
    secret = _backend(call).secrets.get(call["SecretId"])
    if not isinstance(secret, FakeSecret):
        raise AwsError("ResourceNotFoundException", _MISSING)
    return secret


@SERVICE.operation("CreateSecret")
def create_secret(call: Call) -> Served:
    present = _backend(call).secrets.get(call["Name"])
    if present is not None and present.is_deleted():
        raise AwsError(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        )
    return BY_MOTO


@SERVICE.operation("RotateSecret")
def rotate_secret(call: Call) -> Result:
    secret = _secret(call)
    if secret.is_deleted():
        raise AwsError("InvalidRequestException", "The secret is marked for deletion.")
    function = call.get("RotationLambdaARN", secret.rotation_lambda_arn)
    if not function:
        raise AwsError("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.")
    held = call.state(Rotations).rules
    rules = dict(call.get("RotationRules", held.get(secret.arn, {})))
    days = rules.get("AutomaticallyAfterDays")
    if (days is None) == ("ScheduleExpression" not in rules):
        raise AwsError("InvalidParameterException", "RotationRules need either AutomaticallyAfterDays or a schedule.")
    if days is not None and not 1 <= int(days) <= 1000:
        raise AwsError("InvalidParameterException", "RotationRules.AutomaticallyAfterDays must be within 1-1000.")
    held[secret.arn] = rules
    secret.rotation_requested = secret.rotation_enabled = True
    secret.rotation_lambda_arn = function
    secret.auto_rotate_after_days = int(days or 0)
    if days is not None:
        secret.next_rotation_date = int(time.time()) + int(days) * 86400
    return {"ARN": secret.arn, "Name": secret.name}


@SERVICE.operation("CancelRotateSecret")
def cancel_rotate_secret(call: Call) -> Result:
    secret = _secret(call)
    call.state(Rotations).rules.pop(secret.arn, None)
    secret.rotation_requested = secret.rotation_enabled = False
    secret.next_rotation_date = None
    return {"ARN": secret.arn, "Name": secret.name}


@SERVICE.operation("DescribeSecret")
def describe_secret(call: Call) -> Result:
    secret = _secret(call)
    described = secret.to_dict()
    rules = call.state(Rotations).rules.get(secret.arn)
    if rules:
        described["RotationRules"] = rules
    return shown(call, described)


@SERVICE.operation("DeleteSecret")
def delete_secret(call: Call) -> Served:
    secret = _backend(call).secrets.get(call["SecretId"])
    if secret is not None and call.get("ForceDeleteWithoutRecovery"):
        call.state(Rotations).rules.pop(secret.arn, None)
    return BY_MOTO
