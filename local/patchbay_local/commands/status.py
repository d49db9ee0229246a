"""`make status`: what runs, where, and the addresses to open."""

import subprocess
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from patchbay_local.build.images import node_registry
from patchbay_local.commands import administrator
from patchbay_local.deploy import environments
from patchbay_local.kubernetes.cluster.cluster import Cluster
from patchbay_local.kubernetes.cluster.spec import ClusterImages, ClusterSpec
from patchbay_local.kubernetes.cluster.status import NodeStatus
from patchbay_local.kubernetes.edge import edge
from patchbay_local.kubernetes.network_policy import daemon as network_policy
from patchbay_local.kubernetes.nodes import daemon as agent
from patchbay_local.machine import checkout, paths
from patchbay_local.machine.journal import open_journal


def status(console: Console) -> bool:
    """Print it; whether the cluster, the registry and the edge are all up."""
    journal = open_journal()
    if (owner := checkout.owner()) is not None and owner.resolve() != paths.REPOSITORY.resolve():
        console.print(
            f"this environment belongs to the checkout {owner}", markup=False, highlight=False, soft_wrap=True
        )
    if not paths.KUBECONFIG.exists() and not journal.pending():
        console.print("nothing runs; `make up` starts it", highlight=False)
        return False
    cluster = Cluster(ClusterSpec(images=ClusterImages(pause="none", coredns="none")), journal=journal).status()
    own = (
        node_registry.status(journal),
        edge.status(journal),
        environments.emulator().status(journal),
        agent.status(journal),
        network_policy.status(journal),
    )
    daemons = [*cluster.control_plane, *own]
    table = Table("what", "pid", "where", title="host", title_justify="left")
    for daemon in daemons:
        table.add_row(daemon.name, _pid(daemon.pid), f"log {daemon.log}")
    console.print(table)
    console.print(_nodes(cluster.nodes))
    if cluster.api_ready:
        _print_pods(console)
    console.print(f"gateway:    {edge.URL} (/api/, /hooks/, /horizon/)", highlight=False)
    if administrator.is_kept():
        console.print(f"key:        {paths.ADMINISTRATOR_KEY}, the API's administrator", highlight=False)
    console.print(f"kubernetes: {cluster.api_server}, kubeconfig {cluster.kubeconfig}", highlight=False)
    console.print(f"registry:   http://{node_registry.ADDRESS}/v2/_catalog", highlight=False)
    console.print(f"aws:        {environments.emulator().url}, an emulated account", highlight=False)
    console.print('shell:      eval "$(make -s env)"', highlight=False, markup=False)
    unsaved = environments.emulator().saving_failure()
    if unsaved:
        remedy = "make room on the disk: it is tried again every few seconds"
        console.print(f"aws state:  {unsaved}; {remedy}", style="red", markup=False, highlight=False, soft_wrap=True)
    return not unsaved and cluster.healthy and all(daemon.pid for daemon in daemons)


def _nodes(nodes: Sequence[NodeStatus]) -> Table:
    table = Table("instance", "type", "zone", "group", "address", "pid", "ready", title="nodes", title_justify="left")
    for node in sorted(nodes, key=lambda node: (node.group, node.zone, node.name)):
        ready = "yes" if node.ready else "[red]no[/]"
        where = (node.name, node.instance_type, node.zone, node.group, str(node.address))
        table.add_row(*where, _pid(node.pid), ready)
    return table


def _pid(pid: int | None) -> str:
    return str(pid) if pid else "[red]not running[/]"


def _print_pods(console: Console) -> None:
    kubectl = [str(paths.BIN / "kubectl"), "--kubeconfig", str(paths.KUBECONFIG)]
    command = [*kubectl, "get", "pods", "--all-namespaces", "--output", "wide"]
    shown = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    console.print(shown, markup=False, highlight=False, soft_wrap=True)
