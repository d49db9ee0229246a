"""How long payloads are kept, and how safely."""

from typing import Annotated

from patchbay_config.model import Model
from pydantic import Field


class ObjectsConfig(Model):
    """`expire_days`: after which a payload is deleted; `noncurrent_days`: after which what it replaced is gone too.

    `force_destroy`: whether destroying the environment deletes payloads; otherwise a bucket that holds any is refused.
    """

    expire_days: Annotated[int, Field(ge=1, le=3650)] = 30
    noncurrent_days: Annotated[int, Field(ge=1, le=3650)] = 7
    access_log_days: Annotated[int, Field(ge=1, le=3650)] = 90
    force_destroy: bool = False

    def faults(self, *, production: bool) -> list[tuple[str, str]]:
        """What is too weak for the environment: field and remedy."""
        if production and self.force_destroy:
            return [("forceDestroy", "production never deletes payloads that way; set it to false")]
        return []
