"""Who watches over the account: this stack, or the landing zone that the account was made by."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Self

from patchbay_config.model import Model
from pydantic import Field, model_validator

_MADE: Final = "made"
_FORMS: Final = "write `made`, or `{givenBy: ...}` with who gives it"
# Long enough to find out what happened before anybody noticed.
_PRODUCTION_LOCKED_DAYS: Final = 90


class Guard(Model):
    """In a stack's config either the word `made`, or `{givenBy: "who gives it"}`.

    An account has one of most guards in each region, and AWS refuses a second: of the stacks that share an account, one
    says `made`, and the others that it is given, by that stack.
    """

    made: bool = False
    given_by: Annotated[str, Field(min_length=3, max_length=120)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_of_two_forms(cls, value: Any) -> Any:
        if value == _MADE:
            return {"made": True}
        if isinstance(value, Guard) or (isinstance(value, Mapping) and "made" not in value):
            return value
        raise ValueError(_FORMS)

    @model_validator(mode="after")
    def _not_neither(self) -> Self:
        if not self.made and self.given_by is None:
            raise ValueError(_FORMS)
        return self


class AuditingConfig(Model):
    """A guard that is left out is neither made nor looked for; production names each.

    `trail_days`: how long a trail that is made here is kept. `trail_locked_days`: how long nobody deletes any of it.
    """

    cloud_trail: Guard | None = None
    guard_duty: Guard | None = None
    security_hub: Guard | None = None
    aws_config: Guard | None = None
    trail_days: Annotated[int, Field(ge=90, le=400)] = 400
    trail_locked_days: Annotated[int, Field(ge=1, le=400)] = 90

    @model_validator(mode="after")
    def _guards_that_need_each_other(self) -> Self:
        if self.trail_locked_days > self.trail_days:
            raise ValueError("`trailLockedDays` is more than `trailDays`; raise the latter")
        if makes(self.security_hub) and self.aws_config is None:
            raise ValueError("`securityHub` judges what AWS Config records; name `awsConfig` as well")
        return self

    def faults(self, *, production: bool) -> Iterator[tuple[str, str]]:
        """What is too weak for the environment: field and remedy."""
        if not production:
            return
        guards = {
            "cloudTrail": self.cloud_trail,
            "guardDuty": self.guard_duty,
            "securityHub": self.security_hub,
            "awsConfig": self.aws_config,
        }
        for field, guard in guards.items():
            if guard is None:
                yield field, f"nobody says who watches production's account; {_FORMS}"
        if makes(self.cloud_trail) and self.trail_locked_days < _PRODUCTION_LOCKED_DAYS:
            yield "trailLockedDays", f"set {_PRODUCTION_LOCKED_DAYS} or more in production"


def makes(guard: Guard | None) -> bool:
    """Whether this stack makes it."""
    return guard is not None and guard.made
