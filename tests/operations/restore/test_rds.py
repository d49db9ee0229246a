"""RDS restores within its window, into an instance that is set up as the live one and is gone in the end."""

import datetime
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from patchbay_operations.access import Access
from patchbay_operations.restore.command import run
from patchbay_operations.restore.rds import RdsBackups, RestoreError
from rich.console import Console

from tests.operations.smoke.prepared import dev
from tests.standins.aws.account import Account
from tests.standins.aws.launched import launched

INSTANCE = "patchbay-dev-databases-write"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        network = account.network()
        rds = account.client("rds")
        rds.create_db_subnet_group(
            DBSubnetGroupName="example", DBSubnetGroupDescription="example", SubnetIds=list(network.subnets)
        )
        rds.create_db_parameter_group(
            DBParameterGroupName="example", DBParameterGroupFamily="mariadb11.4", Description="example"
        )
        rds.create_db_instance(
            DBInstanceIdentifier=INSTANCE,
            Engine="mariadb",
            EngineVersion="11.4",
            DBInstanceClass="db.t4g.medium",
            AllocatedStorage=20,
            StorageType="gp3",
            MasterUsername="example",
            MasterUserPassword="only-for-tests",
            DBSubnetGroupName="example",
            DBParameterGroupName="example",
            VpcSecurityGroupIds=[account.security_group(network)],
            BackupRetentionPeriod=7,
            DeletionProtection=True,
            Tags=[
                {"Key": "patchbay:environment", "Value": "dev"},
                {"Key": "patchbay:backup", "Value": "daily"},
            ],
        )
        yield account


@pytest.fixture
def backups(account: Account) -> RdsBackups:
    access = Access("eu-central-1", account.url, ("emulated", "emulated", None))
    return RdsBackups(access, INSTANCE, patience_seconds=20, pause_seconds=0.05)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def instances(account: Account) -> dict[str, Any]:
    found = account.client("rds").describe_db_instances()["DBInstances"]
    return {each["DBInstanceIdentifier"]: each for each in found}


def test_the_restored_instance_is_reached_and_protected_as_the_live_one_and_is_gone_afterwards(
    account: Account, backups: RdsBackups
) -> None:
    live = instances(account)[INSTANCE]
    with backups.restored(now()) as made:
        assert made["DBInstanceIdentifier"] == f"{INSTANCE}-restored"
        # RDS' own defaults are another security group and another parameter group.
        for same in ("VpcSecurityGroups", "DBInstanceClass", "EngineVersion", "MasterUsername"):
            assert made[same] == live[same], same
        assert made["DBParameterGroups"][0]["DBParameterGroupName"] == "example"
        assert made["DBSubnetGroup"]["DBSubnetGroupName"] == "example"
        assert not made["DeletionProtection"]
        # Nor does AWS Backup keep what is gone in an hour for a year.
        assert {tag["Key"] for tag in made["TagList"]} == {"patchbay:environment", "Name"}
        assert not made.get("PubliclyAccessible")
        assert {"Key": "patchbay:environment", "Value": "dev"} in made["TagList"]
    assert set(instances(account)) == {INSTANCE}


def test_it_is_gone_where_what_followed_failed_too(account: Account, backups: RdsBackups) -> None:
    with pytest.raises(ZeroDivisionError), backups.restored(now()):
        raise ZeroDivisionError
    assert set(instances(account)) == {INSTANCE}


@pytest.mark.parametrize("away", [datetime.timedelta(days=30), datetime.timedelta(days=-1)], ids=["before", "after"])
def test_a_time_outside_of_the_backups_is_refused_with_their_reach(
    account: Account, backups: RdsBackups, away: datetime.timedelta
) -> None:
    with (
        pytest.raises(RestoreError, match="cannot be restored; the backups reach from"),
        backups.restored(now() - away),
    ):
        pass
    assert set(instances(account)) == {INSTANCE}


def test_a_time_without_a_zone_is_refused(backups: RdsBackups) -> None:
    with pytest.raises(RestoreError, match="write it in UTC"), backups.restored(now().replace(tzinfo=None)):
        pass


def test_an_instance_that_an_earlier_restore_left_is_not_taken_for_the_new_one(
    account: Account, backups: RdsBackups
) -> None:
    with backups.restored(now()), pytest.raises(ClientError, match="DBInstanceAlreadyExists"), backups.restored(now()):
        pass
    assert set(instances(account)) == {INSTANCE}


@pytest.mark.parametrize(
    ("tenant", "changes", "told"),
    [
        ("Not A Name", {}, "--tenant: Not A Name is no tenant's name"),
        ("tenant_example", {}, "--tenant: tenant_example is no tenant's name"),
        (
            "example",
            {"environment": {"name": "dev2"}},
            "not restored: patchbay-dev2-databases-write: has no automated backups",
        ),
        (
            "example",
            {"aws": {"accountId": "444455556666"}},
            "patchbay:infra.aws.accountId: is 444455556666, and you are logged in to ",
        ),
    ],
)
def test_the_command_tells_what_is_wrong(
    account: Account, tmp_path: Path, tenant: str, changes: dict[str, Any], told: str
) -> None:
    said, ca = io.StringIO(), tmp_path / "ca.pem"
    ca.touch()
    file = dev(tmp_path, changes=changes)
    console = Console(file=said, width=300)
    keys = ("emulated", "emulated", None)
    status = run(file, tenant, now(), ca, access=lambda region: Access(region, account.url, keys), console=console)
    assert status == 2
    assert told in said.getvalue()
