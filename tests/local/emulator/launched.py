"""An emulator in a process of its own, and an account in it with a small network."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import boto3
import httpx

from tests.ports import free_port

ACCOUNT = "111122223333"
REGION = "eu-west-2"
ZONES = tuple(f"{REGION}{letter}" for letter in "abc")
NAME_TAG = [{"Key": "Name", "Value": "example"}]
_START_SECONDS = 60.0


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
def launched(state: Path) -> Iterator[Account]:
    port = free_port()
    command = [sys.executable, "-m", "patchbay_local.emulator", "--port", str(port), "--state", str(state)]
    with (state / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--account", ACCOUNT], stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ)
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _wait(endpoint, process)
        yield Account(endpoint)
    finally:
        process.terminate()
        process.wait()


def _wait(endpoint: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = monotonic() + _START_SECONDS
    while True:
        try:
            httpx.get(f"{endpoint}/moto-api/")
        except httpx.TransportError:
            assert process.poll() is None, "the emulator ended while it was starting"
            assert monotonic() < deadline, "the emulator does not answer"
            sleep(0.1)
        else:
            return


def tags(listed: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in listed}
