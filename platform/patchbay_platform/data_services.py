"""The data services that an environment's AWS offers to a cluster, in place of pods."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class ManagedRedis:
    """An ElastiCache replication group that is entered over TLS, by the pod's identity, as `user_name`.

    `cache_name`: the id of the replication group, which tokens are made out to.
    """

    address: pulumi.Input[str]
    port: pulumi.Input[int]
    user_name: pulumi.Input[str]
    cache_name: pulumi.Input[str]


@dataclass(frozen=True)
class ManagedDatabase:
    """An RDS MariaDB that is entered over TLS, by the pod's identity.

    `address`: the writer's own endpoint. `instance`: its identifier in RDS, `administrator` its master user.
    `account`: names this platform's control schema, and the account that works on it: `patchbay_<cluster>`, so that
    clusters can share the server.
    """

    address: pulumi.Input[str]
    port: pulumi.Input[int]
    instance: pulumi.Input[str]
    administrator: str
    account: str


@dataclass(frozen=True)
class DataServices:
    """`networks`: of the subnets that they answer from, such as 10.0.192.0/22. `None`: a pod of the cluster does it."""

    region: str
    networks: tuple[str, ...]
    redis: ManagedRedis | None = None
    database: ManagedDatabase | None = None
