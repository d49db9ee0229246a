"""Auto Scaling groups that do what AWS's do: balance zones, take their time, replace, fail and tell of it.

Groups, their tags and policies are moto's objects; how many instances a group has, where, and in which state is decided
here. What time changes is computed from the clock before each call that the emulator serves, so nothing runs between
calls. `patchbay_standins.aws.conditions` tells how capacity is made short and starting slow.

Not emulated: weighted capacity (refused), lifecycle hooks, warm pools, rebalancing of zones after a shortage.
"""

from patchbay_standins.aws.operations.autoscaling import (  # noqa: F401 # each declares its operations
    activities,
    capacity,
    groups,
    instances,
    tags,
    target_groups,
)
from patchbay_standins.aws.operations.autoscaling.service import SERVICE

__all__ = ["SERVICE"]
