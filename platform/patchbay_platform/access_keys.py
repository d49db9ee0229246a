"""The keys that the API's pods alone have: the first administrator's, and the one that secrets are sealed with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_kubernetes.core.v1 import SecretVolumeSourceArgs, VolumeArgs

_DIRECTORY: Final = "/run/secrets"
_FILE: Final = "key"


@dataclass(frozen=True)
class AccessKeys:
    """The Secrets' names, once they are there."""

    administrator: pulumi.Input[str]
    sealing: pulumi.Input[str]

    @property
    def variables(self) -> Mapping[str, str]:
        """Of the runtime's settings."""
        return {
            "PATCHBAY_ADMINISTRATOR_KEY_FILE": f"{_DIRECTORY}/administrator/{_FILE}",
            "PATCHBAY_SEALING_KEY_FILE": f"{_DIRECTORY}/sealing/{_FILE}",
        }

    @property
    def files(self) -> Mapping[str, VolumeArgs]:
        """Volumes by the directory that they are mounted at."""
        return {
            f"{_DIRECTORY}/{name}": VolumeArgs(
                name=name, secret=SecretVolumeSourceArgs(secret_name=secret, default_mode=0o440)
            )
            for name, secret in (("administrator", self.administrator), ("sealing", self.sealing))
        }
