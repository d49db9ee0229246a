"""What every component of an environment shares: where it is, how it is named, how it is tagged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

PRODUCT: Final = "patchbay"


@dataclass(frozen=True)
class Context:
    """One environment in one region of one account. `zones`: names of availability zones, such as eu-central-1a.

    `production`: whether the environment is held to the strict defaults (multi-AZ, deletion protection).
    `owner` and `cost_center` end up in the tags that bills are split by.
    """

    environment: str
    region: str
    account_id: str
    zones: tuple[str, ...]
    production: bool
    owner: str
    cost_center: str
    common_tags: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        tags = {
            "patchbay:environment": self.environment,
            "patchbay:owner": self.owner,
            "patchbay:cost-center": self.cost_center,
            "patchbay:managed-by": "pulumi",
        }
        object.__setattr__(self, "common_tags", tags)

    def name(self, *parts: str) -> str:
        """The name in AWS: product, environment and what it is, so that accounts may be shared and logs read."""
        return "-".join((PRODUCT, self.environment, *parts))

    def tags(self, *parts: str, **more: str) -> dict[str, str]:
        """Every tag that the policies ask for. `Name` is unique per type: a killed update is recovered by it."""
        return {"Name": self.name(*parts), **self.common_tags, **more}

    def arn(self, service: str, resource: str, *, region: bool = True) -> str:
        """An ARN in this account; `region=False` for global services such as IAM."""
        return f"arn:aws:{service}:{self.region if region else ''}:{self.account_id}:{resource}"
