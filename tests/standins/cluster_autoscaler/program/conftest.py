"""One control plane and one emulated account for all tests of the folder; each has a group of its own."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from patchbay_operations.permissions.recorded import read

from tests.called import AUTOSCALER, hold
from tests.standins.aws.account import Account
from tests.standins.aws.launched import ACCOUNT, launched
from tests.standins.pulumi_plugins.control_plane import ControlPlane

_TEST: Final = re.compile(r"^def (test_\w+)\(", re.MULTILINE)


@pytest.fixture(scope="package")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture(scope="package")
def kubernetes(control_plane: ControlPlane) -> Iterator[httpx.Client]:
    with control_plane.client() as client:
        yield client


@pytest.fixture(scope="package")
def account(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Fails at the end where the program called what its role in production may not, or did not use a right of it."""
    directory = tmp_path_factory.mktemp("emulator")
    record = directory / "calls.jsonl"
    with launched(directory, record=record) as account:
        yield account
        made = [call for call in read(record) if call.environment == AUTOSCALER]
        hold(AUTOSCALER, ACCOUNT, made, whole=whole(request.session))


def whole(session: pytest.Session) -> bool:
    """Whether every test of the folder ran to its end: some of them alone have the program call less."""
    folder = Path(__file__).parent
    written = {name for file in folder.glob("test_*.py") for name in _TEST.findall(file.read_text())}
    chosen = {
        item.originalname for item in session.items if isinstance(item, pytest.Function) and item.path.parent == folder
    }
    return written <= chosen and not session.testsfailed
