"""The HPA's sync period of this machine's cluster, changed for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console

from patchbay_local.kubernetes.cluster.cluster import Cluster
from patchbay_local.kubernetes.cluster.spec import ClusterSpec
from patchbay_local.machine.journal import open_journal

# kube-controller-manager's --horizontal-pod-autoscaler-sync-period on EKS: its own, and the shortest that a provisioned
# control plane takes (EKS API, HorizontalPodAutoscalerControllerConfigRequest: 10s to 15s).
EKS_DEFAULT_SECONDS: Final = 15.0
EKS_FLOOR_SECONDS: Final = 10.0


@contextmanager
def put_back_after(console: Console) -> Iterator[None]:
    """This environment's own period is put back when the context is left."""
    try:
        yield
    finally:
        set_sync_period(console, ClusterSpec().hpa_sync_seconds)


def set_sync_period(console: Console, seconds: float) -> None:
    """Restart the controller manager with this period, where it has another one."""
    console.print(f"HPA sync period: {seconds:g} s")
    Cluster(ClusterSpec(hpa_sync_seconds=seconds), journal=open_journal()).up()
