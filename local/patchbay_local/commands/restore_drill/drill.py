"""The drill: a tenant's data are spoiled, restored to the second before, and put back beside a tenant that works on."""

import datetime
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from patchbay_operations.access import Access
from patchbay_operations.restore.database import Database
from patchbay_operations.restore.fingerprint import differences, fingerprint
from patchbay_operations.restore.put_back import Names
from patchbay_operations.restore.rds import RdsBackups, RestoreError
from patchbay_operations.restore.steps import restore_tenant

from patchbay_local.commands.restore_drill import data
from patchbay_local.commands.restore_drill.backups import DrillBackups, take_base
from patchbay_local.commands.restore_drill.server import Server

# The instance in the emulated account; its name is that of an environment's write copy.
_ENVIRONMENT: Final = "drill"
_INSTANCE: Final = "patchbay-drill-databases-write"

Say = Callable[[str], None]


@dataclass
class Report:
    """`faults`: by promise, why it does not hold."""

    faults: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    point: str = ""
    recovery_seconds: float = 0.0
    rows: int = 0
    written_meanwhile: int = 0

    @property
    def passed(self) -> bool:
        return not any(self.faults.values())

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"passed": self.passed, **self.__dict__}, indent=2) + "\n")


def drill(live: Server, copy: Server, access: Access, directory: Path, say: Say) -> Report:
    """On a live server that was just started, and an account that is empty."""
    report = Report()
    rds = _instance(access)
    for schema in (data.SPOILED, data.OTHER):
        data.make(live.database, schema)
        # In the base copy, not in the logs.
        data.write(live.database, schema, "first")
    base = take_base(live, directory / "base.sql")
    written = {schema: data.write(live.database, schema, "before") | _first() for schema in (data.SPOILED, data.OTHER)}
    wanted = fingerprint(live.database, data.SPOILED)
    point = datetime.datetime.fromtimestamp(data.next_second(live.database), datetime.UTC)
    report.point, report.rows = point.isoformat(), len(written[data.SPOILED])
    say(f"spoiled: after {point.isoformat()}")
    spoiled = data.spoil(live.database)
    other = written[data.OTHER] | data.write(live.database, data.OTHER, "after")
    report.faults["RDS refuses a time that it has no backup of"] = list(_refusals(rds, point))

    def look(restored: Database) -> None:
        found = data.runs(restored, data.SPOILED)
        report.faults["what was written before the point is restored"] = _missing(written[data.SPOILED] - found)
        report.faults["what was written after the point is not"] = _missing(spoiled & found)

    backups = DrillBackups(rds, live, base, copy)
    with _working(live.database) as meanwhile:
        restored = restore_tenant(backups, lambda: live.database, data.SPOILED, point, look=look, tell=say)
    other |= meanwhile
    report.seconds, report.recovery_seconds = restored.seconds, round(restored.recovery_seconds, 2)
    report.written_meanwhile = len(meanwhile)
    report.faults["every table is what was recorded at the point"] = differences(wanted, restored.copy)
    report.faults["the live schema is what was restored"] = differences(restored.copy, restored.live)
    report.faults["the other tenant keeps every row, those written meanwhile too"] = _missing(
        other ^ data.runs(live.database, data.OTHER)
    )
    kept = data.runs(live.database, Names(data.SPOILED).before)
    report.faults["what the schema held before is kept beside it"] = _missing(spoiled - kept)
    report.faults["the restored instance is gone"] = list(_left(access))
    return report


def _first() -> set[str]:
    return {f"first{number:05}" for number in range(data.ROWS)}


def _instance(access: Access) -> RdsBackups:
    access.client("rds").create_db_instance(
        DBInstanceIdentifier=_INSTANCE,
        Engine="mariadb",
        EngineVersion="11.4",
        DBInstanceClass="db.t4g.medium",
        AllocatedStorage=20,
        StorageType="gp3",
        MasterUsername="drill",
        MasterUserPassword="-".join(["drill"] * 3),
        BackupRetentionPeriod=7,
        DBSubnetGroupName=_subnets(access),
        Tags=[{"Key": "patchbay:environment", "Value": _ENVIRONMENT}],
    )
    return RdsBackups(access, _INSTANCE, patience_seconds=60, pause_seconds=0.1)


def _subnets(access: Access) -> str:
    """Of two zones, as RDS asks."""
    ec2 = access.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{access.region}{zone}")
        for number, zone in enumerate("ab")
    ]
    access.client("rds").create_db_subnet_group(
        DBSubnetGroupName=_ENVIRONMENT,
        DBSubnetGroupDescription="of the drill",
        SubnetIds=[subnet["Subnet"]["SubnetId"] for subnet in subnets],
    )
    return _ENVIRONMENT


def _refusals(rds: RdsBackups, point: datetime.datetime) -> Iterator[str]:
    for outside in (point - datetime.timedelta(days=30), point + datetime.timedelta(days=1)):
        try:
            with rds.restored(outside):
                yield f"{outside.isoformat()} was restored"
        except RestoreError:
            continue


def _left(access: Access) -> Iterator[str]:
    for instance in access.client("rds").describe_db_instances()["DBInstances"]:
        if instance["DBInstanceIdentifier"] != _INSTANCE:
            yield str(instance["DBInstanceIdentifier"])


def _missing(ids: set[str]) -> list[str]:
    return [f"{len(ids)} rows, such as {min(ids)}"] if ids else []


@contextmanager
def _working(database: Database) -> Iterator[set[str]]:
    """The other tenant writes all the while; the ids of what it was told is written."""
    done, acknowledged = threading.Event(), set[str]()

    def work() -> None:
        while not done.is_set():
            acknowledged.update(data.write(database, data.OTHER, f"m{len(acknowledged):05}x", rows=1))
            time.sleep(0.05)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield acknowledged
    finally:
        done.set()
        worker.join()
