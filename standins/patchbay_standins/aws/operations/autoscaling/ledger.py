"""What is remembered of each Auto Scaling group beside moto's object: its activities, and why and when it acts."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from moto.autoscaling.models import FakeAutoScalingGroup

from patchbay_standins.aws.state import state_of

IN_PROGRESS: Final = "InProgress"
SUCCESSFUL: Final = "Successful"
FAILED: Final = "Failed"
CANCELLED: Final = "Cancelled"
_KEPT: Final = 1000  # activities of a group; AWS keeps those of six weeks
_FIRST_WAIT: Final = timedelta(seconds=5)  # after a failed launch, doubled with each failure
_LONGEST_WAIT: Final = timedelta(seconds=60)


@dataclass
class Activity:
    """A scaling activity; `place` are the subnet and zone of its details."""

    group: str
    description: str
    cause: str
    start: datetime
    place: dict[str, str]
    identity: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = IN_PROGRESS
    message: str = ""
    end: datetime | None = None

    def finish(self, at: datetime, status: str = SUCCESSFUL, message: str = "") -> None:
        self.status, self.message, self.end = status, message, at

    def described(self) -> dict[str, Any]:
        """As the API describes it."""
        ended = {"EndTime": self.end} if self.end else {}
        told = {"StatusMessage": self.message} if self.message else {}
        return {
            "ActivityId": self.identity,
            "AutoScalingGroupName": self.group,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": self.start,
            "StatusCode": self.status,
            "Progress": 100 if self.end else 50,
            "Details": json.dumps(self.place),
            **ended,
            **told,
        }


@dataclass
class Ledger:
    """Of one group. `reason` is what a user did, for the causes of what follows from it."""

    name: str
    deleted: bool = False
    reason: str = ""
    to_replace: int = 0  # unhealthy instances that have no successor yet
    activities: list[Activity] = field(default_factory=list)  # the oldest first
    launching: dict[str, tuple[Activity, datetime]] = field(default_factory=dict)  # by instance, with when it will run
    terminating: dict[str, tuple[Activity, datetime]] = field(default_factory=dict)
    in_service_at: dict[str, datetime] = field(default_factory=dict)
    failures: int = 0
    failure: str = ""  # of the last launch
    not_before: datetime | None = None

    def begin(self, description: str, cause: str, at: datetime, place: dict[str, str]) -> Activity:
        """A new activity, in progress."""
        activity = Activity(self.name, description, cause, at, place)
        self.activities.append(activity)
        del self.activities[:-_KEPT]
        return activity

    def give_up(self, message: str, at: datetime) -> None:
        """No launch before a while."""
        self.failure = message
        self.not_before = at + min(_FIRST_WAIT * 2**self.failures, _LONGEST_WAIT)
        self.failures += 1

    def try_again(self) -> None:
        """A launch may be tried at once."""
        self.failures, self.failure, self.not_before = 0, "", None

    def may_launch(self, at: datetime) -> bool:
        return self.not_before is None or at >= self.not_before

    def forget(self, instance: str) -> None:
        for known in (self.launching, self.terminating, self.in_service_at):
            known.pop(instance, None)


@dataclass
class Ledgers:
    """Of an account and region, by the groups' ARNs: a name can be used again."""

    by_arn: dict[str, Ledger] = field(default_factory=dict)


def ledger_of(group: FakeAutoScalingGroup) -> Ledger:
    ledgers = state_of(group.account_id, group.region, Ledgers).by_arn
    return ledgers.setdefault(group.arn, Ledger(group.name))
