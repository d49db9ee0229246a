"""Control groups are planned right for either version of the kernel's interface."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from patchbay_local.machine import cgroups
from patchbay_local.machine.cgroups import Hierarchy, Write
from patchbay_local.machine.changes import SubtreeControllers
from patchbay_local.machine.programs import HostError

UNIFIED = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
LEGACY = """31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset,clone_children
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
V2 = (Hierarchy(mount=Path("/sys/fs/cgroup"), version=2),)


def test_debians_default_is_managed_as_version_2() -> None:
    assert cgroups.managed(cgroups.parse_mounts(UNIFIED)) == V2


def test_a_hybrid_host_is_managed_as_version_1_with_every_controller() -> None:
    managed = cgroups.managed(cgroups.parse_mounts(LEGACY))
    assert {one.mount.name for one in managed} == {"cpu,cpuacct", "cpuset", "memory", "pids", "systemd"}
    assert {one.version for one in managed} == {1}
    assert {name for one in managed for name in one.controllers} == {"cpu", "cpuacct", "cpuset", "memory", "pids"}


def test_a_host_without_the_controllers_is_refused_with_the_remedy() -> None:
    mounts = cgroups.parse_mounts(LEGACY.replace("cgroup cgroup rw,memory", "cgroup cgroup rw,net_cls"))
    with pytest.raises(HostError, match="without memory: mount cgroup2"):
        cgroups.managed(mounts)


def test_version_2_enables_controllers_on_the_way_and_never_in_the_leaf() -> None:
    plan = cgroups.plan_group(
        V2, "/patchbay/node-1/daemons", root_controllers=("cpu", "cpuset", "io", "memory", "pids")
    )
    root = Path("/sys/fs/cgroup")
    directories = [directory for directory, _ in plan.steps]
    assert directories == [root, root / "patchbay", root / "patchbay/node-1", root / "patchbay/node-1/daemons"]
    for directory, writes in plan.steps[:-1]:
        assert [write.text for write in writes] == ["+cpu", "+cpuset", "+io", "+memory", "+pids"]
        assert {write.file for write in writes} == {directory / "cgroup.subtree_control"}
        assert [write.text for write in writes if not write.required] == ["+io"]
    assert plan.steps[-1][1] == ()


def test_version_1_gives_each_cpuset_its_cpus_before_any_process_enters() -> None:
    cpuset = Hierarchy(mount=Path("/sys/fs/cgroup/cpuset"), version=1, controllers=frozenset({"cpuset"}))
    memory = Hierarchy(mount=Path("/sys/fs/cgroup/memory"), version=1, controllers=frozenset({"memory"}))
    steps = dict(cgroups.plan_group((cpuset, memory), "/patchbay/node-1").steps)
    assert steps[Path("/sys/fs/cgroup/memory/patchbay")] == ()
    assert steps[Path("/sys/fs/cgroup/cpuset/patchbay/node-1")] == (
        Write(
            file=Path("/sys/fs/cgroup/cpuset/patchbay/node-1/cpuset.cpus"),
            text="@/sys/fs/cgroup/cpuset/patchbay/cpuset.cpus",
        ),
        Write(
            file=Path("/sys/fs/cgroup/cpuset/patchbay/node-1/cpuset.mems"),
            text="@/sys/fs/cgroup/cpuset/patchbay/cpuset.mems",
        ),
    )


def test_a_node_of_one_and_a_half_cores_gets_that_share_in_either_version() -> None:
    (write,) = cgroups.cpu_limit(V2, "/patchbay/node-1", 1.5)
    assert (write.file.name, write.text) == ("cpu.max", "150000 100000")
    legacy = cgroups.managed(cgroups.parse_mounts(LEGACY))
    limits = {write.file: write.text for write in cgroups.cpu_limit(legacy, "/patchbay/node-1", 1.5)}
    group = Path("/sys/fs/cgroup/cpu,cpuacct/patchbay/node-1")
    assert limits == {group / "cpu.cfs_period_us": "100000", group / "cpu.cfs_quota_us": "150000"}


def test_applying_a_plan_makes_the_groups_and_copies_from_the_parent(tmp_path: Path) -> None:
    (tmp_path / "cpuset.cpus").write_text("0-3\n")
    (tmp_path / "cpuset.mems").write_text("0\n")
    hierarchy = Hierarchy(mount=tmp_path, version=1, controllers=frozenset({"cpuset"}))
    for _ in range(2):
        cgroups.apply(cgroups.plan_group((hierarchy,), "/a/b"))
    assert (tmp_path / "a/b/cpuset.cpus").read_text() == "0-3"


def kernel_version_2() -> Hierarchy:
    """A hierarchy of version 2 with a controller to offer, where this user may use it."""
    for one in cgroups.detect():
        if one.version == 2 and os.access(one.mount / "cgroup.procs", os.W_OK):
            assert (one.mount / "cgroup.controllers").read_text().split(), f"{one.mount} offers no controller"
            return one
    pytest.fail("no control groups of version 2 that this user may change: mount cgroup2, run as root")


def test_the_kernel_takes_a_version_2_plan_and_gives_everything_back(monkeypatch: pytest.MonkeyPatch) -> None:
    hierarchy = kernel_version_2()
    hierarchies = (hierarchy,)
    monkeypatch.setattr(cgroups, "REQUIRED_CONTROLLERS", ())
    offered = cgroups.root_controllers(hierarchies)
    ((_, enabled),) = cgroups.enabled_at_root(hierarchies)
    top = f"/patchbay-test-{os.getpid()}"
    added = SubtreeControllers(
        directory=hierarchy.mount, controllers=tuple(name for name in offered if name not in enabled)
    )
    try:
        for _ in range(2):
            cgroups.apply(cgroups.plan_group(hierarchies, f"{top}/node/daemons", root_controllers=offered))
        (leaf,) = cgroups.process_files(hierarchies, f"{top}/node/daemons")
        inner = leaf.parents[1] / "cgroup.procs"
        with subprocess.Popen(
            ["sh", "-ec", f"echo 0 > {leaf}; echo in; exec sleep 60"], stdout=subprocess.PIPE
        ) as child:
            assert child.stdout
            assert child.stdout.readline() == b"in\n"
            assert leaf.read_text().split() == [str(child.pid)]
            with pytest.raises(OSError, match="busy"):
                inner.write_text(str(child.pid))
            cgroups.remove(top)
            assert child.wait() == -signal.SIGKILL
    finally:
        cgroups.remove(top)
        added.undo()
    assert not (hierarchy.mount / top.strip("/")).exists()
    assert cgroups.enabled_at_root(hierarchies) == ((hierarchy.mount, enabled),)


def test_the_root_group_is_never_removed() -> None:
    with pytest.raises(ValueError, match="below the root"):
        cgroups.remove("/")
