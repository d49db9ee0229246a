"""How tenants' secrets are recovered."""

from typing import Annotated

from patchbay_config.model import Model
from pydantic import Field


class SecretsConfig(Model):
    """`recovery_days`: for which AWS keeps a deleted secret."""

    recovery_days: Annotated[int, Field(ge=7, le=30)] = 30
