"""Sizes, windows and safety of the two copies of the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from patchbay_config.model import Model
from pydantic import Field, field_validator, model_validator

from patchbay_infra.retention import LogDays
from patchbay_infra.windows import DailyWindow, WeeklyWindow, overlap

EngineVersion = Annotated[str, Field(pattern=r"^(10\.11|11\.4|11\.8)(\.\d+)?$")]
InstanceClass = Annotated[str, Field(pattern=r"^db\.[a-z0-9-]+\.[a-z0-9]+$")]


def is_older(version: str, other: str) -> bool:
    """As far as both are told: 11.4 is neither older nor newer than 11.4.8."""
    one, two = ([int(part) for part in text.split(".")] for text in (version, other))
    told = min(len(one), len(two))
    return one[:told] < two[:told]


@dataclass(frozen=True)
class Placement:
    """In which zones each copy may run. The sets never meet, also after the write copy has failed over."""

    write_zones: tuple[str, ...]
    read_zone: str


class WriteCopyConfig(Model):
    """`multi_az`: with a standby in another zone, to which AWS fails over."""

    instance_class: InstanceClass
    multi_az: bool = True


class ReadCopyConfig(Model):
    """`zone`: by default the environment's last one. `backup_days`: 0 leaves backups to the write copy.

    `engine_version`: during a move to another version, which RDS asks of the read copy first. While it is set, changes
    of both copies are made at once, and not in the maintenance window.
    """

    instance_class: InstanceClass
    engine_version: EngineVersion | None = None
    zone: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")] | None = None
    backup_days: Annotated[int, Field(ge=0, le=35)] = 0


class CrossRegionConfig(Model):
    """A second region that gets every backup and every minute's log, to move tenants to.

    `kms_key_arn`: a key of that region; keys do not leave theirs.
    """

    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    kms_key_arn: Annotated[str, Field(pattern=r"^arn:aws:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+$")]
    retention_days: Annotated[int, Field(ge=1, le=35)] = 7

    @model_validator(mode="after")
    def _key_of_the_region(self) -> Self:
        if self.kms_key_arn.split(":")[3] != self.region:
            raise ValueError("`kmsKeyArn` is of another region than `region`; name a key of that region")
        return self


class DatabasesConfig(Model):
    """The write copy and the read copy of one MariaDB.

    `storage_limit_gib`: up to where AWS grows the storage by itself. `final_snapshot`: a word in the name of the
    snapshot that is taken before the write copy is deleted; `null` takes none. `statement_seconds`: how long a
    statement may run, 0 for ever; a migration sets its own session's. `max_connections`: by default what AWS derives
    from the class's memory.
    """

    engine_version: EngineVersion = "11.4"
    auto_minor_upgrade: bool = True
    write: WriteCopyConfig
    read: ReadCopyConfig
    storage_gib: Annotated[int, Field(ge=20, le=65536)] = 100
    storage_limit_gib: Annotated[int, Field(ge=22, le=65536)] = 500
    backup_days: Annotated[int, Field(ge=7, le=35)] = 14
    backup_window: DailyWindow = "01:00-02:00"
    maintenance_window: WeeklyWindow = "sun:03:00-sun:04:00"
    deletion_protection: bool = True
    final_snapshot: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=20)] | None = "final"
    monitoring_seconds: Literal[1, 5, 10, 15, 30, 60] = 60
    performance_insights: bool = True
    performance_insights_days: int = 7
    log_days: LogDays = 30
    certificate_authority: Literal["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"] = "rds-ca-rsa2048-g1"
    master_user: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,15}$")] = "patchbay_master"
    slow_query_seconds: Annotated[int, Field(ge=1, le=60)] = 1
    statement_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    max_connections: Annotated[int, Field(ge=10, le=100_000)] | None = None
    cross_region: CrossRegionConfig | None = None

    @field_validator("performance_insights_days")
    @classmethod
    def _days_that_rds_keeps(cls, days: int) -> int:
        if days not in {7, 731, *range(31, 24 * 31, 31)}:
            raise ValueError("Performance Insights keeps 7 days, 731, or a multiple of 31 below; set one of them")
        return days

    @model_validator(mode="after")
    def _one_who_chooses_the_minor_version(self) -> Self:
        for field, version in {
            "engineVersion": self.engine_version,
            "read.engineVersion": self.read.engine_version or "",
        }.items():
            if self.auto_minor_upgrade and version.count(".") == 2:
                raise ValueError(
                    f"`{field}` pins a patch that `autoMinorUpgrade` would move; "
                    "shorten it to major.minor, or set `autoMinorUpgrade: false`"
                )
        return self

    @model_validator(mode="after")
    def _the_read_copy_is_never_behind(self) -> Self:
        if self.read.engine_version and is_older(self.read.engine_version, self.engine_version):
            raise ValueError(
                "`read.engineVersion` is older than `engineVersion`, and a read copy follows no newer source; "
                "raise it, or remove it"
            )
        return self

    @model_validator(mode="after")
    def _storage_can_grow(self) -> Self:
        if self.storage_limit_gib * 10 < self.storage_gib * 11:
            raise ValueError("`storageLimitGib` is not 10 % above `storageGib`; raise it")
        return self

    @model_validator(mode="after")
    def _windows_apart(self) -> Self:
        if overlap(self.backup_window, self.maintenance_window):
            raise ValueError("`backupWindow` and `maintenanceWindow` overlap; move one of them")
        return self

    @model_validator(mode="after")
    def _classes_with_insights(self) -> Self:
        small = [copy for copy, name in self._classes.items() if name.endswith((".micro", ".small"))]
        if self.performance_insights and small:
            raise ValueError(
                f"`performanceInsights` needs a larger class than `{small[0]}.instanceClass` has; "
                "choose medium or larger, or set `performanceInsights: false`"
            )
        return self

    @property
    def _classes(self) -> Mapping[str, str]:
        return {"write": self.write.instance_class, "read": self.read.instance_class}

    @property
    def moves(self) -> bool:
        """Whether the copies are on their way to another version."""
        return self.read.engine_version is not None

    def placement(self, zones: tuple[str, ...]) -> Placement:
        """ValueError if the read copy's zone is none of `zones`, or leaves fewer than two to the write copy."""
        read_zone = self.read.zone or zones[-1]
        if read_zone not in zones:
            raise ValueError("`read.zone` is none of the environment's zones; name one of them, or remove it")
        write_zones = tuple(zone for zone in zones if zone != read_zone)
        if len(write_zones) < 2:
            raise ValueError("the write copy is left with fewer than two zones; give the environment three")
        return Placement(write_zones, read_zone)

    def faults(self, *, production: bool) -> list[tuple[str, str]]:
        """What is too weak for the environment: field and remedy."""
        if not production:
            return []
        found = {
            "write.multiAz": None if self.write.multi_az else "production needs a standby; set it to true",
            "deletionProtection": None if self.deletion_protection else "production needs it; set it to true",
            "backupDays": None if self.backup_days >= 14 else "production keeps backups for 14 days; set 14 or more",
            "finalSnapshot": None if self.final_snapshot else "production takes one before it is deleted; name it",
        }
        return [(field, remedy) for field, remedy in found.items() if remedy]
