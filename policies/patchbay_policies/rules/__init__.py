"""Every rule, grouped by subject."""

from typing import Final

from patchbay_policies.model import ResourceRule, StackRule
from patchbay_policies.rules import (
    accounts,
    backups,
    buckets,
    cluster,
    data,
    edge,
    encryption,
    grants,
    guards,
    identity,
    kubernetes,
    network,
    pods,
    production,
    public,
    reach,
    retention,
    tags,
    trust,
)

SUBJECTS: Final[dict[str, tuple[ResourceRule | StackRule, ...]]] = {
    "Environment, providers and tags": (*production.RULES, *tags.RULES),
    "Network": network.RULES,
    "Reach": reach.RULES,
    "Identity": (*trust.RULES, *grants.RULES, *public.RULES, *accounts.RULES, *identity.RULES),
    "Encryption": encryption.RULES,
    "Data": data.RULES,
    "Backups": backups.RULES,
    "Buckets": buckets.RULES,
    "Retention": retention.RULES,
    "Guards of the account": guards.RULES,
    "Cluster and images": cluster.RULES,
    "Edge": edge.RULES,
    "Pods": pods.RULES,
    "In the cluster": kubernetes.RULES,
}

ALL: Final = tuple(rule for rules in SUBJECTS.values() for rule in rules)
