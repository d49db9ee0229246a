"""What faults change is put back, also by the next run after a crash."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patchbay_faults.kubectl import Kubectl
from patchbay_faults.leftovers import Cordoned, Created, Ledger, RolledOut, Scaled, Stopped
from patchbay_loadtests.errors import UnusableEnvironmentError
from patchbay_local.host.processes import ProcessId

REDIS = Scaled(namespace="patchbay-data", workload="statefulset/redis", replicas=1)


class RecordedKubectl(Kubectl):
    """Keeps the commands; those that begin with a word of `failing` fail."""

    def __init__(self, answers: dict[str, str] | None = None) -> None:
        self.commands: list[str] = []
        self.failing: set[str] = set()
        self._answers = answers or {}

    async def __call__(self, *arguments: str, stdin: str | None = None, seconds: float = 30) -> str:  # noqa: ARG002
        # The arguments that are not kept are the base class's.
        command = " ".join(arguments)
        self.commands.append(command)
        if any(word in command for word in self.failing):
            raise UnusableEnvironmentError(f"kubectl {command}: refused")
        return next((answer for start, answer in self._answers.items() if command.startswith(start)), "")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def test_changes_are_put_back_latest_first_and_forgotten(tmp_path: Path) -> None:
    kubectl = RecordedKubectl()
    ledger = Ledger(tmp_path / "leftovers", kubectl)
    ledger.record(REDIS)
    ledger.record(RolledOut(namespace="patchbay-runtime", deployment="api", container="api", image="old"))
    assert await ledger.put_back() == ["rolled_out", "scaled"]
    assert kubectl.commands == [
        "-n patchbay-runtime set image deployment/api api=old",
        "-n patchbay-data scale statefulset/redis --replicas=1",
    ]
    assert not ledger.pending()
    assert await ledger.put_back() == []


async def test_what_a_killed_run_left_is_put_back_by_the_next_one(tmp_path: Path) -> None:
    Ledger(tmp_path / "leftovers", RecordedKubectl()).record(REDIS)
    kubectl = RecordedKubectl()
    assert await Ledger(tmp_path / "leftovers", kubectl).put_back() == ["scaled"]
    assert kubectl.commands == ["-n patchbay-data scale statefulset/redis --replicas=1"]


async def test_what_cannot_be_put_back_stays_recorded_and_the_rest_is_put_back(tmp_path: Path) -> None:
    kubectl = RecordedKubectl()
    kubectl.failing = {"redis"}
    ledger = Ledger(tmp_path / "leftovers", kubectl)
    ledger.record(REDIS)
    ledger.record(Created(namespace="patchbay-runtime"))
    with pytest.raises(UnusableEnvironmentError, match=r"not put back: .*redis"):
        await ledger.put_back()
    assert ledger.pending() == [REDIS]
    kubectl.failing = set()
    assert await ledger.put_back() == ["scaled"]


async def test_a_stopped_process_goes_on(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    process = ProcessId.of(sleeper.pid)
    assert process
    ledger = Ledger(tmp_path / "leftovers", RecordedKubectl())
    ledger.record(Stopped(process=process))
    os.kill(sleeper.pid, signal.SIGSTOP)
    wait_for(lambda: state_of(sleeper.pid) == "T")
    await ledger.put_back()
    wait_for(lambda: state_of(sleeper.pid) == "S")


async def test_a_node_that_was_given_back_meanwhile_needs_no_uncordoning(tmp_path: Path) -> None:
    kubectl = RecordedKubectl()
    ledger = Ledger(tmp_path / "leftovers", kubectl)
    ledger.record(Cordoned(node="i-0123456789abcdef0"))
    await ledger.put_back()
    assert not [command for command in kubectl.commands if command.startswith("uncordon")]

    kubectl = RecordedKubectl({"get node": "node/i-0123456789abcdef0"})
    ledger = Ledger(tmp_path / "leftovers", kubectl)
    ledger.record(Cordoned(node="i-0123456789abcdef0"))
    await ledger.put_back()
    assert kubectl.commands[-1] == "uncordon i-0123456789abcdef0"


def test_the_same_change_is_recorded_once_with_its_first_state(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "leftovers", RecordedKubectl())
    ledger.record(REDIS)
    ledger.record(REDIS)
    assert ledger.pending() == [REDIS]


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
