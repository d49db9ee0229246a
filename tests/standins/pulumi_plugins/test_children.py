"""Child processes of the language host end with it."""

import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from patchbay_standins.pulumi_plugins.language_host.children import Children
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

SLEEP = ["sleep", "600"]
DEADLINE_SECONDS = 60


def test_a_child_that_is_starting_when_the_host_stops_is_ended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    children, starting, may_go_on = Children(), threading.Event(), threading.Event()
    statuses: list[int] = []
    start = subprocess.Popen

    def start_slowly(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        starting.set()
        assert may_go_on.wait(DEADLINE_SECONDS)
        return start(*arguments, **options)

    def run() -> None:
        with children.run(SLEEP, cwd=str(tmp_path), environment=dict(os.environ)) as child:
            statuses.append(child.wait(DEADLINE_SECONDS))

    monkeypatch.setattr(subprocess, "Popen", start_slowly)
    running, closing = threading.Thread(target=run), threading.Thread(target=children.close)
    running.start()
    assert starting.wait(DEADLINE_SECONDS)
    closing.start()
    # Without a wait for the start, closing would be over by now; with one it cannot be.
    closing.join(0.2)
    may_go_on.set()
    for thread in (running, closing):
        thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive()
    assert statuses == [-15]


def test_no_child_starts_once_the_host_has_stopped(tmp_path: Path) -> None:
    children = Children()
    children.close()
    with (
        pytest.raises(ProviderError, match="being stopped"),
        children.run(SLEEP, cwd=str(tmp_path), environment=dict(os.environ)),
    ):
        pass
