"""`make recover` on a stack whose state and AWS are the shell's own."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from patchbay_local.commands import recovery
from patchbay_local.deploy.stack.backend import PROJECT
from rich.console import Console

Cli = Callable[[str], list[list[str]]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A Pulumi CLI whose backend is at the URL, with an empty stack: the commands that it is given."""

    def use(url: str) -> list[list[str]]:
        given: list[list[str]] = []

        def run(command: list[Any], **_: Any) -> str:
            words = [str(word) for word in command[1:]]
            given.append(words)
            if "export" in words:
                Path(words[words.index("--file") + 1]).write_text('{"deployment": {}}')
            return json.dumps({"url": url}) if words[0] == "whoami" else ""

        monkeypatch.setattr(recovery, "run", run)
        return given

    return use


def recover(*, sure: bool) -> None:
    recovery.recover_stack(Console(quiet=True), "dev", emulated=False, is_sure=lambda _: sure)


def test_without_a_stack_nothing_is_asked_and_the_setting_is_named(cli: Cli) -> None:
    given = cli("s3://example-pulumi-state")
    with pytest.raises(RuntimeError, match="STACK: no stack is named; give it as STACK=NAME"):
        recovery.recover_stack(Console(quiet=True), "", emulated=False, is_sure=lambda _: True)
    assert not given


def test_nothing_is_done_to_a_shared_state_before_its_user_is_sure(cli: Cli) -> None:
    given = cli("s3://example-pulumi-state")
    with pytest.raises(RuntimeError, match="dev is not recovered: an update that still runs would lose its lock"):
        recover(sure=False)
    assert [words[0] for words in given] == ["whoami"]


def test_a_shared_state_is_recovered_once_its_user_is_sure(cli: Cli) -> None:
    given = cli("s3://example-pulumi-state")
    recover(sure=True)
    assert [words[0] for words in given] == ["whoami", "cancel", "stack", "refresh"]
    assert all("dev" in words for words in given[1:])


def test_the_state_of_a_directory_tells_by_itself(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / ".pulumi" / "locks" / "organization" / PROJECT / "dev"
    folder.mkdir(parents=True)
    lock = {"pid": os.getpid(), "hostname": "elsewhere.example", "timestamp": "2026-01-02T03:04:05Z"}
    (folder / "1.json").write_text(json.dumps(lock))
    given = cli(f"file://{tmp_path}")
    with pytest.raises(RuntimeError, match="an update of dev is running"):
        recover(sure=True)
    assert len(given) == 1
    (folder / "1.json").write_text(json.dumps({**lock, "hostname": socket.gethostname()}))  # of no `pulumi`
    recover(sure=False)
    assert len(given) == 5
