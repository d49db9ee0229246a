"""boto3 clients of an emulated account, and what several tests need made first."""

import contextlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "eu-central-1"
ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Network:
    vpc: str
    subnets: tuple[str, ...]  # one in each of ZONES


@dataclass(frozen=True)
class Account:
    """Clients that neither wait nor try again. `record`: the file of all calls, where they are recorded."""

    url: str
    record: Path | None = None
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str, region: str = REGION) -> Any:
        key = f"{service} {region}"
        if key not in self._clients:
            self._clients[key] = boto3.client(  # type: ignore[call-overload] # any service by its name
                service,
                endpoint_url=self.url,
                region_name=region,
                aws_access_key_id="emulated",
                aws_secret_access_key="emulated",
                config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
            )
        return self._clients[key]

    def network(self) -> Network:
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = tuple(
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
            for number, zone in enumerate(ZONES)
        )
        return Network(vpc, subnets)

    def security_group(self, network: Network) -> str:
        made = self.client("ec2").create_security_group(
            GroupName=new_name("group"), Description="example", VpcId=network.vpc
        )
        return str(made["GroupId"])

    def key(self, region: str = REGION) -> str:
        """A new KMS key's ARN."""
        return str(self.client("kms", region).create_key()["KeyMetadata"]["Arn"])

    def role(self) -> str:
        """A new role's ARN."""
        trust = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        made = self.client("iam").create_role(RoleName=new_name("role"), AssumeRolePolicyDocument=document)
        return str(made["Role"]["Arn"])

    def cluster(self, network: Network, **settings: Any) -> str:
        """A new cluster's name; its access is by entries."""
        name = new_name("cluster")
        given: dict[str, Any] = {
            "roleArn": self.role(),
            "resourcesVpcConfig": {"subnetIds": list(network.subnets)},
            "version": "1.33",
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        }
        self.client("eks").create_cluster(name=name, **(given | settings))
        return name


def new_name(prefix: str) -> str:
    return f"{prefix}-{next(_NUMBERS)}"


@contextlib.contextmanager
def refused(code: str, status: int = 400, *, words: str = "") -> Iterator[None]:
    """The call is answered with this error and HTTP status, and with these words in its message."""
    with pytest.raises(ClientError) as caught:
        yield
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert words in response["Error"]["Message"]
