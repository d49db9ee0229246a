"""RDS: an instance beside the live one, with the data of a point in time."""

import datetime
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from patchbay_operations.access import Access
from patchbay_operations.restore.database import Database

# A restore copies the whole volume, and replays the log since the last backup.
_PATIENCE_SECONDS: Final = 3 * 3600.0
_PASSWORD_SECONDS: Final = 600.0
_PASSWORD_BYTES: Final = 30
_BACKED_UP: Final = "patchbay:backup"


class RestoreError(Exception):
    """Why nothing can be restored, with the remedy; or what did not come in time."""


@dataclass(frozen=True)
class Window:
    """From when to when RDS can restore; it keeps up with the live instance within five minutes.

    Source: RDS User Guide, "Restoring a DB instance to a specified time".
    """

    earliest: datetime.datetime
    latest: datetime.datetime

    def require(self, point: datetime.datetime) -> None:
        """RestoreError outside of it."""
        if point.tzinfo is None:
            raise RestoreError(f"{point.isoformat()}: has no time zone; write it in UTC, such as 2026-01-31T12:00:00Z")
        if not self.earliest <= point <= self.latest:
            span = f"{self.earliest.isoformat()} to {self.latest.isoformat()}"
            raise RestoreError(f"{point.isoformat()}: cannot be restored; the backups reach from {span}")


@dataclass(frozen=True)
class RdsBackups:
    """`instance`: the write copy."""

    access: Access
    instance: str
    patience_seconds: float = _PATIENCE_SECONDS
    pause_seconds: float = 15.0

    @property
    def copy(self) -> str:
        """The restored instance's name: within the environment's names, which the rights go by."""
        return f"{self.instance}-restored"

    def window(self) -> Window:
        """RestoreError where no backups are kept."""
        found = self._rds.describe_db_instance_automated_backups(DBInstanceIdentifier=self.instance)
        # Those of an earlier instance of the same name may be retained beside them.
        active = [each for each in found["DBInstanceAutomatedBackups"] if each["Status"] == "active"]
        if not active:
            raise RestoreError(
                f"{self.instance}: has no automated backups; set databases.backupDays in the stack file, and deploy"
            )
        window = active[0]["RestoreWindow"]
        return Window(window["EarliestTime"], window["LatestTime"])

    @contextmanager
    def restored(self, point: datetime.datetime) -> Iterator[dict[str, Any]]:
        """The description of the available instance, which is deleted in the end. An earlier leftover is refused."""
        self.window().require(point)
        live = self._described(self.instance)
        self._rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier=self.instance,
            TargetDBInstanceIdentifier=self.copy,
            RestoreTime=point,
            DBInstanceClass=live["DBInstanceClass"],
            DBSubnetGroupName=live["DBSubnetGroup"]["DBSubnetGroupName"],
            # Left out, RDS takes the defaults of the account and of the engine, and not the source's.
            VpcSecurityGroupIds=[group["VpcSecurityGroupId"] for group in live["VpcSecurityGroups"]],
            DBParameterGroupName=live["DBParameterGroups"][0]["DBParameterGroupName"],
            MultiAZ=False,
            PubliclyAccessible=False,
            DeletionProtection=False,
            Tags=self._tags(live),
        )
        try:
            self._wait(lambda: self._described(self.copy)["DBInstanceStatus"] == "available", "become available")
            yield self._described(self.copy)
        finally:
            self._delete_copy()

    def _delete_copy(self) -> None:
        try:
            self._rds.delete_db_instance(
                DBInstanceIdentifier=self.copy, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
            )
        except (BotoCoreError, ClientError) as error:
            raise RestoreError(f"{self.copy}: is still there, with the tenants' data; delete it ({error})") from error

    def administrator(self, instance: str, *, ca: Path) -> Database:
        """The instance entered as its master user, whose password is set anew, and kept by nobody."""
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        self._rds.modify_db_instance(DBInstanceIdentifier=instance, MasterUserPassword=password, ApplyImmediately=False)
        found = self._described(instance)
        endpoint = found["Endpoint"]
        database = Database(found["MasterUsername"], password, host=endpoint["Address"], port=endpoint["Port"], ca=ca)
        self._wait(database.answers, "let its administrator in", seconds=_PASSWORD_SECONDS)
        return database

    def _wait(self, holds: Callable[[], bool], what: str, *, seconds: float | None = None) -> None:
        deadline = time.monotonic() + (seconds or self.patience_seconds)
        while not holds():
            if time.monotonic() > deadline:
                raise RestoreError(f"the instance did not {what} in time; look at its events in RDS")
            time.sleep(self.pause_seconds)

    def _described(self, instance: str) -> dict[str, Any]:
        found: dict[str, Any] = self._rds.describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"][0]
        return found

    def _tags(self, live: dict[str, Any]) -> list[dict[str, str]]:
        """Whose it is; without the tag that has AWS Backup take it in."""
        kept = [
            tag for tag in live.get("TagList", ()) if tag["Key"].startswith("patchbay:") and tag["Key"] != _BACKED_UP
        ]
        return [*kept, {"Key": "Name", "Value": self.copy}]

    @property
    def _rds(self) -> Any:
        return self.access.client("rds")
