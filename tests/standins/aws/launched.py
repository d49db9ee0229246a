"""An emulated account of a test module's own, for tests that ask for all there is in it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from patchbay_local.deploy.emulator import Emulator
from patchbay_local.machine.journal import Journal

from tests.ports import free_port
from tests.standins.aws.account import Account

ACCOUNT = "111122223333"
NAME_TAG = [{"Key": "Name", "Value": "example"}]


@contextmanager
def launched(directory: Path, *, record: Path | None = None) -> Iterator[Account]:
    """An empty account. `record`: a file for all calls."""
    journal = Journal(directory / "journal")
    run, logs = directory / "run", directory / "logs"
    emulator = Emulator("launched", free_port(), directory / "state", ACCOUNT, run=run, logs=logs, record=record)
    try:
        emulator.up(journal)
        yield Account(emulator.url, record)
    finally:
        journal.undo()


def tags(listed: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in listed}
