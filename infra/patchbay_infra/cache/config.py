"""Size and safety of a cluster's cache."""

from typing import Annotated, Final, Self

from patchbay_config.model import Model
from pydantic import Field, model_validator

from patchbay_infra.retention import LogDays
from patchbay_infra.windows import DailyWindow, WeeklyWindow, overlap

_PRODUCTION_NODES: Final = 2


class CacheConfig(Model):
    """Valkey, which speaks Redis' protocol. `nodes`: the primary and its replicas, each in another zone."""

    engine_version: Annotated[str, Field(pattern=r"^(7\.2|8\.\d+)$")] = "8.0"
    node_type: Annotated[str, Field(pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$")]
    nodes: Annotated[int, Field(ge=1, le=6)] = 2
    auto_minor_upgrade: bool = True
    snapshot_days: Annotated[int, Field(ge=0, le=35)] = 1
    snapshot_window: DailyWindow = "01:00-02:00"
    maintenance_window: WeeklyWindow = "sun:03:00-sun:04:00"
    log_days: LogDays = 30

    @model_validator(mode="after")
    def _windows_apart(self) -> Self:
        if overlap(self.snapshot_window, self.maintenance_window):
            raise ValueError("`snapshotWindow` and `maintenanceWindow` overlap; move one of them")
        return self

    @property
    def replicated(self) -> bool:
        """Whether there is a replica to fail over to."""
        return self.nodes > 1

    @property
    def family(self) -> str:
        """Of the parameter group, such as valkey8."""
        return f"valkey{self.engine_version.split('.', maxsplit=1)[0]}"

    def faults(self, *, production: bool) -> list[tuple[str, str]]:
        """What is too weak for the environment: field and remedy."""
        if production and self.nodes < _PRODUCTION_NODES:
            return [("nodes", "production fails over to a replica; set 2 or more")]
        return []
