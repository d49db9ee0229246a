"""`make smoke` in an emulated account with the real engine: the AWS half, from an empty account to an empty account."""

import io
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from patchbay_local.deploy.stack import pulumi
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.machine import paths
from patchbay_operations.access import Access
from patchbay_operations.inventory.read import inventory
from patchbay_operations.smoke.command import run
from patchbay_operations.smoke.engine import Engine
from patchbay_operations.smoke.options import Options
from patchbay_operations.smoke.stopping import Stop
from rich.console import Console

from tests.emulated.deployment import Deployment, empty_account
from tests.operations.smoke.prepared import ADMIN, BUCKET, DOMAIN, dev, ready
from tests.standins.aws.account import Account

# The one that policies/patchbay_policies/register.py knows dev by.
OWNER = "444455556666"


def config_of(file: Path) -> StackConfig:
    return StackConfig("dev", yaml.safe_load(file.read_text()))


def prepared(deployment: Deployment, directory: Path) -> Path:
    """What `make bootstrap` makes, and the stack file that names it."""
    account = Account(deployment.emulation.emulator.url)
    file = dev(directory, key=ready(account), zone=hosted_zone(account.client("route53")), account=OWNER)
    config_of(file).write_emulated(deployment.emulation.config_file, deployment.emulation.emulator.url)
    return file


def hosted_zone(route53: Any) -> str:
    """The id of a new one. AWS' begin with Z, moto's with any letter or digit."""
    for number in itertools.count():
        made = route53.create_hosted_zone(Name=DOMAIN, CallerReference=f"smoke-{number}")["HostedZone"]["Id"]
        if (identifier := str(made.rpartition("/")[2])).startswith("Z"):
            # As `make bootstrap` does: the checks know the environment's zone by it.
            tags = [{"Key": "patchbay:environment", "Value": "dev"}]
            route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=identifier, AddTags=tags)
            return identifier
        route53.delete_hosted_zone(Id=made)
    raise AssertionError


def engine(deployment: Deployment, log: Path) -> Engine:
    emulation = deployment.emulation
    variables = {**pulumi.variables(), **emulation.environment}
    backend, program = emulation.stack.backend.url, str(pulumi.program())
    return Engine(
        "dev", paths.REPOSITORY, backend, log, lambda _: None, variables, emulation.config_file, program=program
    )


@pytest.mark.long
def test_a_stack_is_deployed_checked_and_destroyed_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    with empty_account(tmp_path / "aws", config_of(dev(tmp_path, account=OWNER))) as deployment:
        file = prepared(deployment, tmp_path)
        deployment.emulation.stack.prepare()
        admin = Account(deployment.emulation.emulator.url).client("sts")
        role = f"arn:aws:iam::{OWNER}:role/{ADMIN}"
        keys = admin.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        before = set(inventory(deployment.emulation.access))
        told = io.StringIO()
        status = run(
            Options(file, 50.0, aws_only=True, report=tmp_path / "report"),
            Stop(),
            Console(file=told, width=200),
            access=lambda region: Access(
                region,
                deployment.emulation.emulator.url,
                (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]),
            ),
            engine=lambda _: engine(deployment, tmp_path / "report" / "pulumi.log"),
            real=False,
            pause_seconds=1,
        )
        assert status == 0, told.getvalue()
        result = json.loads((tmp_path / "report" / "result.json").read_text())
        assert [(step["name"], step["passed"]) for step in result["steps"]] == [
            ("up", True),
            ("checks", True),
            ("destroy", True),
            ("look", True),
        ]
        # Another witness than the look itself.
        assert set(inventory(deployment.emulation.access)) - before == set()
        listed = Account(deployment.emulation.emulator.url).client("s3").list_objects_v2
        assert "Contents" not in listed(Bucket=BUCKET, Prefix="smoke/")
