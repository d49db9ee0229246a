"""How tenants' secrets are rotated and recovered."""

from typing import Annotated

from patchbay_config.model import Model
from pydantic import Field


class SecretsConfig(Model):
    """`rotation_lambda_arn`: of the function that changes a tenant's credentials; without one nothing rotates them.

    `recovery_days`: for which AWS keeps a deleted secret.
    """

    rotation_lambda_arn: (
        Annotated[str, Field(pattern=r"^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9-_]+$")] | None
    ) = None
    rotation_days: Annotated[int, Field(ge=1, le=365)] = 30
    recovery_days: Annotated[int, Field(ge=7, le=30)] = 30
