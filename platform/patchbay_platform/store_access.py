"""How the runtime's pods get into a data store: where it is, and what they show there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi
from pulumi_kubernetes.core.v1 import SecretVolumeSourceArgs, VolumeArgs

from patchbay_platform.data_services import ManagedRedis
from patchbay_platform.endpoint import Endpoint
from patchbay_platform.mariadb.component import DATABASE, USER

_REDIS_PASSWORD: Final = "/run/secrets/redis"  # noqa: S105 - a directory
_MARIADB_PASSWORD: Final = "/run/secrets/mariadb"  # noqa: S105 - a directory


@dataclass(frozen=True)
class StoreAccess:
    """`variables`: of the runtime's settings. `files`: volumes by the directory that they are mounted at.

    `annotations`: of the pods, which they are rolled by. `queue`: it holds the queue.
    """

    variables: Mapping[str, pulumi.Input[str]]
    files: Mapping[str, VolumeArgs] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    queue: bool = False


def own_redis(endpoint: pulumi.Output[Endpoint], secret: pulumi.Input[str]) -> StoreAccess:
    """The Redis in the cluster. `secret`: holds its password."""
    return StoreAccess(
        {
            "PATCHBAY_REDIS_HOST": endpoint.apply(lambda found: found.host),
            "PATCHBAY_REDIS_PORT": endpoint.apply(lambda found: str(found.port)),
            "PATCHBAY_REDIS_PASSWORD_FILE": f"{_REDIS_PASSWORD}/password",
        },
        {_REDIS_PASSWORD: _secret("redis", secret)},
        queue=True,
    )


def own_mariadb(endpoint: pulumi.Output[Endpoint], secret: pulumi.Input[str]) -> StoreAccess:
    """The MariaDB in the cluster. `secret`: holds the password of the runtime's account."""
    return StoreAccess(
        {
            "PATCHBAY_DATABASE_HOST": endpoint.apply(lambda found: found.host),
            "PATCHBAY_DATABASE_PORT": endpoint.apply(lambda found: str(found.port)),
            "PATCHBAY_DATABASE_NAME": DATABASE,
            "PATCHBAY_DATABASE_USER": USER,
            "PATCHBAY_DATABASE_PASSWORD_FILE": f"{_MARIADB_PASSWORD}/password",
        },
        {_MARIADB_PASSWORD: _secret("mariadb", secret)},
    )


def managed_redis(redis: ManagedRedis, region: str) -> StoreAccess:
    """A cache of the cloud: over TLS, by the pod's identity. The public authorities vouch for it."""
    return StoreAccess(
        {
            "PATCHBAY_AWS_REGION": region,
            "PATCHBAY_REDIS_HOST": redis.address,
            "PATCHBAY_REDIS_PORT": pulumi.Output.from_input(redis.port).apply(str),
            "PATCHBAY_REDIS_TLS": "true",
            "PATCHBAY_REDIS_USER": redis.user_name,
            "PATCHBAY_REDIS_IAM_CACHE": redis.cache_name,
        },
        queue=True,
    )


def _secret(name: str, secret: pulumi.Input[str]) -> VolumeArgs:
    return VolumeArgs(name=name, secret=SecretVolumeSourceArgs(secret_name=secret, default_mode=0o440))
