"""Brings a group to what it shall be: states by the clock, failed instances out, then as many as are desired.

Words of activities and causes are AWS's.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState, autoscaling_backends

from patchbay_standins.aws.operations.autoscaling import target_groups
from patchbay_standins.aws.operations.autoscaling.launch import LaunchError, Place, launch, places
from patchbay_standins.aws.operations.autoscaling.ledger import (
    CANCELLED,
    FAILED,
    Activity,
    Ledger,
    Ledgers,
    ledger_of,
)
from patchbay_standins.aws.operations.autoscaling.service import SERVICE, sizes_of
from patchbay_standins.aws.operations.ec2 import instance_life
from patchbay_standins.aws.state import state_of

PENDING: Final = "Pending"
IN_SERVICE: Final = "InService"
TERMINATING: Final = "Terminating"
_LIVE: Final = frozenset({PENDING, IN_SERVICE})
_STARTED: Final = frozenset({instance_life.PENDING, instance_life.RUNNING})


@SERVICE.clock
def advance(account: str) -> bool:
    """Brings all groups to the present; what was deleted ends its last activities."""
    changed = instance_life.advance(account)
    for region, backend in autoscaling_backends[account].items():
        for group in list(backend.autoscaling_groups.values()):
            changed |= settle(group)
        for ledger in state_of(account, region, Ledgers).by_arn.values():
            if ledger.deleted:
                changed |= _finish(ledger.terminating, instance_life.now())
    return changed


def settle(group: FakeAutoScalingGroup) -> bool:
    """Whether anything has changed."""
    ledger, at = ledger_of(group), instance_life.now()
    changed = _observe(group, ledger, at)
    changed |= _take_out_failed(group, ledger, at)
    changed |= _shrink(group, ledger)
    changed |= _grow(group, ledger)
    if len(live(group)) == sizes_of(group).desired:
        ledger.reason, ledger.to_replace = "", 0
    return changed


def live(group: FakeAutoScalingGroup) -> list[InstanceState]:
    """The instances that count for the desired capacity."""
    return [member for member in group.instance_states if member.lifecycle_state in _LIVE]


def want(group: FakeAutoScalingGroup, desired: int, reason: str) -> None:
    """Sets the desired capacity; `reason` tells who asked for it: "a user request ..."."""
    ledger = ledger_of(group)
    before = getattr(group, "desired_capacity", None) or 0
    ledger.reason = (
        f"At {told(instance_life.now())} {reason} changing the desired capacity from {before} to {desired}.  "
    )
    ledger.try_again()
    group.desired_capacity = desired
    settle(group)


def take_out(group: FakeAutoScalingGroup, member: InstanceState, cause: str) -> Activity:
    """Ends an instance of the group; another takes its place where more are desired."""
    ledger, at = ledger_of(group), instance_life.now()
    instance = member.instance
    if instance.id in ledger.launching:
        ledger.launching.pop(instance.id)[0].finish(at, CANCELLED)
    member.lifecycle_state = TERMINATING
    target_groups.deregister(group, instance.id)
    activity = ledger.begin(
        f"Terminating EC2 instance: {instance.id}",
        cause,
        at,
        Place(str(member.availability_zone), instance.subnet_id).details,
    )
    instance.terminate()
    ledger.forget(instance.id)
    ledger.terminating[instance.id] = (activity, instance_life.terminated_at(instance) or at)
    _leave(group, ledger, at)
    return activity


def told(at: datetime) -> str:
    """A time as causes tell it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _observe(group: FakeAutoScalingGroup, ledger: Ledger, at: datetime) -> bool:
    """Instances that have come up are in service, those that are terminated have left."""
    up = [
        member
        for member in group.instance_states
        if member.lifecycle_state == PENDING and member.instance.state == instance_life.RUNNING
    ]
    for member in up:
        member.lifecycle_state = IN_SERVICE
        activity, due = ledger.launching.pop(member.instance.id)
        activity.finish(due)
        ledger.in_service_at[member.instance.id] = due
    if up:
        target_groups.register(group)
    return _leave(group, ledger, at) or bool(up)


def _leave(group: FakeAutoScalingGroup, ledger: Ledger, at: datetime) -> bool:
    left = _finish(ledger.terminating, at)
    if left:
        group.instance_states = [
            member
            for member in group.instance_states
            if member.lifecycle_state != TERMINATING or member.instance.id in ledger.terminating
        ]
    return left


def _finish(activities: dict[str, tuple[Activity, datetime]], at: datetime) -> bool:
    """Ends the activities that are due."""
    due = [name for name, (_, end) in activities.items() if end <= at]
    for name in due:
        activity, end = activities.pop(name)
        activity.finish(end)
    return bool(due)


def _take_out_failed(group: FakeAutoScalingGroup, ledger: Ledger, at: datetime) -> bool:
    if _is_suspended(group, "HealthCheck", "ReplaceUnhealthy", "Terminate"):
        return False
    grace = timedelta(seconds=group.health_check_grace_period or 0)
    failed = 0
    for member in live(group):
        if member.instance.state not in _STARTED:
            found = "an EC2 health check indicating it has been terminated or stopped"
        elif (
            member.health_status == "Unhealthy"
            and ledger.in_service_at.get(member.instance.id, at - grace) + grace <= at
        ):
            found = "a user health-check"
        else:
            continue
        take_out(group, member, f"At {told(at)} an instance was taken out of service in response to {found}.")
        failed += 1
    ledger.to_replace += failed
    return failed > 0


def _shrink(group: FakeAutoScalingGroup, ledger: Ledger) -> bool:
    if _is_suspended(group, "Terminate"):
        return False
    at = instance_life.now()
    before, desired = len(live(group)), sizes_of(group).desired
    for size in range(before, desired, -1):
        member = _superfluous(group)
        if member is None:
            return size < before
        cause = (
            f"{ledger.reason}At {told(at)} an instance was taken out of service in response to a difference between"
            f" desired and actual capacity, shrinking the capacity from {size} to {size - 1}."
            f"  At {told(at)} instance {member.instance.id} was selected for termination."
        )
        take_out(group, member, cause)
    return before > desired


def _superfluous(group: FakeAutoScalingGroup) -> InstanceState | None:
    """The one to go: pending before in service, from the zone with the most, and the oldest; none where all are
    protected."""
    members = live(group)
    in_zone = Counter(member.availability_zone for member in members)
    candidates = [member for member in members if not member.protected_from_scale_in]
    return min(
        candidates,
        key=lambda member: (
            member.lifecycle_state != PENDING,
            -in_zone[member.availability_zone],
            member.instance.launch_time,
        ),
        default=None,
    )


def _grow(group: FakeAutoScalingGroup, ledger: Ledger) -> bool:
    at = instance_life.now()  # later than what it replaces was taken out
    changed, desired = False, sizes_of(group).desired
    short: set[Place] = set()  # tell of each once
    while len(live(group)) < desired and ledger.may_launch(at) and not _is_suspended(group, "Launch"):
        changed = True
        cause = _cause_of_launch(group, ledger, at)
        open_places = [place for place in places(group, live(group)) if place not in short]
        if not open_places:
            ledger.give_up(ledger.failure or "The group has no subnet to launch in.", at)
            break
        place = open_places[0]
        try:
            member = launch(group, place, live(group))
        except LaunchError as error:
            short.add(place)
            ledger.failure = str(error)
            description = f"Launching a new EC2 instance.  Status Reason: {error}"
            ledger.begin(description, cause, at, place.details).finish(at, FAILED, str(error))
            continue
        instance = member.instance
        group.instance_states.append(member)
        activity = ledger.begin(f"Launching a new EC2 instance: {instance.id}", cause, at, place.details)
        ledger.launching[instance.id] = (activity, instance_life.boot(instance))
        ledger.to_replace = max(0, ledger.to_replace - 1)
    if len(live(group)) >= desired:
        ledger.try_again()
    _observe(group, ledger, at)
    return changed


def _cause_of_launch(group: FakeAutoScalingGroup, ledger: Ledger, at: datetime) -> str:
    if ledger.to_replace and not ledger.reason:
        return f"At {told(at)} an instance was launched in response to an unhealthy instance needing to be replaced."
    size = len(live(group))
    return (
        f"{ledger.reason}At {told(at)} an instance was started in response to a difference between desired and actual"
        f" capacity, increasing the capacity from {size} to {size + 1}."
    )


def _is_suspended(group: FakeAutoScalingGroup, *processes: str) -> bool:
    return any(process["ProcessName"] in processes for process in group.suspended_processes)


def _set_desired_capacity(group: FakeAutoScalingGroup, new_capacity: int | None) -> None:
    """As moto's own operations set it."""
    is_new = not hasattr(group, "desired_capacity")
    reason = (
        "a user request created an AutoScalingGroup"
        if is_new
        else "a user request explicitly set group desired capacity"
    )
    want(group, int(group.min_size or 0) if new_capacity is None else int(new_capacity), reason)


FakeAutoScalingGroup.set_desired_capacity = _set_desired_capacity  # type: ignore[assignment,method-assign]
