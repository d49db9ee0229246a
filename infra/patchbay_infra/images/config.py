"""The registry's configuration."""

from typing import Annotated, Literal

from patchbay_config.model import Model
from pydantic import Field, field_validator

ImageName = Annotated[str, Field(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=64)]


class ImagesConfig(Model):
    """`names`: images that the platform deploys. Any that no tag names is dropped after `untagged_days`; of the others,
    the last `kept` stay: production rolls back to them.

    `registry_scanning`: what the registry scans for, which is one setting for the account's whole region: `enhanced`
    also finds what becomes known after a push; `none` leaves it to another environment of the same account.
    """

    names: Annotated[tuple[ImageName, ...], Field(min_length=1)] = (
        "runtime",
        "redis",
        "mariadb",
        "prometheus",
        "haproxy",
        "json-exporter",
        "keda",
        "keda-metrics-adapter",
        "cluster-autoscaler",
        "pause",
    )
    untagged_days: Annotated[int, Field(ge=1, le=365)] = 7
    kept: Annotated[int, Field(ge=5, le=1000)] = 50
    registry_scanning: Literal["basic", "enhanced", "none"] = "basic"

    @field_validator("names")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)} stands twice; remove one")
        return names
