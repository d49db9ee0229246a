"""Nodes that die or are drained."""

import signal
from collections import Counter, defaultdict
from collections.abc import Sequence

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.restoration import Restore
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.health import is_of_flows
from patchbay_loadtests.faults.machine.nodes import first_process
from patchbay_loadtests.faults.stage import Document, Stage

ZONE_LABEL = "topology.kubernetes.io/zone"
_DRAIN_SECONDS = 150


class _NodesDie(Fault):
    """What they were replaced by has other names."""

    _killed: frozenset[str] = frozenset()

    def kill(self, nodes: Sequence[str]) -> None:
        """At once."""
        self._killed = frozenset(nodes)
        for process in [first_process(node) for node in nodes]:
            process.send(signal.SIGKILL)
        self.notes.append(f"killed {', '.join(nodes)}")

    async def lacks(self, stage: Stage) -> list[str]:
        return [f"{name} is still registered" for name in map(name_of, await stage.nodes()) if name in self._killed]


class NodeDies(_NodesDie):
    """kill -9 of the node's first process: everything on it is gone at once, as when a machine fails."""

    name = "node-dies"
    question = "a node dies: is it replaced, and is its work done elsewhere?"
    alert = "NodeNotReady"
    also_fires = ("NodeDrained", "PodsWaitForNode")
    recovery_limit_seconds = 180
    usual_seconds = 100

    async def inject(self, stage: Stage) -> None:
        self.kill([await busiest_flows_node(stage)])


class ZoneLosesNodes(_NodesDie):
    """Two at once, of one zone; the platform's own pods run there too."""

    name = "zone-loses-two-nodes"
    question = "two nodes of one zone die: do the other zones carry on?"
    alert = "NodeNotReady"
    also_fires = ("NodeDrained", "PodsWaitForNode")
    recovery_limit_seconds = 240
    usual_seconds = 120

    async def inject(self, stage: Stage) -> None:
        nodes = two_of_a_zone(await stage.nodes())
        watchers = await stage.pods(stage.options.metrics_namespace, "prometheus")
        if any(pod["spec"].get("nodeName") in nodes for pod in watchers):
            # What it knew of the nodes goes with it; what it tells of then is itself.
            self.alert, self.alert_counts_from = "PrometheusRestarted", "whole"
            self.notes.append("Prometheus ran on one of them")
        self.kill(nodes)


class NodeDrained(Fault):
    """A node is emptied with grace, as before its replacement."""

    name = "node-drained"
    question = "a node is drained: does what runs on it finish?"
    alert = "NodeDrained"
    also_fires = ("PodsWaitForNode",)
    alert_counts_from = "healed"
    recovery_limit_seconds = 120
    usual_seconds = 90

    async def inject(self, stage: Stage) -> None:
        node = await busiest_flows_node(stage)
        path = f"/api/v1/nodes/{node}"
        await stage.keep(Restore(path=path, body={"spec": {"unschedulable": None}}, object_path=path))
        self.notes.append(f"drained node {node}")
        options = ("--ignore-daemonsets", "--delete-emptydir-data", f"--timeout={_DRAIN_SECONDS}s")
        await stage.kubectl("drain", node, *options, seconds=_DRAIN_SECONDS + 15)


async def busiest_flows_node(stage: Stage) -> str:
    """The node of workers with most of the runtime's pods."""
    pods = (await stage.cluster.get(f"/api/v1/namespaces/{stage.options.namespace}/pods"))["items"]
    running = Counter(str(pod["spec"].get("nodeName")) for pod in pods if pod["status"].get("phase") == "Running")
    nodes = await stage.nodes()
    of_pool = {name_of(node) for node in nodes if is_of_flows(node)}
    candidates = {node: number for node, number in running.items() if not of_pool or node in of_pool}
    if not candidates:
        raise UnusableEnvironmentError("no node runs workers")
    return max(sorted(candidates), key=lambda node: candidates[node])


def two_of_a_zone(nodes: list[Document]) -> list[str]:
    """Of the zone with most nodes of workers, those first."""
    zones: dict[str, list[Document]] = defaultdict(list)
    for node in nodes:
        zones[node["metadata"]["labels"][ZONE_LABEL]].append(node)
    pairs = [members for members in zones.values() if len(members) >= 2]
    if not pairs:
        raise UnusableEnvironmentError("no zone has two nodes: raise the flows group's minimum")

    chosen = max(pairs, key=lambda members: sum(map(is_of_flows, members)))
    return [name_of(node) for node in sorted(chosen, key=is_of_flows, reverse=True)[:2]]


def name_of(node: Document) -> str:
    """A node's name."""
    return str(node["metadata"]["name"])
