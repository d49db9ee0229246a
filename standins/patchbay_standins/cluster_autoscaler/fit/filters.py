"""All filters in one answer."""

from dataclasses import dataclass

from patchbay_standins.cluster_autoscaler.fit import affinity, spread, taints, volumes
from patchbay_standins.cluster_autoscaler.fit.selectors import wants_node
from patchbay_standins.cluster_autoscaler.fit.snapshot import Place, Snapshot
from patchbay_standins.cluster_autoscaler.objects import Pod


@dataclass(frozen=True)
class Demand:
    """A pod and what the rest of the cluster means to it; valid until the snapshot changes."""

    pod: Pod
    snapshot: Snapshot
    neighbours: affinity.AffinityRule
    spread: tuple[spread.SpreadRule, ...]

    def refusal(self, place: Place) -> str | None:
        """Why the pod does not fit on the node, in the scheduler's words; None where it does."""
        pod, node = self.pod, place.node
        if not place.is_open:
            return "node(s) were not ready"
        if not wants_node(pod.spec, node):
            return "node(s) didn't match Pod's node affinity/selector"
        if taint := taints.untolerated(pod.spec.tolerations, taints.of_node(node)):
            return f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}"
        return (
            _resources(pod, place)
            or _ports(pod, place)
            or self.neighbours.refusal(node)
            or next((reason for rule in self.spread if (reason := rule.refusal(node))), None)
            or volumes.refusal(pod, node, self.snapshot.volumes)
        )


def demand(pod: Pod, snapshot: Snapshot) -> Demand:
    """Looks at the cluster once, for as many nodes as are asked about."""
    return Demand(pod, snapshot, affinity.rule(pod, snapshot), spread.rules(pod, snapshot))


def _resources(pod: Pod, place: Place) -> str | None:
    allocatable, used = place.node.status.allocatable, place.used
    for name, value in pod.spec.requests.items():
        if value > allocatable.get(name, 0) - used.get(name, 0):
            return "Too many pods" if name == "pods" else f"Insufficient {name}"
    return None


def _ports(pod: Pod, place: Place) -> str | None:
    for protocol, port, address in pod.spec.host_ports:
        for other_protocol, other_port, other_address in place.ports:
            anywhere = "0.0.0.0" in (address, other_address)  # noqa: S104 - a wildcard, nothing listens
            if (protocol, port) == (other_protocol, other_port) and (anywhere or address == other_address):
                return "node(s) didn't have free ports for the requested pod ports"
    return None
