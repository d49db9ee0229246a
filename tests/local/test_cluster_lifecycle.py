"""The machine is the same before `up` and after `down`, whatever was killed in between.

Starts and stops the machine's one cluster, so that it runs only in the complete set (`make test ARGS=--all`), or by
`make down` and `pytest -m cluster_lifecycle`. Needs built tools and images.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from patchbay_local.build.images import build as images
from patchbay_local.build.images import node_registry
from patchbay_local.kubernetes.cluster.cluster import Cluster
from patchbay_local.kubernetes.cluster.node import NodeState
from patchbay_local.kubernetes.cluster.spec import ClusterSpec, NodeSpec
from patchbay_local.kubernetes.nodes.local_nodes import LocalNodes
from patchbay_local.machine import paths
from patchbay_local.machine.journal import open_journal
from patchbay_local.machine.processes import TOKEN_VARIABLE, ProcessId
from patchbay_local.machine.programs import run

pytestmark = [pytest.mark.alone, pytest.mark.cluster_lifecycle]

SYSCTLS = (
    "fs/inotify/max_user_instances",
    "fs/inotify/max_user_watches",
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/ipv4/conf/all/send_redirects",
    "net/ipv4/ip_forward",
    "net/netfilter/nf_conntrack_max",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
START = "from tests.local.test_cluster_lifecycle import start; start()"


NODE = NodeSpec(instance_id=f"i-{1:017x}", zone="eu-central-1a", instance_type="m7i.large", group="system")


def start() -> None:
    """What the killed command runs: a line of progress each."""
    cluster = Cluster(progress=lambda line: print(line, flush=True))
    cluster.up()
    LocalNodes(open_journal(), cluster.images).join(NODE)
    print("node started", flush=True)


def machine() -> dict[str, list[str]]:
    """All that the cluster could leave behind."""
    settings = [Path("/proc/sys", name) for name in SYSCTLS]
    return {
        "processes": sorted(_marked_processes()),
        "mounts": sorted(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "network namespaces": sorted(run(["lsns", "--type", "net", "--noheadings", "--output", "NS"]).split()),
        "links": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "routes": sorted(line.strip() for line in run(["ip", "route"]).splitlines()),
        "packet filter": run(["nft", "list", "ruleset"]).splitlines(),
        "control groups": sorted(str(path) for path in Path("/sys/fs/cgroup").rglob("*patchbay*")),
        "kernel settings": [f"{path}={path.read_text().strip()}" for path in settings if path.exists()],
        "state": sorted(path.name for path in paths.STATE.iterdir()),
    }


def _marked_processes() -> Iterator[str]:
    for process in psutil.process_iter():
        try:
            groups = Path(f"/proc/{process.pid}/cgroup").read_text()
            if TOKEN_VARIABLE in process.environ() or "/patchbay/" in groups:
                yield f"{process.pid} {process.name()}"
        except (psutil.Error, OSError):
            continue


@pytest.fixture
def untouched() -> Iterator[dict[str, list[str]]]:
    """The machine without a cluster; checked to be the same afterwards."""
    if paths.KUBECONFIG.exists():
        pytest.fail("an environment is up: stop it first (make down)")
    # `make down` removes the lock, not the images that it names.
    images.write_lock()
    before = machine()
    journal = open_journal()
    node_registry.up(journal)
    try:
        yield before
    finally:
        Cluster().down()
        journal.undo()
    after = machine()
    # Modules that the kernel loaded meanwhile bring settings of their own.
    assert set(before.pop("kernel settings")) <= set(after.pop("kernel settings"))
    assert after == before


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("moment", ["etcd started", "kube-apiserver started", "API server", "node started"])
def test_a_start_that_is_killed_at_any_moment_leaves_nothing(moment: str) -> None:
    with subprocess.Popen([sys.executable, "-c", START], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout
        for line in command.stdout:
            if line.startswith(moment):
                break
        else:
            pytest.fail(f"ended before {moment!r}")
        command.kill()


@pytest.mark.usefixtures("untouched")
def test_a_control_plane_and_nodes_start_die_and_leave_nothing() -> None:
    cluster = Cluster()
    cluster.up()
    nodes = LocalNodes(open_journal(), cluster.images)
    record = nodes.join(NODE)
    wait_for(lambda: cluster.status().healthy)

    (node,) = cluster.status().nodes
    assert node.pid
    members = psutil.Process(node.pid).children(recursive=True)
    names: set[str] = set()
    for member in members:
        # Some of them are commands that end by themselves at any time.
        with contextlib.suppress(psutil.NoSuchProcess):
            names.add(member.name())
    assert {"containerd", "kubelet", "kube-proxy"} <= names
    running = [process for member in members if (process := ProcessId.of(member.pid))]
    os.kill(node.pid, signal.SIGKILL)
    wait_for(lambda: not any(process.is_alive() for process in running))
    assert nodes.state(record) is NodeState.DEAD
    assert not cluster.status().healthy
    nodes.end(record)
    assert nodes.ready() == set()
    assert cluster.status().nodes == ()

    before = {daemon.name: daemon.pid for daemon in cluster.status().control_plane}
    Cluster(ClusterSpec(hpa_sync_seconds=15)).up()
    after = {daemon.name: daemon.pid for daemon in cluster.status().control_plane}
    assert {name for name in after if after[name] != before[name]} == {"kube-controller-manager"}


@pytest.mark.usefixtures("untouched")
def test_a_start_that_was_killed_is_gone_on_with() -> None:
    with subprocess.Popen([sys.executable, "-c", START], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout
        assert any(line.startswith("node started") for line in command.stdout)
    cluster = Cluster()
    pids = {daemon.name: daemon.pid for daemon in cluster.status().control_plane}
    cluster.up()
    assert {daemon.name: daemon.pid for daemon in cluster.status().control_plane} == pids
    nodes = LocalNodes(open_journal(), cluster.images)
    (node,) = cluster.status().nodes
    nodes.join(NODE)
    wait_for(lambda: cluster.status().healthy)
    assert cluster.status().nodes[0].pid == node.pid
