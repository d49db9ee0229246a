"""Another vendor's emulator takes what the program makes, but for what the tables say: dev, by the real engine."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from patchbay_local.deploy.people import make_roles
from patchbay_local.deploy.stack.backend import Backend
from patchbay_local.deploy.stack.stack import Stack
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.machine.programs import CommandError
from patchbay_operations.access import Access
from patchbay_operations.checks.facts import Facts
from patchbay_operations.checks.run import CHECKS

from tests.emulated.second.differences import READ_OTHERWISE, REFUSED, UNSEEN
from tests.emulated.second.ministack import ministack

pytestmark = pytest.mark.long
_FAILED = re.compile(r"^\s*\+\s+(aws:\S+) \S+ \*\*creating failed\*\*")
_KEYS = ("example", "example", None)


@dataclass(frozen=True)
class Deployed:
    """`refused`: by type as the engine's state has it, how many. `made`: the same."""

    stack: Stack
    access: Access
    refused: Counter[str]
    made: Counter[str]


@pytest.fixture(scope="module")
def deployment(pulumi: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Deployed]]:
    """Deployed by the first test that asks for it, which has the engine's own plugins by then."""
    config, directory = StackConfig.read("dev"), tmp_path_factory.mktemp("second")
    with ministack(directory / "ministack", account=config.account, region=config.region) as url:
        yield cache(partial(deploy, config, url, directory, pulumi))


@pytest.fixture
def deployed(deployment: Callable[[], Deployed]) -> Deployed:
    return deployment()


def deploy(config: StackConfig, url: str, directory: Path, pulumi: Path) -> Deployed:
    """What is refused keeps nothing else from being made."""
    access = Access(config.region, url, _KEYS)
    make_roles(access, config.account, config.people)
    file = directory / "Pulumi.dev.yaml"
    config.write_emulated(file, url)
    environment = {
        "PULUMI_HOME": str(pulumi.parent / "home"),
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": config.region,
        "AWS_ACCESS_KEY_ID": _KEYS[0],
        "AWS_SECRET_ACCESS_KEY": _KEYS[1],
    }
    stack = Stack("dev", Backend(directory / "state"), config_file=file, environment=environment)
    stack.prepare()
    refused: Counter[str] = Counter()

    def watch(line: str) -> None:
        if found := _FAILED.match(line):
            refused[found[1]] += 1

    with pytest.raises(CommandError):
        stack.command("up", "--yes", "--skip-preview", "--continue-on-error", on_line=watch)
    resources = json.loads(stack.command("stack", "export", keep=True))["deployment"]["resources"]
    made = Counter(str(one["type"]) for one in resources if one.get("custom") and one["type"].startswith("aws:"))
    return Deployed(stack, access, refused, made)


def short(token: str) -> str:
    """`aws:ec2:FlowLog` of `aws:ec2/flowLog:FlowLog`, as the engine prints it."""
    package, module, name = token.split(":")
    return f"{package}:{module.partition('/')[0]}:{name}"


def test_it_refuses_what_the_table_says_and_takes_all_else(deployed: Deployed) -> None:
    assert set(deployed.refused) == {short(token) for token in REFUSED}
    assert sum(deployed.made.values()) > 250
    # Those that the requirement names: what is not refused is there.
    for token in ("eks/cluster:Cluster", "eks/nodeGroup:NodeGroup", "rds/instance:Instance", "wafv2/webAcl:WebAcl"):
        assert deployed.made[f"aws:{token}"], token
    assert deployed.made["aws:iam/role:Role"] > 5


def test_what_it_took_reads_back_as_it_was_made_but_for_the_table(deployed: Deployed) -> None:
    steps = json.loads(deployed.stack.preview("--refresh", "--json"))["steps"]
    found: dict[str, set[str]] = defaultdict(set)
    for step in steps:
        if step["op"] in {"update", "replace"}:
            found[type_of(step)].update(step.get("diffReasons") or [])
    assert found == {token: set(inputs) for token, inputs in READ_OTHERWISE.items()}


def type_of(step: dict[str, Any]) -> str:
    return str(step["urn"]).split("::")[2].rpartition("$")[2]


def test_every_check_holds_there_too_but_for_the_table(deployed: Deployed) -> None:
    facts = Facts(deployed.access, "dev", production=False)
    broken = {}
    for check in CHECKS:
        try:
            result = check.run(facts)
        except Exception as error:  # an answer that lacks what AWS' has
            broken[check.name] = f"{type(error).__name__}: {error}"
        else:
            if not result.passed:
                broken[check.name] = "; ".join(result.faults)
    assert set(broken) == set(UNSEEN), broken
