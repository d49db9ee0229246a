"""Size and safety of the environment's search."""

import re
from typing import Annotated, Final, Literal, Self

from patchbay_config.model import Model
from pydantic import Field, field_validator, model_validator

from patchbay_infra.retention import LogDays

InstanceType = Annotated[str, Field(pattern=r"^[a-z0-9]+\.[a-z0-9]+\.search$")]
# Account and the first letters of the path or name are fixed; what follows may be a pattern.
_ROLE: Final = re.compile(r"arn:aws:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]+\*?")


class DedicatedMastersConfig(Model):
    """Nodes that hold the cluster's state and no data. Three: a quorum that survives the loss of one."""

    instance_type: InstanceType
    count: Literal[3, 5] = 3


class SearchConfig(Model):
    """OpenSearch. `instance_count`: data nodes, spread evenly over `zone_count` zones.

    `admin_role_arns`: who may take the domain's master role; a name may end with `*`, as roles of AWS' sign-in do.
    `quiet_hour`: of the day, in UTC, from which AWS may update the domain.
    """

    engine_version: Annotated[str, Field(pattern=r"^OpenSearch_[23]\.\d+$")] = "OpenSearch_2.19"
    instance_type: InstanceType
    instance_count: Annotated[int, Field(ge=1, le=80)] = 3
    zone_count: Literal[1, 2, 3] = 3
    dedicated_masters: DedicatedMastersConfig | None = None
    volume_gib: Annotated[int, Field(ge=10, le=16384)] = 50
    admin_role_arns: Annotated[tuple[str, ...], Field(min_length=1)]
    quiet_hour: Annotated[int, Field(ge=0, le=23)] = 1
    log_days: LogDays = 30

    @field_validator("admin_role_arns")
    @classmethod
    def _roles(cls, arns: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ROLE.fullmatch(arn) for arn in arns):
            raise ValueError("holds what is no role's ARN or not narrow; write arn:aws:iam::<account>:role/<name>")
        return arns

    @model_validator(mode="after")
    def _evenly_spread(self) -> Self:
        if self.instance_count % self.zone_count:
            raise ValueError("`instanceCount` is no multiple of `zoneCount`; change one, so that zones are equal")
        return self

    def faults(self, *, production: bool) -> list[tuple[str, str]]:
        """What is too weak for the environment: field and remedy."""
        found = []
        if production and self.zone_count == 1:
            found.append(("zoneCount", "production survives the loss of a zone; set 2 or 3"))
        if production and self.dedicated_masters is None:
            found.append(("dedicatedMasters", "production keeps a quorum apart from the data; set `instanceType`"))
        return found
