"""Every rule, grouped by subject."""

from typing import Final

from patchbay_policies.model import ResourceRule, StackRule
from patchbay_policies.rules import (
    buckets,
    cluster,
    data,
    edge,
    encryption,
    identity,
    kubernetes,
    network,
    pods,
    reach,
    retention,
    tags,
)

SUBJECTS: Final[dict[str, tuple[ResourceRule | StackRule, ...]]] = {
    "Providers and tags": tags.RULES,
    "Network": network.RULES,
    "Reach": reach.RULES,
    "Identity": identity.RULES,
    "Encryption": encryption.RULES,
    "Data": data.RULES,
    "Buckets": buckets.RULES,
    "Retention": retention.RULES,
    "Cluster and images": cluster.RULES,
    "Edge": edge.RULES,
    "Pods": pods.RULES,
    "In the cluster": kubernetes.RULES,
}

ALL: Final = tuple(rule for rules in SUBJECTS.values() for rule in rules)
