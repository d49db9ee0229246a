"""The emulated account's conditions: what a test or a fault changes on purpose, which no AWS API has.

Served beside the AWS API to requests that carry no signature (a signed one is S3's: `patchbay` may be a bucket).
GET answers what is in force, PUT replaces it as a whole and answers the same; a body that is wrong is answered
with 400 and `{"error": ...}`, and changes nothing.

`/patchbay/capacity`: how many more instances Auto Scaling can have. Each limit is of a zone, of an instance type, of
both or of all instances; a launch needs room in every limit that it falls under, and takes one of each. An instance
that ends gives none back. `{"limits": []}` is AWS as it should be.

    {"limits": [{"zone": "eu-central-1a", "instanceType": "c7a.medium", "more": 0},
                {"zone": "eu-central-1b", "more": 2}]}

`/patchbay/instance-times`: seconds that an instance of an Auto Scaling group is `pending`, that any instance is
`shutting-down`, and that a `terminated` one stays listed. They count for instances that start or end from then on.

    {"bootSeconds": 45, "shutdownSeconds": 20, "listedSeconds": 3600}
"""

import json
import urllib.error
import urllib.request
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

CAPACITY_PATH: Final = "/patchbay/capacity"
INSTANCE_TIMES_PATH: Final = "/patchbay/instance-times"
_TIMEOUT_SECONDS: Final = 30.0


class _Condition(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Limit(_Condition):
    """How many `more` instances there are of a zone and type; None is any."""

    zone: str | None = None
    instance_type: str | None = None
    more: int = Field(ge=0)

    def covers(self, zone: str, instance_type: str) -> bool:
        """Whether an instance of this type in this zone falls under the limit."""
        return self.zone in {None, zone} and self.instance_type in {None, instance_type}


class Capacity(_Condition):
    """All limits; none by default."""

    limits: tuple[Limit, ...] = ()


class InstanceTimes(_Condition):
    """Seconds of an instance's states.

    By default instances start and end at once: an account is at rest when a call is answered. AWS lists a terminated
    instance for about an hour.
    """

    boot_seconds: float = Field(default=0.0, ge=0.0, le=3600.0)
    shutdown_seconds: float = Field(default=0.0, ge=0.0, le=3600.0)
    listed_seconds: float = Field(default=3600.0, ge=0.0)


C = TypeVar("C", bound=_Condition)


class Conditions:
    """The conditions of the emulator at a URL. Each call raises ConditionError where it does not answer or refuses."""

    def __init__(self, url: str) -> None:
        self._url = url

    def capacity(self) -> Capacity:
        """What is left of each limit."""
        return self._exchange(CAPACITY_PATH, Capacity)

    def set_capacity(self, *limits: Limit) -> None:
        """Replaces all limits; launches that failed are tried again at once."""
        self._exchange(CAPACITY_PATH, Capacity, Capacity(limits=limits))

    def instance_times(self) -> InstanceTimes:
        return self._exchange(INSTANCE_TIMES_PATH, InstanceTimes)

    def set_instance_times(self, times: InstanceTimes) -> None:
        self._exchange(INSTANCE_TIMES_PATH, InstanceTimes, times)

    def _exchange(self, path: str, kind: type[C], wanted: C | None = None) -> C:
        body = None if wanted is None else wanted.model_dump_json(by_alias=True).encode()
        request = urllib.request.Request(  # noqa: S310 # the emulator's own address
            self._url + path, data=body, method="GET" if body is None else "PUT"
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                return kind.model_validate_json(answer.read())
        except urllib.error.HTTPError as error:
            raise ConditionError(f"{path}: {_reason(error.read())}") from error
        except OSError as error:
            raise ConditionError(f"the emulated AWS does not answer at {self._url}: {error}") from error


class ConditionError(Exception):
    """A condition that was not set or read."""


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")
