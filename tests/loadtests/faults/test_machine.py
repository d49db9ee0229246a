"""What faults do to processes of this machine."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from patchbay_loadtests.faults.machine.clock import OFFSET_VARIABLE, library
from patchbay_loadtests.faults.machine.containers import calls, container_ids, processes_of
from patchbay_local.machine.processes import ProcessId


def test_processes_are_those_of_the_containers_groups_and_no_others(tmp_path: Path) -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        ours = tmp_path / "kubepods/burstable/pod1/aaa"
        others = tmp_path / "kubepods/burstable/pod2/bbb"
        for group, pid in ((ours, process.pid), (others, os.getpid())):
            group.mkdir(parents=True)
            (group / "cgroup.procs").write_text(f"{pid}\n")
        assert [found.pid for found in processes_of(tmp_path, ["aaa"])] == [process.pid]
        assert processes_of(tmp_path, ["ccc"]) == []
    finally:
        process.kill()
        process.wait()


def test_a_process_is_told_by_the_port_that_its_network_has_a_connection_to(tmp_path: Path) -> None:
    """The table is this machine's own, of a process with a connection to a server."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ours = ProcessId.of(os.getpid())
        assert ours is not None
        assert not calls(ours, port)
        with socket.create_connection(("127.0.0.1", port)):
            assert calls(ours, port)
            assert not calls(ours, port, tmp_path)


def test_only_running_containers_of_a_pod_are_meant() -> None:
    statuses = [
        {"containerID": "containerd://aaa", "state": {"running": {}}},
        {"containerID": "containerd://bbb", "state": {"terminated": {}}},
        {"state": {"waiting": {}}},
    ]
    assert container_ids({"status": {"containerStatuses": statuses}}) == ["aaa"]


def test_a_programs_wall_clock_is_off_while_its_other_clocks_run_as_ever(tmp_path: Path) -> None:
    shared_object = tmp_path / "clock.so"
    shared_object.write_bytes(asyncio.run(library()))
    show = (
        "import asyncio, datetime, time; began = time.monotonic(); "
        "asyncio.run(asyncio.wait_for(asyncio.to_thread(time.sleep, 0.2), 5)); "
        "print(time.time(), datetime.datetime.now(datetime.UTC).timestamp(), time.monotonic() - began)"
    )
    variables = {**os.environ, "LD_PRELOAD": str(shared_object), OFFSET_VARIABLE: "300"}
    done = subprocess.run([sys.executable, "-c", show], env=variables, capture_output=True, text=True, check=True)
    seconds, moment, slept = map(float, done.stdout.split())
    assert seconds - time.time() == pytest.approx(300, abs=30)
    assert moment == pytest.approx(seconds, abs=1)
    assert 0.2 <= slept < 100
