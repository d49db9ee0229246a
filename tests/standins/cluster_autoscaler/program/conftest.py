"""One control plane and one emulated account for all tests of the folder; each has a group of its own."""

from collections.abc import Iterator

import httpx
import pytest
from patchbay_operations.permissions.recorded import read

from tests.called import AUTOSCALER, hold
from tests.standins.aws.account import Account
from tests.standins.aws.launched import ACCOUNT, launched
from tests.standins.pulumi_plugins.control_plane import ControlPlane


@pytest.fixture(scope="package")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture(scope="package")
def kubernetes(control_plane: ControlPlane) -> Iterator[httpx.Client]:
    with control_plane.client() as client:
        yield client


@pytest.fixture(scope="package")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Fails at the end where the program called what its role in production may not."""
    directory = tmp_path_factory.mktemp("emulator")
    record = directory / "calls.jsonl"
    with launched(directory, record=record) as account:
        yield account
        hold(AUTOSCALER, ACCOUNT, [call for call in read(record) if call.environment == AUTOSCALER])
