"""`make emulate`, as a user runs it: the machine's own emulated account of dev is made anew."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from patchbay_local.deploy.emulation import Emulation
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.machine import paths
from patchbay_local.machine.journal import open_journal

PATCHBAY = (sys.executable, "-m", "patchbay_local")
REPORT = paths.REPORTS / "emulated" / "dev"


def emulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PATCHBAY, "emulate", "--stack", *arguments],
        cwd=paths.REPOSITORY,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def as_it_was() -> Iterator[None]:
    """The account is stopped afterwards, unless it ran before."""
    journal, emulation = open_journal(), Emulation.of(StackConfig.read("dev"))
    running = emulation.emulator.status(journal).pid is not None
    yield
    if not running:
        emulation.emulator.down(journal)


def result() -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads((REPORT / "result.json").read_text())
    return content


@pytest.mark.usefixtures("as_it_was")
def test_a_stack_is_deployed_checked_and_reported_and_then_there_is_nothing_to_change() -> None:
    first = emulate("dev", "--afresh")
    assert first.returncode == 0, first.stdout + first.stderr
    assert str(REPORT / "index.html") in first.stdout
    made = result()
    assert made["passed"]
    assert made["counts"]["VPC"] == 1
    assert {zone for zones in made["zones"].values() for zone in zones} == {f"eu-central-1{one}" for one in "abc"}
    assert {
        "source": "the internet",
        "target": "load balancer patchbay-dev-edge",
        "protocol": "tcp",
        "ports": "443",
    } in (made["reaches"])
    assert "<svg" in (REPORT / "network.svg").read_text()
    page = (REPORT / "index.html").read_text()
    assert all(check["question"] in page.replace("&#39;", "'") for check in made["checks"])

    second = emulate("dev")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "no changes" in second.stdout
    assert result()["counts"] == made["counts"]


def test_a_stack_that_is_not_there_is_told_with_those_that_are() -> None:
    refused = emulate("nowhere")
    assert refused.returncode != 0
    assert "dev, local, production, staging" in refused.stdout + refused.stderr
