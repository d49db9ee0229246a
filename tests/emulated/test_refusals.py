"""What is refused before anything is created: wrong config, and an AWS that is not an emulated one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.machine.programs import CommandError
from patchbay_operations.inventory.read import inventory

from tests.emulated.deployment import Deployment, empty_account


def _world(infra: dict[str, Any]) -> None:
    infra["clusters"]["shared"]["endpointAllowlist"] = ["0.0.0.0/0"]


def _misspelt(infra: dict[str, Any]) -> None:
    infra["databases"]["multiAZ"] = True


def _no_emulator(infra: dict[str, Any]) -> None:
    del infra["aws"]["endpoint"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(
            _world,
            ["patchbay:infra.clusters.shared.endpointAllowlist", "narrow it to the offices' or VPN's"],
            id="an API server open to the world",
        ),
        pytest.param(
            _misspelt, ["patchbay:infra.databases.multiAZ", "correct its spelling or remove it"], id="a misspelt field"
        ),
        pytest.param(
            _no_emulator,
            ["only talks to an emulator on this machine", "set `aws.endpoint` in the stack's config"],
            id="AWS itself",
        ),
    ],
)
def test_nothing_is_created(spoil: Callable[[dict[str, Any]], None], said: list[str], empty: Deployment) -> None:
    nothing = inventory(empty.emulation.access)
    spoil_config(empty, spoil)
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        with pytest.raises(CommandError) as refused:
            empty.emulation.stack.command(*command, keep=True)
        for words in said:
            assert words in " ".join(str(refused.value).split())
        assert inventory(empty.emulation.access) == nothing


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Nothing is ever made in it."""
    with empty_account(tmp_path_factory.mktemp("empty"), StackConfig.read("dev")) as empty:
        yield empty


@pytest.fixture
def empty(account: Deployment) -> Iterator[Deployment]:
    """With the stack's own config, to be spoilt."""
    account.emulation.stack.prepare()
    file = account.emulation.config_file
    content = file.read_text()
    yield account
    file.write_text(content)


def spoil_config(deployment: Deployment, spoil: Callable[[dict[str, Any]], None]) -> None:
    file = deployment.emulation.config_file
    content = yaml.safe_load(file.read_text())
    spoil(content["config"]["patchbay:infra"])
    file.write_text(yaml.safe_dump(content))
