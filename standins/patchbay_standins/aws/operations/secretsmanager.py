"""Secrets Manager: the name of a deleted secret is taken until its recovery window ends."""

from typing import Final

from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends

from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Served, Service

SERVICE: Final = Service("secretsmanager")


def _backend(call: Call) -> SecretsManagerBackend:
    found: SecretsManagerBackend = secretsmanager_backends[call.account][call.region]
    return found


@SERVICE.operation("CreateSecret")
def create_secret(call: Call) -> Served:
    present = _backend(call).secrets.get(call["Name"])
    if present is not None and present.is_deleted():
        raise AwsError(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        )
    return BY_MOTO
