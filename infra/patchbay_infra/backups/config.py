"""How often databases are backed up beside RDS' own backups, how long, and who can no longer delete that."""

from collections.abc import Iterator
from typing import Annotated, Final, Self

from patchbay_config.model import Model
from pydantic import Field, model_validator

from patchbay_infra.windows import Clock, DailyWindow, WeeklyWindow, later, meets, overlap

# AWS Backup's own: 100 years.
_LONGEST_DAYS: Final = 36_500
# A job starts within an hour, and not in the hour before a window of the database's.
_STARTS_WITHIN_MINUTES: Final = 120

VaultArn = Annotated[str, Field(pattern=r"^arn:aws:backup:[a-z]{2}(-[a-z]+)+-\d:\d{12}:backup-vault:[\w-]{2,50}$")]
Days = Annotated[int, Field(ge=1, le=_LONGEST_DAYS)]


class LockConfig(Model):
    """What the vault takes and keeps: backups for `min_days` to `max_days`, and none is deleted before its time.

    Without `changeable_for_days` the lock is in governance mode: an administrator can remove it. With it, compliance
    mode: after that many days nobody can, AWS and the account's root neither, and the vault is paid for until its last
    backup has expired. There is no way back, so try it on a vault whose backups expire soon.
    """

    min_days: Days = 7
    max_days: Days = 400
    changeable_for_days: Annotated[int, Field(ge=3, le=_LONGEST_DAYS)] | None = None

    @model_validator(mode="after")
    def _least_below_most(self) -> Self:
        if self.min_days > self.max_days:
            raise ValueError("`minDays` is more than `maxDays`; exchange them")
        return self


class BackupsConfig(Model):
    """`start`: in UTC. `daily_days`, `monthly_days`: how long such a backup is kept.

    `copy_to`: a vault of another region, of another account of the organisation, or of both, which gets each backup as
    well. Both at once: AWS' announcement "AWS Backup single-action database snapshot copy" (October 2025), for RDS.
    """

    start: Clock = "05:00"
    daily_days: Days = 35
    monthly_days: Days = 365
    copy_to: VaultArn | None = None
    lock: LockConfig | None = None

    @model_validator(mode="after")
    def _kept_as_the_vault_demands(self) -> Self:
        """A vault fails the jobs whose backups it would not keep so long (API reference, PutBackupVaultLock...)."""
        for field, days in (("dailyDays", self.daily_days), ("monthlyDays", self.monthly_days)):
            if self.lock and not self.lock.min_days <= days <= self.lock.max_days:
                raise ValueError(
                    f"`{field}` is not between `lock.minDays` and `lock.maxDays`; the vault would refuse it"
                )
        return self

    @property
    def copies_in(self) -> tuple[str, str] | None:
        """Region and account of the vault that gets copies."""
        if self.copy_to is None:
            return None
        _, _, _, region, account, *_ = self.copy_to.split(":")
        return region, account

    def other_account(self, own: str) -> str | None:
        """The account that gets copies, if it is not `own`."""
        if self.copies_in is None:
            return None
        _, account = self.copies_in
        return account if account != own else None

    def misplaced(
        self, *, region: str, account_id: str, backup_window: DailyWindow, maintenance_window: WeeklyWindow
    ) -> Iterator[tuple[str, str]]:
        """What does not go with where the environment is, and with its databases' own windows: field and remedy."""
        if self.copies_in == (region, account_id):
            yield "copyTo", "a vault of this region and account; name one of another region or account"
        # AWS Backup's guide, "Plan options and configuration".
        job = f"{self.start}-{later(self.start, _STARTS_WITHIN_MINUTES)}"
        if meets(job, backup_window) or overlap(job, maintenance_window):
            yield "start", "AWS starts none in a window of the database's or an hour before; move it by some hours"

    def faults(self, *, production: bool) -> Iterator[tuple[str, str]]:
        """What is too weak for the environment: field and remedy."""
        if production and self.lock is None:
            yield "lock", "whoever breaks into production could delete its backups; set minDays and maxDays"
        if production and self.copy_to is None:
            yield "copyTo", "production's backups would be lost with its region; name a vault elsewhere"
