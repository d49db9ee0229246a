"""The states of instances over time: `pending` to `running`, `shutting-down` to `terminated`, at last not listed."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instances import Instance, InstanceState

from patchbay_standins.aws.conditions import INSTANCE_TIMES_PATH, InstanceTimes
from patchbay_standins.aws.operations.ec2.service import SERVICE
from patchbay_standins.aws.state import ALL_REGIONS, state_of

PENDING: Final = "pending"
RUNNING: Final = "running"
TERMINATED: Final = "terminated"
_CODES: Final = {PENDING: 0, RUNNING: 16, "shutting-down": 32, TERMINATED: 48}
_ENDING_CODES: Final = frozenset({32, 48})
_terminate_by_moto: Final[Callable[[Instance], InstanceState]] = Instance.terminate


@dataclass
class _Times:
    """What was put in force for the whole account."""

    in_force: InstanceTimes = field(default_factory=InstanceTimes)


@dataclass
class Lives:
    """When the next state begins, by instance id."""

    running_at: dict[str, datetime] = field(default_factory=dict)
    terminated_at: dict[str, datetime] = field(default_factory=dict)
    forgotten_at: dict[str, datetime] = field(default_factory=dict)


def boot(instance: Instance) -> datetime:
    """Lets an instance that has just been made be pending for the boot seconds; returns when it will run."""
    seconds = _times(_account(instance)).boot_seconds
    due = now() + timedelta(seconds=seconds)
    if seconds:
        _set(instance, PENDING)
        _lives(instance).running_at[instance.id] = due
    return due


def terminated_at(instance: Instance) -> datetime | None:
    """When an instance that is shutting down will be terminated."""
    return _lives(instance).terminated_at.get(instance.id)


def now() -> datetime:
    return datetime.now(UTC)


def advance(account: str) -> bool:
    """Brings all instances to the present; whether anything has changed. Called before groups look at them."""
    changed = False
    for region, backend in ec2_backends[account].items():
        lives = state_of(account, region, Lives)
        if lives.running_at or lives.terminated_at or lives.forgotten_at:
            changed |= _advance(backend, lives, now())
    return changed


def _advance(backend: EC2Backend, lives: Lives, at: datetime) -> bool:
    running = _due(lives.running_at, at)
    terminated = _due(lives.terminated_at, at)
    forgotten = _due(lives.forgotten_at, at)
    if not (running or terminated or forgotten):
        return False
    found = {instance.id: instance for instance in backend.all_instances()}
    for name in running:
        if name in found:
            _set(found[name], RUNNING)
    for name in terminated:
        if name in found:
            _set(found[name], TERMINATED)
    for reservation in list(backend.reservations.values()):
        reservation.instances = [instance for instance in reservation.instances if instance.id not in forgotten]
        if not reservation.instances:
            del backend.reservations[reservation.id]
    for name in forgotten:
        backend.tags.pop(name, None)
    return True


def _due(times: dict[str, datetime], at: datetime) -> set[str]:
    """Takes out what is due."""
    names = {name for name, time in times.items() if time <= at}
    for name in names:
        del times[name]
    return names


def _terminate(instance: Instance) -> InstanceState:
    """Everything of the instance is given back at once; its state takes its time."""
    if instance.state_code in _ENDING_CODES:
        return copy.copy(instance.instance_state)
    previous = _terminate_by_moto(instance)
    # Moto gives the addresses back with the network interfaces, and would again, when others have them.
    instance._private_ips.clear()
    times, lives, at = _times(_account(instance)), _lives(instance), now()
    ended = at + timedelta(seconds=times.shutdown_seconds)
    lives.running_at.pop(instance.id, None)
    if times.shutdown_seconds:
        _set(instance, "shutting-down")
        lives.terminated_at[instance.id] = ended
    lives.forgotten_at[instance.id] = ended + timedelta(seconds=times.listed_seconds)
    return previous


Instance.terminate = _terminate  # type: ignore[assignment,method-assign]


@SERVICE.control(INSTANCE_TIMES_PATH)
def instance_times(account: str, put: bytes | None) -> str:
    held = state_of(account, ALL_REGIONS, _Times)
    if put is not None:
        held.in_force = InstanceTimes.model_validate_json(put)
    return held.in_force.model_dump_json(by_alias=True)


def _set(instance: Instance, state: str) -> None:
    instance._state = InstanceState(state, _CODES[state])


def _times(account: str) -> InstanceTimes:
    return state_of(account, ALL_REGIONS, _Times).in_force


def _lives(instance: Instance) -> Lives:
    return state_of(_account(instance), str(instance.ec2_backend.region_name), Lives)


def _account(instance: Instance) -> str:
    return str(instance.ec2_backend.account_id)
