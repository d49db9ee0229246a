"""The runbook's commands are those that there are, and its steps those that are run."""

import re
import shlex
from pathlib import Path

import pytest
from patchbay_operations.restore import command
from patchbay_operations.restore.put_back import Names
from typer.testing import CliRunner

REPOSITORY = Path(__file__).resolve().parents[3]
RUNBOOK = (REPOSITORY / "docs" / "restore.md").read_text()


def test_the_command_is_taken_as_it_stands_there(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = re.findall(r"^ *\.venv/bin/python -m patchbay_operations\.restore (.*)$", RUNBOOK, re.M)
    seen: list[object] = []

    def run(*arguments: object, **_: object) -> int:
        seen.extend(arguments)
        return 0

    monkeypatch.setattr(command, "run", run)
    done = CliRunner().invoke(command.app, shlex.split(line))
    assert done.exit_code == 0, done.output
    file, tenant, point, _ = seen
    assert (REPOSITORY / str(file)).is_file()
    assert tenant == "example"
    assert str(point) == "2026-01-31 12:00:00+00:00"


def test_the_names_are_those_that_are_made() -> None:
    names = Names("tenant_example")
    assert f"DROP DATABASE {names.before}" in RUNBOOK
    assert names.carried.replace("example", "<name>") in RUNBOOK


def test_the_steps_are_those_of_the_report() -> None:
    source = (REPOSITORY / "operations/patchbay_operations/restore/steps.py").read_text()
    told = re.findall(r"^\| `([a-z ]+)` \|", RUNBOOK, re.M)
    assert sorted(told) == sorted(re.findall(r'timed\("([a-z ]+)"\)', source))
