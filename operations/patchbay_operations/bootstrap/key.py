"""The key of the secrets in Pulumi's state, which encrypts the state's bucket too."""

from typing import Any, Final

from botocore.exceptions import ClientError

from patchbay_operations.bootstrap.findings import RefusedError, Work, tag_list
from patchbay_operations.refusal import code

STEP: Final = "state key"
ALIAS: Final = "alias/patchbay-pulumi-state"
_FIELD: Final = "patchbay:infra.delivery.stateKeyArn"


def ensure(work: Work) -> str | None:
    """The key's ARN; None where there is none, and none may be made.

    A key that the config names and that is away is never replaced: what it encrypted would stay unreadable.
    """
    named = work.stack.infra.delivery.known_key
    if named is not None:
        client = work.access.client("kms", region=named.split(":")[3])
        key = _described(client, named)
        if key is None:
            raise RefusedError(
                f"{_FIELD}: there is no {named}; name the key that the stack's secrets are encrypted with, or, where "
                "there are none yet, remove the line to have a key made"
            )
        return _checked(work, client, key)
    client = work.access.client("kms")
    key = _described(client, ALIAS)
    if key is None:
        return _made(work, client)
    arn = _checked(work, client, key)
    work.line("delivery", "stateKeyArn", arn)
    return arn


def _described(client: Any, key: str) -> dict[str, Any] | None:
    try:
        return dict(client.describe_key(KeyId=key)["KeyMetadata"])
    except ClientError as error:
        if code(error) == "NotFoundException":
            return None
        raise


def _checked(work: Work, client: Any, key: dict[str, Any]) -> str:
    arn = str(key["Arn"])
    if key["KeyState"] != "Enabled":
        raise RefusedError(f"{_FIELD}: {arn} is {key['KeyState']}; cancel its deletion or enable it")
    if key.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT" or key["KeyUsage"] != "ENCRYPT_DECRYPT":
        raise RefusedError(f"{_FIELD}: {arn} is no symmetric key to encrypt with; name one, or remove the line")
    work.found(STEP, arn)
    # KMS Developer Guide, "Rotate AWS KMS keys": only material that KMS made itself rotates by itself.
    if key.get("Origin") != "AWS_KMS":
        work.look(STEP, f"{arn} does not rotate by itself, as KMS did not make its material; rotate it on demand")
    elif not client.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]:
        work.make(STEP, f"yearly rotation of {arn}", lambda: client.enable_key_rotation(KeyId=arn))
    return arn


def _made(work: Work, client: Any) -> str | None:
    answer = work.make(
        STEP,
        "a symmetric key for secrets and bucket",
        lambda: client.create_key(
            Description="Secrets and bucket of Pulumi's state",
            KeySpec="SYMMETRIC_DEFAULT",
            KeyUsage="ENCRYPT_DECRYPT",
            Tags=tag_list(
                {
                    "Name": work.stack.resource_name("pulumi-state"),
                    **work.stack.tags,
                    # No environment's: the delivery roles take for their own what bears their environment's name.
                    "patchbay:environment": "pulumi-state",
                },
                key="TagKey",
                value="TagValue",
            ),
        ),
    )
    arn = str(answer["KeyMetadata"]["Arn"]) if answer else None
    # The alias first: by it the next run finds the key.
    work.make(STEP, f"{ALIAS} of {arn or 'it'}", lambda: client.create_alias(AliasName=ALIAS, TargetKeyId=arn))
    work.make(STEP, f"yearly rotation of {arn or 'it'}", lambda: client.enable_key_rotation(KeyId=arn))
    if arn is not None:
        work.line("delivery", "stateKeyArn", arn)
    return arn
