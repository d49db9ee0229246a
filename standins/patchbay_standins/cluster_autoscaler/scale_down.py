"""Which nodes are not needed, since when, and which of them go. Pure: carried out by `drain`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from patchbay_standins.cluster_autoscaler.evictable import to_move
from patchbay_standins.cluster_autoscaler.fit.placing import by_priority, place_all
from patchbay_standins.cluster_autoscaler.fit.snapshot import Place, Snapshot
from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.objects import DisruptionBudget, Node, Pod
from patchbay_standins.cluster_autoscaler.state import GroupState
from patchbay_standins.cluster_autoscaler.utilization import utilization

DISABLED: Final = "cluster-autoscaler.kubernetes.io/scale-down-disabled"


@dataclass(frozen=True)
class Candidate:
    """A node whose pods, those that count, fit on the others."""

    node: Node
    group: str
    pods: tuple[Pod, ...]
    utilization: float

    @property
    def is_empty(self) -> bool:
        return not self.pods

    @property
    def reason(self) -> str:
        """As the metric of removed nodes names it."""
        if not self.node.is_ready:
            return "unready"
        return "empty" if self.is_empty else "underutilized"


@dataclass(frozen=True)
class Evaluation:
    """`unremovable` tells upstream's name of the reason, by node."""

    unneeded: tuple[Candidate, ...]
    unremovable: Mapping[str, str]


def evaluate(
    states: Iterable[GroupState],
    snapshot: Snapshot,
    budgets: Sequence[DisruptionBudget],
    options: Options,
    unneeded_before: Iterable[str],
) -> Evaluation:
    """Nodes that could all go together, those known to be unneeded first; the snapshot is left alone."""
    trial = snapshot.copy()
    unremovable: dict[str, str] = {}
    considered: list[tuple[bool, float, str, GroupState]] = []
    before = frozenset(unneeded_before)
    for state in states:
        for node in state.candidates:
            if node.name not in snapshot:
                continue
            used = utilization(snapshot[node.name], options, ignore_daemon_sets=state.options.ignore_daemon_sets)
            reason = _ineligible(node, used, state, options)
            if reason is None:
                considered.append((node.name not in before, used, node.name, state))
            else:
                unremovable[node.name] = reason
    unneeded: list[Candidate] = []
    receivers: set[str] = set()
    order = sorted(considered, key=lambda item: item[:3])
    # Pods are moved to the first node that they fit on: the nodes that are to go come last.
    for _, _, name, _ in reversed(order):
        trial.add(trial.remove(name))
    for _, used, name, state in order:
        if name in receivers:
            unremovable[name] = "NoPlaceToMovePods"
            continue
        moved = _move_away(trial, name, budgets, options)
        if isinstance(moved, str):
            unremovable[name] = moved
        else:
            receivers |= {pod.spec.node_name for pod in moved.placed}
            unneeded.append(Candidate(moved.place.node, state.group.name, moved.pods, used))
    return Evaluation(tuple(unneeded), unremovable)


@dataclass(frozen=True)
class _Move:
    place: Place
    pods: tuple[Pod, ...]
    placed: tuple[Pod, ...]


def _ineligible(node: Node, used: float, state: GroupState, options: Options) -> str | None:
    if node.metadata.annotations.get(DISABLED) == "true":
        return "ScaleDownDisabledAnnotation"
    if not node.is_ready:
        return None if options.scale_down_unready_enabled else "ScaleDownUnreadyDisabled"
    return "NotUnderutilized" if used >= state.options.utilization_threshold else None


def _move_away(trial: Snapshot, name: str, budgets: Sequence[DisruptionBudget], options: Options) -> _Move | str:
    """Takes the node out of the snapshot and puts its pods elsewhere; else says why, and changes nothing."""
    pods, blocked = to_move(trial[name].pods, budgets, options)
    if blocked is not None:
        return blocked.reason
    place = trial.remove(name)
    if not pods:
        return _Move(place, (), ())
    attempt = trial.copy()
    placed, left = place_all((pod.on("") for pod in by_priority(pods)), attempt)
    if left:
        trial.add(place)
        return "NoPlaceToMovePods"
    for pod in placed:
        trial.put(pod, pod.spec.node_name)
    return _Move(place, pods, tuple(placed))


class UnneededSince:
    """When each node was first found unneeded, without a break since."""

    def __init__(self) -> None:
        self.since: dict[str, float] = {}

    def update(self, candidates: Iterable[Candidate], now: float) -> None:
        self.since = {item.node.name: self.since.get(item.node.name, now) for item in candidates}

    def forget(self) -> None:
        self.since = {}


def choose(
    evaluation: Evaluation,
    states: Mapping[str, GroupState],
    since: Mapping[str, float],
    leaving: Mapping[str, bool],
    *,
    options: Options,
    now: float,
) -> list[Candidate]:
    """Those that have been unneeded for long enough and may go at once: empty ones together, others few at a time.

    `leaving` are the nodes that go already, true for those that are drained; their groups keep their minimum.
    """
    chosen: list[Candidate] = []
    going = Counter(name for name, state in states.items() for node in state.registered if node.name in leaving)
    total, drains = len(leaving), sum(leaving.values())
    for item in sorted(evaluation.unneeded, key=lambda item: not item.is_empty):
        state = states[item.group]
        wait = state.options.unneeded_time if item.node.is_ready else state.options.unready_time
        if now - since.get(item.node.name, now) < wait:
            continue
        if state.group.desired - going[item.group] <= state.group.min_size:
            continue
        if total >= options.max_scale_down_parallelism:
            break
        if not item.is_empty:
            if drains >= options.max_drain_parallelism:
                continue
            drains += 1
        chosen.append(item)
        going[item.group] += 1
        total += 1
    return chosen
