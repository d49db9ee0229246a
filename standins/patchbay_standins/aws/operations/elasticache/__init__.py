"""ElastiCache: everything about replication groups, and the users, groups and clusters around them.

moto's replication groups lose most of what they are given, cannot be changed or deleted, and have neither parameter
groups nor user groups; hence none of its objects is used.
"""

from patchbay_standins.aws.operations.elasticache import (
    clusters,
    parameter_groups,
    replication_groups,
    subnet_groups,
    tags,
    user_groups,
    users,
)
from patchbay_standins.aws.operations.elasticache.store import SERVICE

__all__ = [
    "SERVICE",
    "clusters",
    "parameter_groups",
    "replication_groups",
    "subnet_groups",
    "tags",
    "user_groups",
    "users",
]
