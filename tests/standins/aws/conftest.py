"""An emulated AWS account for all tests of this folder, each of which makes its own network and names."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from patchbay_local.deploy.emulator import Emulator
from patchbay_local.machine.journal import Journal

from tests.ports import free_port
from tests.standins.aws.account import Account

ACCOUNT_ID = "111122223333"


@pytest.fixture(scope="session")
def shared_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    directory = tmp_path_factory.mktemp("emulator")
    journal = Journal(directory / "journal")
    emulator = Emulator(
        "shared", free_port(), directory / "state", ACCOUNT_ID, run=directory / "run", logs=directory / "logs"
    )
    try:
        emulator.up(journal)
        yield emulator
    finally:
        journal.undo()


@pytest.fixture
def account(shared_emulator: Emulator) -> Account:
    """The account as boto3 sees it."""
    return Account(shared_emulator.url)


@pytest.fixture
def emulator(tmp_path: Path) -> Emulator:
    """One of the test's own, not started."""
    return Emulator("own", free_port(), tmp_path / "state", ACCOUNT_ID, run=tmp_path / "run", logs=tmp_path / "logs")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """What it records is undone at the test's end."""
    journal = Journal(tmp_path / "journal")
    yield journal
    journal.undo()
