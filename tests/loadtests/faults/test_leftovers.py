"""What faults change is put back, also by the next run after a crash."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.kubectl import Kubectl
from patchbay_loadtests.faults.leftovers import (
    FIELD_MANAGER,
    Cordoned,
    Created,
    Ledger,
    Patched,
    Stopped,
    with_image,
    with_pods,
)
from patchbay_local.machine.processes import ProcessId

REDIS = Patched(namespace="patchbay-data", workload="statefulset/redis", back=with_pods(1))
API = Patched(namespace="patchbay-runtime", workload="deployment/api", back=with_image("api", "old"))
OWNED = {
    "metadata": {
        "resourceVersion": "7",
        "managedFields": [{"manager": "pulumi-kubernetes"}, {"manager": FIELD_MANAGER, "operation": "Update"}],
    }
}


class RecordedKubectl(Kubectl):
    """Keeps the commands; those that begin with a word of `failing` fail."""

    def __init__(self, answers: dict[str, str] | None = None) -> None:
        self.commands: list[str] = []
        self.failing: set[str] = set()
        self._answers = {"-n": json.dumps(OWNED), **(answers or {})}

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
    ledger.record(API)
    assert await ledger.put_back() == ["patched", "patched"]
    changes = [command for command in kubectl.commands if "--type=strategic" in command]
    assert [command.split(" --")[0] for command in changes] == [
        "-n patchbay-runtime patch deployment/api",
        "-n patchbay-data patch statefulset/redis",
    ]
    assert '"image": "old"' in changes[0]
    assert '"replicas": 1' in changes[1]
    assert not ledger.pending()
    assert await ledger.put_back() == []


async def test_what_a_killed_run_left_is_put_back_by_the_next_one(tmp_path: Path) -> None:
    Ledger(tmp_path / "leftovers", RecordedKubectl()).record(REDIS)
    kubectl = RecordedKubectl()
    assert await Ledger(tmp_path / "leftovers", kubectl).put_back() == ["patched"]
    assert kubectl.commands[0].startswith("-n patchbay-data patch statefulset/redis")


async def test_fields_that_were_changed_are_given_up_so_that_the_program_owns_them_again(tmp_path: Path) -> None:
    kubectl = RecordedKubectl()
    ledger = Ledger(tmp_path / "leftovers", kubectl)
    ledger.record(REDIS)
    await ledger.put_back()
    last = kubectl.commands[-1]
    assert "--type=merge" in last
    kept = json.loads(last.partition("--patch=")[2])
    assert kept == {"metadata": {"managedFields": [{"manager": "pulumi-kubernetes"}], "resourceVersion": "7"}}


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
    assert await ledger.put_back() == ["patched"]


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
