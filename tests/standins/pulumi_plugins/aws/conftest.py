"""Fixtures: one emulator for all tests of the AWS provider, a fresh stack for each."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from patchbay_infra import provider
from patchbay_local.deploy.stack import plugins as install
from patchbay_operations.access import Access

from tests.http_requests import http
from tests.ports import free_port
from tests.standins.aws.account import REGION as EMULATED_REGION
from tests.standins.aws.account import Account
from tests.standins.aws.launched import ACCOUNT, launched
from tests.standins.pulumi_plugins.control_plane import environment_without_pulumi
from tests.standins.pulumi_plugins.stack import Stack

REGION = "eu-central-1"
SERVICES = ("cloudwatch", "ec2", "iam", "kms", "logs", "sns", "sts")


@pytest.fixture(scope="session")
def _emulator() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    finally:
        server.stop()


@pytest.fixture
def endpoint(_emulator: str) -> str:
    """The address of an emulator without resources."""
    http.post(f"{_emulator}/moto-api/reset").raise_for_status()
    return _emulator


@pytest.fixture
def client(endpoint: str) -> Callable[[str], Any]:
    """Makes clients of the emulator's services."""

    def make(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]  # whichever service the test names
            region_name=REGION,
            endpoint_url=endpoint,
            aws_access_key_id="tests",
            aws_secret_access_key="tests",
        )

    return make


@pytest.fixture
def stack(tmp_path: Path, pulumi: Path) -> Stack:
    backend = tmp_path / "state"
    backend.mkdir()
    directory = tmp_path / "project"
    directory.mkdir()
    environment = (
        environment_without_pulumi()
        | install.environment(pulumi.parent / "home", backend)
        | {"PATH": f"{pulumi.parent}{os.pathsep}{os.environ['PATH']}"}
    )
    return Stack(directory, pulumi, environment)


@pytest.fixture
def preamble(endpoint: str) -> str:
    """The beginning of a program: `aws`, and `opts` with the emulator's provider."""
    return (
        "import json\n"
        "import pulumi\n"
        "import pulumi_aws as aws\n"
        f"endpoints = aws.ProviderEndpointArgs(**dict.fromkeys({SERVICES!r}, {endpoint!r}))\n"
        f"provider = aws.Provider('aws', region={REGION!r}, endpoints=[endpoints],"
        " allowed_account_ids=['123456789012'])\n"
        "opts = pulumi.ResourceOptions(provider=provider)\n"
    )


@pytest.fixture
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account in Patchbay's own emulator, without resources."""
    with launched(tmp_path_factory.mktemp("emulator")) as started:
        yield started


@pytest.fixture
def access(account: Account) -> Access:
    """What the recovery reaches the account by."""
    return Access(EMULATED_REGION, account.url, ("example", "example", None))


@pytest.fixture
def emulated(account: Account) -> str:
    """The beginning of a program: `aws`, and `opts` with Patchbay's emulator."""
    return (
        "import json\n"
        "import pulumi\n"
        "import pulumi_aws as aws\n"
        f"endpoints = aws.ProviderEndpointArgs(**dict.fromkeys({provider.SERVICES!r}, {account.url!r}))\n"
        f"provider = aws.Provider('aws', region={EMULATED_REGION!r}, endpoints=[endpoints],"
        f" allowed_account_ids=[{ACCOUNT!r}])\n"
        "opts = pulumi.ResourceOptions(provider=provider)\n"
    )
