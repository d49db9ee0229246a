"""Fixtures: the engine's own CLI, a fresh stack for each test, and an emulated AWS for those that need resources."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from patchbay_local.deploy.stack import plugins as install

from tests.http_requests import http
from tests.ports import free_port
from tests.standins.pulumi_plugins.control_plane import environment_without_pulumi
from tests.standins.pulumi_plugins.stack import Stack

SERVICES = ("ec2", "iam", "rds", "sts")


@pytest.fixture
def stack(tmp_path: Path, pulumi: Path) -> Stack:
    directories = {name: tmp_path / name for name in ("state", "project")}
    for directory in directories.values():
        directory.mkdir()
    environment = (
        environment_without_pulumi()
        | install.environment(pulumi.parent / "home", directories["state"])
        | {"PATH": f"{pulumi.parent}{os.pathsep}{os.environ['PATH']}"}
    )
    return Stack(directories["project"], pulumi, environment)


@pytest.fixture
def endpoint() -> Iterator[str]:
    """The address of an emulated AWS without resources."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    try:
        address = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        # What it holds is the process's, and outlives the server.
        http.post(f"{address}/moto-api/reset").raise_for_status()
        yield address
    finally:
        server.stop()


@pytest.fixture
def emulated_aws(endpoint: str) -> str:
    """The beginning of a program: `aws`, and `opts` with the emulated AWS' provider."""
    return (
        "import pulumi\n"
        "import pulumi_aws as aws\n"
        f"endpoints = aws.ProviderEndpointArgs(**dict.fromkeys({SERVICES!r}, {endpoint!r}))\n"
        "provider = aws.Provider('aws', region='eu-central-1', endpoints=[endpoints],"
        " allowed_account_ids=['123456789012'])\n"
        "opts = pulumi.ResourceOptions(provider=provider)\n"
    )
