"""What the API's and the workers' pods share: where the data stores are, and the files with their passwords."""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_kubernetes.core.v1 import (
    EmptyDirVolumeSourceArgs,
    EnvVarArgs,
    SecretVolumeSourceArgs,
    VolumeArgs,
    VolumeMountArgs,
)

from patchbay_platform import pods
from patchbay_platform.endpoint import Endpoint
from patchbay_platform.mariadb.component import DATABASE, USER

_REDIS_PASSWORD: Final = "/run/secrets/redis"  # noqa: S105 - a directory
_MARIADB_PASSWORD: Final = "/run/secrets/mariadb"  # noqa: S105 - a directory


@dataclass(frozen=True)
class RuntimePod:
    """The runtime's image and its data stores."""

    image: str
    redis: pulumi.Output[Endpoint]
    redis_secret: pulumi.Input[str]
    mariadb: pulumi.Output[Endpoint]
    mariadb_secret: pulumi.Input[str]
    log_level: str

    def environment(self) -> list[EnvVarArgs]:
        values: dict[str, pulumi.Input[str]] = {
            "PATCHBAY_DATABASE_HOST": self.mariadb.apply(lambda endpoint: endpoint.host),
            "PATCHBAY_DATABASE_PORT": self.mariadb.apply(lambda endpoint: str(endpoint.port)),
            "PATCHBAY_DATABASE_NAME": DATABASE,
            "PATCHBAY_DATABASE_USER": USER,
            "PATCHBAY_DATABASE_PASSWORD_FILE": f"{_MARIADB_PASSWORD}/password",
            "PATCHBAY_REDIS_HOST": self.redis.apply(lambda endpoint: endpoint.host),
            "PATCHBAY_REDIS_PORT": self.redis.apply(lambda endpoint: str(endpoint.port)),
            "PATCHBAY_REDIS_PASSWORD_FILE": f"{_REDIS_PASSWORD}/password",
            "PATCHBAY_LOG_LEVEL": self.log_level,
        }
        return [EnvVarArgs(name=name, value=value) for name, value in values.items()]

    def volumes(self) -> list[VolumeArgs]:
        return [
            VolumeArgs(name="temporary", empty_dir=EmptyDirVolumeSourceArgs()),
            *(
                VolumeArgs(name=name, secret=SecretVolumeSourceArgs(secret_name=secret, default_mode=0o440))
                for name, secret in (("redis", self.redis_secret), ("mariadb", self.mariadb_secret))
            ),
        ]

    def mounts(self) -> list[VolumeMountArgs]:
        return [
            pods.mount("temporary", "/tmp"),  # noqa: S108 - a volume of the pod's own
            pods.mount("redis", _REDIS_PASSWORD, read_only=True),
            pods.mount("mariadb", _MARIADB_PASSWORD, read_only=True),
        ]
