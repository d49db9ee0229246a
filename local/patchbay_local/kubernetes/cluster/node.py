"""A node: containerd, kubelet and kube-proxy in namespaces and control groups of their own."""

import contextlib
import hashlib
import shutil
import time
from enum import Enum
from pathlib import Path

from patchbay_local.kubernetes.cluster import node_files
from patchbay_local.kubernetes.cluster.kubeconfig import write_kubeconfig
from patchbay_local.kubernetes.cluster.machine_files import DIRECTORY as MACHINE
from patchbay_local.kubernetes.cluster.machine_files import machine_files
from patchbay_local.kubernetes.cluster.machine_image import image_of, make_disk
from patchbay_local.kubernetes.cluster.pki import CLUSTER, Pki, node_request
from patchbay_local.kubernetes.cluster.records import NodeRecord
from patchbay_local.kubernetes.cluster.spec import ClusterImages
from patchbay_local.machine import addresses, cgroups, network, paths
from patchbay_local.machine.changes import Cgroup, Directory
from patchbay_local.machine.daemons import Daemon, Supervisor
from patchbay_local.machine.files import write_if_changed
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.processes import ProcessId
from patchbay_local.machine.programs import HostError

_INIT = Path(__file__).parent / "templates" / "node-init.sh"
# The kubelet writes these for the whole machine.
KUBELET_SYSCTLS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)


class NodeState(Enum):
    """UNFINISHED: its start was interrupted, or the machine was restarted; DEAD: its first process has ended."""

    UNFINISHED = "unfinished"
    RUNNING = "running"
    DEAD = "dead"


class NodeHost:
    """Starts and removes nodes on this machine."""

    def __init__(self, *, journal: Journal, pki: Pki) -> None:
        self._journal = journal
        self._pki = pki

    def supervisor(self, record: NodeRecord) -> Supervisor:
        return Supervisor(run=paths.RUN, logs=paths.LOGS, journal=self._journal, scope=record.scope)

    def ensure(self, record: NodeRecord, images: ClusterImages) -> bool:
        """Starts the node unless it runs as described; True if it was started. Its daemons wait for `admit`."""
        self._journal.record(record.scope, Directory(path=record.directory))
        digest = self._write_files(record, images)
        hierarchies = cgroups.managed(cgroups.detect())
        daemons = cgroups.process_files(hierarchies, f"{record.cgroup}/daemons")
        daemon = Daemon(
            name=record.daemon,
            # All the node's processes die with the first one, and its namespaces with them.
            argv=(
                *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
                *("--propagation", "private", "--", "/bin/bash", str(_INIT)),
                str(record.directory),
                str(paths.CACHE),
                str(paths.LOGS),
                f"{record.address}/{addresses.BRIDGE_NETWORK.prefixlen}",
                str(addresses.BRIDGE_ADDRESS),
                str(paths.VOLUMES),
            ),
            cgroup_files=daemons,
            stop_grace_seconds=0,
            inputs=(digest, hashlib.sha256(_INIT.read_bytes()).hexdigest()),
        )
        supervisor = self.supervisor(record)
        if not supervisor.runs(daemon):
            supervisor.stop(record.daemon)
            self._admission(record).unlink(missing_ok=True)
            make_disk(record.directory / "disk.img", record.spec.size.disk_gib, image_of(images))
            # For each group that dead containers left, a kubelet that starts asks containerd for seconds.
            cgroups.remove(record.cgroup)
        self._make_cgroup(record, hierarchies)
        started = supervisor.ensure(daemon)
        process = supervisor.process(record.daemon)
        if process is None:
            raise HostError(f"{record.daemon}: ended at once: {supervisor.last_words(record.daemon)}")
        if started:
            _wait_for_namespace(process)
            # The kernel may still hold the cable of a node that was killed.
            network.disconnect(record.link)
        network.connect(self._journal, record.scope, record.link, process.pid, record.hardware_address)
        network.ensure_pod_route(self._journal, record.scope, record.pods, record.address)
        return started

    def admit(self, record: NodeRecord) -> None:
        """Lets the node's daemons go to the API server, which has to be ready. It is complete then."""
        self._admission(record).touch()

    def state(self, record: NodeRecord) -> NodeState:
        """What there is of the node."""
        supervisor = self.supervisor(record)
        if not supervisor.was_started(record.daemon):
            return NodeState.UNFINISHED
        if supervisor.process(record.daemon) is None:
            return NodeState.DEAD
        return NodeState.RUNNING if self._admission(record).exists() else NodeState.UNFINISHED

    def kill(self, record: NodeRecord) -> None:
        """Ends all of the node's processes and keeps its record. Nothing happens where it is dead."""
        self.supervisor(record).stop(record.daemon)

    def _admission(self, record: NodeRecord) -> Path:
        return record.directory / str(node_files.CONFIGURATION).lstrip("/") / "api-is-ready"

    def remove(self, record: NodeRecord) -> None:
        """Kills the node and removes all that it left on the machine."""
        self._journal.undo(record.scope)
        self._pki.remove(f"nodes/{record.spec.name}")

    def _make_cgroup(self, record: NodeRecord, hierarchies: tuple[cgroups.Hierarchy, ...]) -> None:
        self._journal.record(record.scope, Cgroup(path=record.cgroup))
        offered = cgroups.root_controllers(hierarchies)
        cgroups.apply(cgroups.plan_group(hierarchies, f"{record.cgroup}/daemons", root_controllers=offered))
        for write in cgroups.cpu_limit(hierarchies, record.cgroup, record.spec.size.cpus):
            cgroups.write_control(write)

    def _write_files(self, record: NodeRecord, images: ClusterImages) -> str:
        """All that the node's programs read; the digest changes when any of it does."""
        spec = record.spec
        pair = self._pki.ensure(node_request(spec.name, record.address))
        root = record.directory
        configuration = root / str(node_files.CONFIGURATION).lstrip("/")
        for directory in (paths.CACHE, paths.LOGS, paths.VOLUMES):
            directory.mkdir(parents=True, exist_ok=True)
            # Where the node's own /var gets the host's directory mounted.
            (root / str(directory).lstrip("/")).mkdir(parents=True, exist_ok=True)
        (root / "var/tmp").mkdir(parents=True, exist_ok=True)
        contents = {
            **{root / MACHINE / name: text for name, text in machine_files(spec.size).items()},
            root / "etc/hosts": node_files.hosts_file(spec, record.address),
            configuration / "containerd.toml": node_files.containerd_config(images.pause),
            configuration / "certs.d" / addresses.REGISTRY_HOST / "hosts.toml": node_files.registry_hosts(),
            configuration / "cni/patchbay.conflist": node_files.cni_config(record.pods),
            configuration / "kubelet.yaml": node_files.kubelet_config(spec, cgroup=record.cgroup),
            configuration / "kubelet.flags": node_files.kubelet_flags(spec, record.address),
            configuration / "kube-proxy.yaml": node_files.kube_proxy_config(spec),
            configuration / "resolv.conf": node_files.resolv_conf(network.host_nameservers()),
            configuration / "pki/node.crt": pair.certificate.read_text(encoding="ascii"),
            configuration / "pki/node.key": pair.key.read_text(encoding="ascii"),
            configuration / "pki/ca.crt": self._pki.pair(CLUSTER).certificate.read_text(encoding="ascii"),
        }
        for path, text in contents.items():
            write_if_changed(path, text, mode=0o600 if path.suffix == ".key" else 0o644)
        write_kubeconfig(configuration / "kubelet.kubeconfig", self._pki, pair, user=f"system:node:{spec.name}")
        proxy = self._pki.pair("kube-proxy")
        write_kubeconfig(configuration / "kube-proxy.kubeconfig", self._pki, proxy, user="system:kube-proxy")
        archives = configuration / "images"
        shutil.rmtree(archives, ignore_errors=True)
        archives.mkdir(parents=True)
        for archive in images.archives:
            shutil.copyfile(archive, archives / archive.with_suffix(".tar").name)
        names = [str(archive) for archive in images.archives]
        return hashlib.sha256("\0".join([*contents.values(), *names]).encode()).hexdigest()


def _wait_for_namespace(process: ProcessId) -> None:
    own = Path("/proc/self/ns/net").readlink()
    deadline = time.monotonic() + 10
    while process.is_alive() and time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            if Path(f"/proc/{process.pid}/ns/net").readlink() != own:
                return
        time.sleep(0.005)
    raise HostError(f"pid {process.pid}: got no network namespace")
