"""A move of the databases to another major version, and a second life of them: real engine, emulated RDS.

What RDS refuses is the emulator's, in RDS' words (qontract-reconcile pull request 4873; terraform-aws-rds pull request
82): an upgrade before the read copies', a parameter group of another family, a second snapshot of a name.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.standins.aws.account import Account
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

PROGRAM = """
from types import SimpleNamespace
from patchbay_infra.context import Context
from patchbay_infra.databases.component import Databases
from patchbay_infra.databases.config import DatabasesConfig
from patchbay_infra.encryption.keys import Keys

ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")
context = Context("test", "eu-central-1", "111122223333", ZONES, production=False, owner="team", cost_center="0")
vpc = aws.ec2.Vpc("main", cidr_block="10.30.0.0/16", opts=opts)
subnets = {zone: aws.ec2.Subnet(zone, vpc_id=vpc.id, cidr_block=f"10.30.{index}.0/24", availability_zone=zone,
    opts=opts).id for index, zone in enumerate(ZONES)}
within = pulumi.ResourceOptions(providers=[provider])
keys = Keys("keys", context=context, opts=within)
config = DatabasesConfig.model_validate({"deletionProtection": False, "crossRegion": None, **%(config)s})
Databases("databases", config, context=context, network=SimpleNamespace(vpc_id=vpc.id, data_subnet_ids=subnets),
    data_key_arn=keys.data_arn, logs_key_arn=keys.logs_arn, clients={}, opts=within)
"""
WRITE, READ = "patchbay-test-databases-write", "patchbay-test-databases-read"
CLASS = {"instanceClass": "db.r7g.large"}


@dataclass(frozen=True)
class Environment:
    stack: Stack
    preamble: str
    account: Account

    def program(self, write: str, read: str | None = None) -> str:
        reader = CLASS if read is None else {**CLASS, "engineVersion": read}
        return self.preamble + PROGRAM % {"config": {"engineVersion": write, "write": CLASS, "read": reader}}

    def refused(self, write: str, read: str | None = None) -> str:
        """What a preview tells who asks for these versions."""
        self.stack.write(self.program(write, read))
        return self.stack.fail("preview").output

    def described(self, name: str) -> Any:
        (found,) = self.account.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        return found

    def parameters_of(self, name: str) -> Any:
        """Whether they are in force."""
        (used,) = self.described(name)["DBParameterGroups"]
        return used["ParameterApplyStatus"]

    def versions(self) -> tuple[str, str]:
        """Of the write copy and the read copy. Their parameters are of the same family."""
        found = []
        for copy in (self.described(WRITE), self.described(READ)):
            (used,) = copy["DBParameterGroups"]
            (group,) = self.account.client("rds").describe_db_parameter_groups(
                DBParameterGroupName=used["DBParameterGroupName"]
            )["DBParameterGroups"]
            found.append(copy["EngineVersion"])
            assert group["DBParameterGroupFamily"] == f"mariadb{copy['EngineVersion']}"
        return found[0], found[1]


@pytest.fixture
def environment(stack: Stack, emulated: str, account: Account) -> Environment:
    return Environment(stack, emulated, account)


def test_a_move_to_another_major_version_is_made_in_the_order_that_rds_asks_for(environment: Environment) -> None:
    new = environment.refused("11.4", "11.8")
    assert "databases.read.engineVersion: a read copy is made with its source's version, 11.4; remove it" in new

    environment.stack.up(environment.program("11.4"))
    ids = [environment.described(name)["DbiResourceId"] for name in (WRITE, READ)]
    for together in (environment.refused("11.8"), environment.refused("11.8", "11.8")):
        assert "the write copy has 11.4 and the read copy 11.4, and RDS upgrades the read copy first" in together
        assert 'set databases.read.engineVersion to "11.8", and run the update' in together
    assert environment.versions() == ("11.4", "11.4")

    environment.stack.up(environment.program("11.4", "11.8"))
    assert environment.versions() == ("11.4", "11.8")
    left = environment.refused("11.4")
    assert "the read copy has 11.8 already, and the write copy is to have 11.4; keep it until engineVersion" in left
    assert "RDS takes no database back to 11.4" in environment.refused("11.4", "11.4")

    environment.stack.up(environment.program("11.8", "11.8"))
    environment.stack.up(environment.program("11.8"))
    assert environment.versions() == ("11.8", "11.8")
    environment.stack.succeed("preview", "--expect-no-changes")
    # What the guide and a check tell then: RDS takes another group's parameters at a reboot only.
    assert [environment.parameters_of(name) for name in (WRITE, READ)] == ["pending-reboot"] * 2
    for name in (WRITE, READ):
        environment.account.client("rds").reboot_db_instance(DBInstanceIdentifier=name)
    assert [environment.parameters_of(name) for name in (WRITE, READ)] == ["in-sync"] * 2
    assert 'set it to "11.8" again' in environment.refused("11.4")
    assert [environment.described(name)["DbiResourceId"] for name in (WRITE, READ)] == ids


def test_databases_that_are_made_anew_can_be_removed_again_with_a_snapshot_of_each_life(
    environment: Environment,
) -> None:
    for _ in range(2):
        environment.stack.up(environment.program("11.4"))
        environment.stack.succeed("destroy", "--yes")
    found = environment.account.client("rds").describe_db_snapshots(DBInstanceIdentifier=WRITE)["DBSnapshots"]
    left = [one["DBSnapshotIdentifier"] for one in found if one["SnapshotType"] == "manual"]
    assert len(left) == len(set(left)) == 2
