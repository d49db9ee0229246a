"""The local cluster: its control plane up, all of it down, its status."""

import contextlib
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import psutil
from httpx2 import HTTPError

from patchbay_local.kubernetes.cluster import control_plane, dns, storage
from patchbay_local.kubernetes.cluster.api import Api
from patchbay_local.kubernetes.cluster.kubeconfig import API_SERVER_URL, write_kubeconfig
from patchbay_local.kubernetes.cluster.node import KUBELET_SYSCTLS, NodeHost
from patchbay_local.kubernetes.cluster.pki import Pki
from patchbay_local.kubernetes.cluster.records import CGROUP, NodeRecord, load_records
from patchbay_local.kubernetes.cluster.spec import ClusterImages, ClusterSpec
from patchbay_local.kubernetes.cluster.status import ClusterStatus, NodeStatus
from patchbay_local.machine import cgroups, network, paths
from patchbay_local.machine.changes import Cgroup, Directory, SubtreeControllers
from patchbay_local.machine.daemons import Daemon, Supervisor
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.programs import run

Progress = Callable[[str], None]
SCOPE = "cluster"
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
_DEADLINE_SECONDS = 120
_INOTIFY_INSTANCES = 8192  # a kubelet and containerd of each node watch files; Debian allows 128 per user
_INOTIFY_WATCHES = 524288


class ClusterError(RuntimeError):
    """The cluster did not come up; the message names the part and where to look."""


def _holds(condition: Callable[[], bool]) -> bool:
    """What cannot be asked does not hold yet."""
    try:
        return condition()
    except HTTPError:
        return False


def _silent(_: str) -> None:
    pass


class Cluster:
    """The one cluster of this machine. All state is on disk: any number of instances see the same cluster."""

    def __init__(
        self, spec: ClusterSpec | None = None, *, progress: Progress = _silent, journal: Journal | None = None
    ) -> None:
        self.spec = spec or ClusterSpec()
        self._progress = progress
        self._journal = journal or Journal(paths.RUN / "journal.jsonl")
        self._pki = Pki(paths.PKI)
        self._supervisor = Supervisor(run=paths.RUN, logs=paths.LOGS, journal=self._journal, scope=SCOPE)
        self._nodes = NodeHost(journal=self._journal, pki=self._pki)

    def up(self) -> None:
        """Starts what does not run of the control plane, as the spec says, and waits until the API server is ready.

        Nodes join and leave as their instances do (`kubernetes.nodes`); cluster DNS runs as soon as there are some.
        """
        images = self.images
        self._prepare_host()
        self._pki.ensure_control_plane()
        write_kubeconfig(paths.KUBECONFIG, self._pki, self._pki.pair("admin"), user="patchbay-admin")
        with contextlib.closing(Api(paths.KUBECONFIG)) as api:
            self._start_control_plane(api)
        self._apply_dns(images.coredns)
        storage.ensure()

    def wait_for_dns(self) -> None:
        """Returns once cluster DNS answers. ClusterError if it does not."""
        with contextlib.closing(Api(paths.KUBECONFIG)) as api:
            self._wait(
                "cluster DNS",
                lambda: api.deployment_is_available(dns.NAMESPACE, dns.DEPLOYMENT),
                f"see kubectl -n {dns.NAMESPACE} describe pods -l k8s-app=kube-dns",
            )

    def down(self) -> None:
        """Ends every process of the cluster and puts the host back; nothing is left of it, nor of a crashed start."""
        self._journal.undo(SCOPE)
        self._progress("control plane and nodes ended")
        self._journal.undo(network.SCOPE)
        paths.KUBECONFIG.unlink(missing_ok=True)
        self._progress("host put back")

    def status(self) -> ClusterStatus:
        """Also where nothing runs."""
        records = list(load_records().values())
        ready: set[str] = set()
        api_ready = False
        if paths.KUBECONFIG.exists():
            with contextlib.closing(Api(paths.KUBECONFIG)) as api:
                api_ready = api.is_ready()
                with contextlib.suppress(HTTPError):
                    ready = self._ready_names(api, records)
        return ClusterStatus(
            api_server=API_SERVER_URL,
            kubeconfig=paths.KUBECONFIG,
            api_ready=api_ready,
            control_plane=tuple(self._supervisor.status(name) for name in CONTROL_PLANE),
            nodes=tuple(
                NodeStatus(
                    name=record.spec.name,
                    instance_type=record.spec.instance_type,
                    group=record.spec.group,
                    zone=record.spec.zone,
                    provider_id=record.spec.provider_id,
                    address=record.address,
                    pid=self._nodes.supervisor(record).status(record.daemon).pid,
                    ready=record.spec.name in ready,
                )
                for record in records
            ),
        )

    @property
    def images(self) -> ClusterImages:
        """Those of the spec, or of the image lock."""
        return self.spec.images or ClusterImages.from_lock()

    def _prepare_host(self) -> None:
        for directory in (paths.PKI, paths.ETCD, paths.NODES, paths.VOLUMES):
            self._journal.record(SCOPE, Directory(path=directory))
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in KUBELET_SYSCTLS:
            self._journal.keep_sysctl(SCOPE, name)
        self._journal.set_sysctl(SCOPE, "fs/inotify/max_user_instances", str(_INOTIFY_INSTANCES), minimum=True)
        self._journal.set_sysctl(SCOPE, "fs/inotify/max_user_watches", str(_INOTIFY_WATCHES), minimum=True)
        if others := network.ensure_bridge(self._journal):
            self._progress(f"other firewalls let the nodes through: {', '.join(others)}")
        hierarchies = cgroups.managed(cgroups.detect())
        offered = cgroups.root_controllers(hierarchies)
        for mount, enabled in cgroups.enabled_at_root(hierarchies):
            if missing := tuple(name for name in offered if name not in enabled):
                self._journal.record(SCOPE, SubtreeControllers(directory=mount, controllers=missing))
        self._journal.record(SCOPE, Cgroup(path=CGROUP))
        cgroups.apply(cgroups.plan_group(hierarchies, f"{CGROUP}/control-plane", root_controllers=offered))

    def _start_control_plane(self, api: Api) -> None:
        group = cgroups.process_files(cgroups.managed(cgroups.detect()), f"{CGROUP}/control-plane")
        self._ensure_daemon(control_plane.etcd(self._pki, group))
        self._ensure_daemon(control_plane.api_server(self._pki, group))
        self._wait("API server", api.is_ready, f"see {self._supervisor.log('kube-apiserver')}", "kube-apiserver")
        self._ensure_daemon(control_plane.controller_manager(self._pki, self.spec, group))
        self._ensure_daemon(control_plane.scheduler(self._pki, group))

    def _ensure_daemon(self, daemon: Daemon) -> None:
        if self._supervisor.ensure(daemon):
            self._progress(f"{daemon.name} started")

    def _apply_dns(self, image: str) -> None:
        objects = dns.manifests(image, network.host_nameservers())
        run(
            [
                *(str(paths.BIN / "kubectl"), "--kubeconfig", str(paths.KUBECONFIG)),
                *("apply", "--server-side", "--force-conflicts", "--field-manager=patchbay-cluster", "-f", "-"),
            ],
            stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}),
            timeout_seconds=60,
        )

    def _ready_names(self, api: Api, records: Sequence[NodeRecord]) -> set[str]:
        """Nodes whose kubelet has reported since the node's process began: an old report may be a dead node's."""
        readiness, renewals, starts = api.node_readiness(), api.lease_renewals(), self._starts(records)
        return {
            name
            for name, start in starts.items()
            if readiness.get(name) and name in renewals and renewals[name] > start
        }

    def _starts(self, records: Sequence[NodeRecord]) -> dict[str, datetime]:
        """When each running node's first process began, by node name."""
        starts = {}
        for record in records:
            process = self._nodes.supervisor(record).process(record.daemon)
            with contextlib.suppress(psutil.NoSuchProcess):
                if process:
                    starts[record.spec.name] = datetime.fromtimestamp(psutil.Process(process.pid).create_time(), UTC)
        return starts

    def _wait(
        self,
        what: str,
        condition: Callable[[], bool],
        remedy: str,
        *daemons: str,
    ) -> None:
        begun = time.monotonic()
        while not _holds(condition):
            for name in daemons:
                if self._supervisor.process(name) is None:
                    raise ClusterError(f"{name} ended: {self._supervisor.last_words(name)}")
            if time.monotonic() - begun > _DEADLINE_SECONDS:
                raise ClusterError(f"{what}: not in {_DEADLINE_SECONDS} s; {remedy}")
            time.sleep(0.1)
        self._progress(f"{what}: {time.monotonic() - begun:.1f} s")
