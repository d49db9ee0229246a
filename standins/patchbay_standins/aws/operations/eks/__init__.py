"""EKS. moto has clusters and node groups only, the latter without anything behind them; here is the whole of it."""

from patchbay_standins.aws.operations.eks import (  # noqa: F401 # each declares its operations
    access,
    addons,
    clusters,
    node_groups,
    pod_identity,
    tags,
    updates,
)
from patchbay_standins.aws.operations.eks.service import SERVICE

__all__ = ["SERVICE"]
