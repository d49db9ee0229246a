"""The machine is the same before `up` and after `down`, whatever was killed in between.

Starts and stops the machine's one cluster, so it runs only when asked: PATCHBAY_CLUSTER_LIFECYCLE=1 pytest -m
cluster_lifecycle. Needs built tools and images, and no environment that is up.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from patchbay_local import paths
from patchbay_local.cluster.cluster import Cluster
from patchbay_local.cluster.spec import ClusterSpec, NodeSpec
from patchbay_local.host.commands import run
from patchbay_local.host.journal import Journal
from patchbay_local.host.processes import TOKEN_VARIABLE
from patchbay_local.images import node_registry

pytestmark = [
    pytest.mark.cluster_lifecycle,
    pytest.mark.skipif(
        os.environ.get("PATCHBAY_CLUSTER_LIFECYCLE") != "1", reason="stops the machine's cluster; see the module's text"
    ),
]

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


def start() -> None:
    """What the killed command runs: a line of progress each."""
    Cluster(progress=lambda line: print(line, flush=True)).up()


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
    before = machine()
    journal = Journal(paths.RUN / "journal.jsonl")
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
@pytest.mark.parametrize("moment", ["etcd started", "kube-apiserver started", "API server", "3 nodes ready"])
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
def test_a_cluster_repairs_itself_takes_more_nodes_and_leaves_nothing() -> None:
    cluster = Cluster()
    cluster.up()
    assert cluster.status().healthy
    pids = {node.name: node.pid for node in cluster.status().nodes}

    victim = pids["node-2"]
    assert victim
    members = psutil.Process(victim).children(recursive=True)
    assert {"containerd", "kubelet", "kube-proxy"} <= {member.name() for member in members}
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: not any(member.is_running() and member.status() != "zombie" for member in members))
    assert not cluster.status().healthy
    cluster.up()
    assert cluster.status().healthy
    assert {node.name for node in cluster.status().nodes if node.pid != pids[node.name]} == {"node-2"}

    before = {daemon.name: daemon.pid for daemon in cluster.status().control_plane}
    Cluster(ClusterSpec(hpa_sync_seconds=15)).up()
    after = {daemon.name: daemon.pid for daemon in cluster.status().control_plane}
    assert {name for name in after if after[name] != before[name]} == {"kube-controller-manager"}

    cluster.add_node(NodeSpec(name="extra", zone="eu-central-1c"))
    extra = next(node for node in Cluster().status().nodes if node.name == "extra")
    assert extra.ready
    cluster.remove_node("extra")
    assert {node.name for node in cluster.status().nodes} == set(pids)
    assert "extra" not in run([str(paths.BIN / "kubectl"), "--kubeconfig", str(paths.KUBECONFIG), "get", "nodes"])
