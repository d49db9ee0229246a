"""The pack by itself: copied to an empty folder, with an environment made from its own requirements.

Pulumi's Python host starts a pack as `python -m pulumi.policy ENGINE FOLDER` in the pack's environment, with the stack
in variables (`PolicyProxy` of Pulumi's Go SDK says why); the tests do the same, and ask as the engine does.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from tests.policy import pack_requirements
from tests.policy.test_pack import KEPT, LOG_GROUP, RESOURCES
from tests.standins.pulumi_plugins.stack import Stack

PACK = pack_requirements.REPOSITORY / "policies"
REQUIREMENTS = PACK / "requirements.txt"


def test_the_pack_s_requirements_are_those_of_the_lock() -> None:
    assert REQUIREMENTS.read_text() == pack_requirements.text(), (
        ".venv/bin/python -m tests.policy.pack_requirements > policies/requirements.txt"
    )


def test_the_pack_names_nothing_outside_of_its_folder() -> None:
    options = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())["runtime"]["options"]
    environment = Path(options["virtualenv"])
    assert not environment.is_absolute()
    assert ".." not in environment.parts
    assert not re.search(r"^\s*(-|[^#]*://)", REQUIREMENTS.read_text().replace("    --hash=", ""), re.MULTILINE)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack's files as they are committed, and its environment."""
    folder = tmp_path_factory.mktemp("elsewhere") / "policies"
    shutil.copytree(PACK, folder, ignore=shutil.ignore_patterns("venv", "__pycache__", "*.egg-info"))
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    install = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", "requirements.txt"]
    subprocess.run(install, check=True, cwd=folder)
    return folder


@contextmanager
def started(folder: Path, stack: str, infra: object) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """The pack as a process that knows nothing of this repository."""
    environment = {
        "PATH": os.defpath,
        "PULUMI_PROJECT": "patchbay",
        "PULUMI_STACK": stack,
        "PULUMI_DRY_RUN": "true",
        "PULUMI_CONFIG": json.dumps({"patchbay:infra": json.dumps(infra)}),
    }
    command = [str(folder / "venv" / "bin" / "python"), "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(folder)]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port.isdigit(), "the pack ended before it served; its output says why"
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.terminate()


def broken(analyzer: analyzer_pb2_grpc.AnalyzerStub, type_: str, **inputs: bool) -> set[str]:
    properties = struct_pb2.Struct()
    properties.update(inputs)
    urn = f"urn:pulumi:test::patchbay::{type_}::it"
    options = analyzer_pb2.AnalyzerResourceOptions()
    request = analyzer_pb2.AnalyzeRequest(type=type_, name="it", urn=urn, properties=properties, options=options)
    return {found.policyName for found in analyzer.Analyze(request).diagnostics}


@pytest.mark.long
def test_the_pack_serves_every_rule_where_the_repository_is_not(copied: Path) -> None:
    with started(copied, "production", {"environment": {"name": "production", "production": False}}) as analyzer:
        served = {policy.name for policy in analyzer.GetAnalyzerInfo(empty_pb2.Empty()).policies}
        assert {"trust-names-somebody", "no-open-ingress", "resources-together"} <= served
        assert "tags-required" in broken(analyzer, "aws:ec2/vpc:Vpc")
        assert "tags-required" not in broken(analyzer, "aws:ec2/route:Route")
        assert "multi-az-in-production" in broken(analyzer, "aws:rds/instance:Instance", multiAz=False)
        assert broken(analyzer, "pulumi:pulumi:Stack") == {"production-is-registered"}
    account = "444455556666"
    dev = {"environment": {"name": "dev", "production": False}, "aws": {"accountId": account}}
    with started(copied, "dev", dev) as analyzer:
        assert "multi-az-in-production" not in broken(analyzer, "aws:rds/instance:Instance", multiAz=False)
        assert broken(analyzer, "pulumi:pulumi:Stack") == set()


@pytest.mark.long
def test_the_engine_applies_a_pack_that_lies_elsewhere(copied: Path, stack: Stack) -> None:
    stack.write(RESOURCES + KEPT)
    stack.succeed("preview", "--policy-pack", str(copied))
    stack.write(RESOURCES + LOG_GROUP.format(name="first", days=0))
    assert "logs-expire" in stack.fail("preview", "--policy-pack", str(copied)).output
