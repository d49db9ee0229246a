"""How many more instances AWS has, where a test or a fault has limited it."""

from dataclasses import dataclass, field

from moto.autoscaling.models import autoscaling_backends

from patchbay_standins.aws.conditions import CAPACITY_PATH, Capacity
from patchbay_standins.aws.operations.autoscaling.ledger import ledger_of
from patchbay_standins.aws.operations.autoscaling.service import SERVICE
from patchbay_standins.aws.state import ALL_REGIONS, state_of


@dataclass
class _Held:
    capacity: Capacity = field(default_factory=Capacity)


def is_there(account: str, zone: str, instance_type: str) -> bool:
    """Whether one more instance can be had."""
    limits = state_of(account, ALL_REGIONS, _Held).capacity.limits
    return all(limit.more > 0 for limit in limits if limit.covers(zone, instance_type))


def take(account: str, zone: str, instance_type: str) -> None:
    """One instance less can be had."""
    held = state_of(account, ALL_REGIONS, _Held)
    held.capacity = Capacity(
        limits=tuple(
            limit.model_copy(update={"more": max(0, limit.more - 1)}) if limit.covers(zone, instance_type) else limit
            for limit in held.capacity.limits
        )
    )


@SERVICE.control(CAPACITY_PATH)
def capacity(account: str, put: bytes | None) -> str:
    held = state_of(account, ALL_REGIONS, _Held)
    if put is not None:
        held.capacity = Capacity.model_validate_json(put)
        for backend in autoscaling_backends[account].values():
            for group in backend.autoscaling_groups.values():
                ledger_of(group).try_again()
    return held.capacity.model_dump_json(by_alias=True, exclude_none=True)
