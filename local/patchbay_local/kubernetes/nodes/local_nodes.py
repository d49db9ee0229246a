"""The nodes of this machine, started and ended one by one."""

from httpx2 import HTTPError

from patchbay_local.kubernetes.cluster.api import Api
from patchbay_local.kubernetes.cluster.machine_image import ensure_image
from patchbay_local.kubernetes.cluster.node import NodeHost, NodeState
from patchbay_local.kubernetes.cluster.pki import Pki
from patchbay_local.kubernetes.cluster.records import NodeRecord, add_record, load_records
from patchbay_local.kubernetes.cluster.spec import ClusterImages, NodeSpec
from patchbay_local.machine import paths
from patchbay_local.machine.journal import Journal


class ClusterAwayError(RuntimeError):
    """The API server does not answer: what was begun is to be tried again."""


class LocalNodes:
    """Safe to use from several threads, for different nodes."""

    def __init__(self, journal: Journal, images: ClusterImages) -> None:
        self._host = NodeHost(journal=journal, pki=Pki(paths.PKI))
        self._api = Api(paths.KUBECONFIG)
        self._images = images

    def prepare(self) -> None:
        """Makes the image that the disks of nodes begin with. HostError where it cannot be made.

        Without it disks begin empty, and nodes take longer to start their first pods.
        """
        ensure_image(self._images)

    def records(self) -> dict[str, NodeRecord]:
        """By name."""
        return load_records()

    def state(self, record: NodeRecord) -> NodeState:
        """What there is of the node."""
        return self._host.state(record)

    def join(self, spec: NodeSpec) -> NodeRecord:
        """Starts the node, or goes on with a start that was interrupted; it is Ready some seconds later."""
        record = add_record(spec)
        self._host.ensure(record, self._images)
        if not self._api.is_ready():
            raise ClusterAwayError(f"{spec.name} waits for the API server")
        self._host.admit(record)
        return record

    def end(self, record: NodeRecord) -> None:
        """Kills the node and takes it off the cluster and off this machine."""
        # Its kubelet would register it anew.
        self._host.kill(record)
        try:
            self._api.delete_node(record.spec.name)
        except HTTPError as error:
            raise ClusterAwayError(f"{record.spec.name} is dead, but the API server does not forget it") from error
        self._host.remove(record)

    def forget_strangers(self, known: set[str]) -> list[str]:
        """Takes nodes off the cluster that are neither known nor on this machine; returns their names."""
        strangers = sorted(self._api.node_readiness().keys() - known - self.records().keys())
        for name in strangers:
            self._api.delete_node(name)
        return strangers

    def ready(self) -> set[str]:
        """Names of the nodes whose kubelets are Ready. httpx2.HTTPError where the API server does not answer."""
        return {name for name, ready in self._api.node_readiness().items() if ready}
