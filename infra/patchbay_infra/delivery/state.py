"""Pulumi's state in S3, as its `s3://` backend lays it out."""

from collections.abc import Sequence
from typing import Final

from patchbay_infra.context import PRODUCT
from patchbay_infra.delivery.config import DeliveryConfig
from patchbay_infra.policy_document import Statement, allow

_ROOT: Final = ".pulumi"
# Beside the state itself: who works on it, what it was before an update, and what updates did.
_WRITTEN: Final = ("locks/organization", "backups", "history")


def state_reading(config: DeliveryConfig, environment: str) -> Sequence[Statement]:
    """A preview takes no lock and leaves nothing behind."""
    bucket = f"arn:aws:s3:::{config.state_bucket}"
    return (
        allow(["s3:ListBucket"], [bucket], {"StringLike": {"s3:prefix": [f"{_ROOT}*", ""]}}),
        allow(["s3:GetObject"], [f"{bucket}/{_ROOT}/meta.yaml", _state(bucket, environment)]),
        allow(["kms:Decrypt"], [config.state_key_arn]),
    )


def state_writing(config: DeliveryConfig, environment: str) -> Sequence[Statement]:
    bucket = f"arn:aws:s3:::{config.state_bucket}"
    kept = [f"{bucket}/{_ROOT}/{folder}/{PRODUCT}/{environment}/*" for folder in _WRITTEN]
    return (
        *state_reading(config, environment),
        allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [_state(bucket, environment), *kept]),
        allow(["kms:Encrypt", "kms:GenerateDataKey"], [config.state_key_arn]),
    )


def _state(bucket: str, environment: str) -> str:
    """The stack of the environment's name, its copy from before the last update, compressed or not."""
    return f"{bucket}/{_ROOT}/stacks/{PRODUCT}/{environment}.json*"
