"""An emulator in a process of its own, and an account in it with a small network."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from patchbay_local.emulator.emulator import Emulator
from patchbay_local.host.journal import Journal

from tests.ports import free_port

ACCOUNT = "111122223333"
REGION = "eu-west-2"
ZONES = tuple(f"{REGION}{letter}" for letter in "abc")
NAME_TAG = [{"Key": "Name", "Value": "example"}]


@dataclass(frozen=True)
class Account:
    """Clients of the emulated account; `subnets` by zone."""

    endpoint: str

    def client(self, service: str, region: str = REGION) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id="example",
            aws_secret_access_key="example",
        )

    def network(self) -> tuple[Mapping[str, str], str]:
        """A new VPC's subnets by zone, and a security group."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = {
            zone: ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=zone)["Subnet"][
                "SubnetId"
            ]
            for index, zone in enumerate(ZONES)
        }
        group: str = ec2.create_security_group(GroupName="example", Description="example", VpcId=vpc)["GroupId"]
        return subnets, group

    def key(self, region: str = REGION) -> str:
        """A new KMS key's ARN."""
        arn: str = self.client("kms", region).create_key()["KeyMetadata"]["Arn"]
        return arn


@contextmanager
def launched(directory: Path) -> Iterator[Account]:
    """An account of one's own, empty."""
    journal = Journal(directory / "journal")
    run, logs = directory / "run", directory / "logs"
    emulator = Emulator("launched", free_port(), directory / "state", ACCOUNT, run=run, logs=logs)
    try:
        emulator.up(journal)
        yield Account(emulator.url)
    finally:
        journal.undo()


def tags(listed: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in listed}
