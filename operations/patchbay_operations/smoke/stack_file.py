"""What a smoke run has to know of `Pulumi.<stack>.yaml`: what it costs, and whether it may be destroyed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from patchbay_operations.bootstrap import stack_file as bootstrap
from patchbay_operations.stack_file import PartOfStack, StackFile


class EnvironmentNames(bootstrap.EnvironmentNames):
    """`production`: left out, it counts as such."""

    production: bool = True


class Cluster(bootstrap.Cluster):
    """`hpa_sync_seconds`: of its control plane, where that is provisioned."""

    hpa_sync_seconds: float = 15


class Copy(PartOfStack):
    """One copy of the database."""

    instance_class: str
    multi_az: bool = True


class Databases(bootstrap.Databases):
    """Defaults as in infra/patchbay_infra/databases."""

    write: Copy
    read: Copy
    deletion_protection: bool = True
    final_snapshot: str | None = "final"


class Cache(bootstrap.Cache):
    """The type of its nodes."""

    node_type: str


class Masters(PartOfStack):
    """Dedicated master nodes of the search."""

    instance_type: str
    count: int = 3


class Search(PartOfStack):
    """Data nodes, and masters where there are any."""

    instance_type: str
    instance_count: Annotated[int, Field(ge=1)] = 3
    volume_gib: Annotated[int, Field(ge=1)] = 50
    dedicated_masters: Masters | None = None


class Objects(PartOfStack):
    """Whether payloads are deleted with the environment."""

    force_destroy: bool = False


class Delivery(bootstrap.Delivery):
    """`provider_arn`: of the code host's identity provider, where the account has it already."""

    issuer: str = "https://token.actions.githubusercontent.com"
    provider_arn: str | None = None


class Watching(PartOfStack):
    """The environment's own budget."""

    monthly_budget_usd: float


class Infra(bootstrap.Infra):
    """The keys below `patchbay:infra` that matter here; the program checks the whole."""

    environment: EnvironmentNames
    clusters: Annotated[Mapping[str, Cluster], Field(min_length=1)]
    databases: Databases
    cache: Cache
    search: Search
    objects: Objects = Objects()
    delivery: Delivery
    watching: Watching


class Scaling(PartOfStack):
    """For how long pods must be too many before they go."""

    scale_down_seconds: float = 15


class Platform(PartOfStack):
    """The keys below `patchbay:platform` that matter here."""

    image_lock: Path | None = None
    scaling: Scaling = Scaling()


@dataclass(frozen=True)
class Stack:
    """`keeps_secrets`: whether the file names who encrypts the secrets in the state."""

    name: str
    file: Path
    infra: Infra
    platform: Platform
    keeps_secrets: bool

    @property
    def environment(self) -> str:
        return self.infra.environment.name

    @property
    def default_cluster(self) -> str:
        """That a name which no cluster claims leads to."""
        return self.infra.edge.default_cluster or next(iter(self.infra.clusters))


def load(path: Path) -> Stack:
    """InputError, which names each field at fault and the remedy. Examples are not looked for."""
    file = StackFile.read(path)
    keeps_secrets = any(key in file.document for key in ("encryptedkey", "encryptionsalt"))
    return Stack(file.stack, path, file.infra(Infra), file.platform(Platform), keeps_secrets)
