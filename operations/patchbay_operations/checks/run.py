"""All checks of an environment."""

from collections.abc import Iterator

from patchbay_operations.checks import (
    availability,
    backups,
    cluster_access,
    encryption,
    guards,
    network,
    pods_per_node,
    rights,
)
from patchbay_operations.checks.check import Check, Result
from patchbay_operations.checks.facts import Facts

CHECKS: tuple[Check, ...] = (
    *network.CHECKS,
    *availability.CHECKS,
    *pods_per_node.CHECKS,
    *encryption.CHECKS,
    *rights.CHECKS,
    *cluster_access.CHECKS,
    *guards.CHECKS,
    *backups.CHECKS,
)


def run(facts: Facts) -> Iterator[Result]:
    """Each check's result, as it comes."""
    for check in CHECKS:
        yield check.run(facts)
