"""Removing nodes: taint, evict, wait, terminate. Each step is short; `advance` takes the next ones that are due."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from httpx2 import HTTPError
from lightkube import Client
from lightkube.models.meta_v1 import DeleteOptions, ObjectMeta, Preconditions
from lightkube.resources.core_v1 import PodEviction

from patchbay_standins.cluster_autoscaler.aws.actions import Actions
from patchbay_standins.cluster_autoscaler.evictable import to_move
from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.kube.client import status_of
from patchbay_standins.cluster_autoscaler.kube.events import Events
from patchbay_standins.cluster_autoscaler.kube.node_marks import OURS, TO_BE_DELETED, NodeMarks
from patchbay_standins.cluster_autoscaler.metrics import Metrics
from patchbay_standins.cluster_autoscaler.objects import DisruptionBudget, Pod
from patchbay_standins.cluster_autoscaler.scale_down import Candidate

LOG: Final = logging.getLogger(__name__)

# A budget without room, or a budget that is not yet worked out, is asked again after this.
_RETRY_SECONDS: Final = 2.0
# Beyond the pods' own grace: for the kubelet to tell that they are gone.
_HEADROOM_SECONDS: Final = 30.0
_REFUSED_FOR_NOW: Final = frozenset({0, 429, 500, 503})


class DrainError(Exception):
    """A node could not be emptied."""


@dataclass
class Removal:
    """One node on its way out; times are of the monotonic clock."""

    candidate: Candidate
    due: float
    give_up: float | None = None  # when evicting has taken too long
    evicted: dict[str, float] = field(default_factory=dict)  # by uid, until when the pod may take to end
    is_drain: bool = False

    @property
    def name(self) -> str:
        return self.candidate.node.name


@dataclass(frozen=True)
class Outcome:
    removal: Removal
    error: str | None


class Drain:
    """All removals under way."""

    def __init__(
        self,
        *,
        client: Client,
        actions: Actions,
        marks: NodeMarks,
        events: Events,
        metrics: Metrics,
        options: Options,
        pods_on: Callable[[str], Sequence[Pod]],
    ) -> None:
        self._client = client
        self._actions = actions
        self._marks = marks
        self._events = events
        self._metrics = metrics
        self._options = options
        self._pods_on = pods_on
        self._under_way: dict[str, Removal] = {}

    @property
    def under_way(self) -> dict[str, bool]:
        """The nodes that go, true for those that are drained."""
        return {name: removal.is_drain for name, removal in self._under_way.items()}

    def start(self, candidate: Candidate, now: float) -> None:
        """Raises httpx2.HTTPError where the node cannot be tainted."""
        self._marks.add(candidate.node.name, TO_BE_DELETED)
        self._events.of_node(candidate.node, "ScaleDown", "marked the node as toBeDeleted/unschedulable")
        LOG.info("removing node %s (%s)", candidate.node.name, candidate.reason)
        self._under_way[candidate.node.name] = Removal(
            candidate, now + self._options.node_delete_delay_after_taint, is_drain=not candidate.is_empty
        )

    def advance(self, budgets: Sequence[DisruptionBudget], now: float) -> list[Outcome]:
        """What has ended, well or not; the node that stays is untainted."""
        ended: list[Outcome] = []
        for removal in [item for item in self._under_way.values() if item.due <= now]:
            try:
                if not self._is_emptied(removal, budgets, now):
                    removal.due = now + _RETRY_SECONDS if removal.give_up else now
                    continue
                self._actions.terminate(removal.candidate.node.instance)
            except (DrainError, HTTPError, ClientError, BotoCoreError) as error:
                ended.append(self._failed(removal, str(error)))
            else:
                ended.append(self._removed(removal))
            del self._under_way[removal.name]
        return ended

    def _is_emptied(self, removal: Removal, budgets: Sequence[DisruptionBudget], now: float) -> bool:
        # Asked anew: a pod may have been bound to the node before the scheduler saw the taint.
        there = self._pods_on(removal.name)
        unasked = [pod for pod in there if pod.metadata.uid not in removal.evicted]
        waiting, blocked = to_move(unasked, budgets, self._options, needs_room=False)
        if blocked is not None:
            raise DrainError(f"{blocked.pod.key} may not be moved ({blocked.reason})")
        if waiting and not removal.is_drain:
            raise DrainError(f"{waiting[0].key} has come to the node, which was empty")
        if waiting:
            self._evict(removal, waiting, now)
        elif removal.evicted:
            removal.give_up = None
        # Those that were ending before are waited for like those that are evicted.
        ending = [pod for pod in there if pod.is_terminating and not pod.is_of_a_daemon_set and not pod.is_mirror]
        for pod in ending:
            removal.evicted.setdefault(pod.metadata.uid, now + self._grace(pod) + _HEADROOM_SECONDS)
        left = [pod for pod in there if pod.metadata.uid in removal.evicted]
        late = [pod for pod in left if removal.evicted[pod.metadata.uid] < now]
        if late:
            raise DrainError(f"{late[0].key} has not ended in the time that it was given")
        return not left and not waiting

    def _evict(self, removal: Removal, pods: Sequence[Pod], now: float) -> None:
        removal.give_up = removal.give_up or now + self._options.max_pod_eviction_time
        for pod in pods:
            try:
                self._client.create(_eviction(pod, self._grace(pod)), pod.metadata.name)
            except HTTPError as error:
                status = status_of(error)
                if status == 404:
                    continue
                if status not in _REFUSED_FOR_NOW or now > removal.give_up:
                    self._metrics.evicted.labels("failed").inc()
                    raise DrainError(f"{pod.key} could not be evicted: {error}") from None
                LOG.info("%s is not evicted yet: %s", pod.key, error)
            else:
                self._metrics.evicted.labels("success").inc()
                self._events.of_pod(pod, "ScaleDown", "deleting pod for node scale down")
                removal.evicted[pod.metadata.uid] = now + self._grace(pod) + _HEADROOM_SECONDS

    def _grace(self, pod: Pod) -> int:
        return min(pod.spec.termination_grace_period_seconds, self._options.max_graceful_termination_sec)

    def _removed(self, removal: Removal) -> Outcome:
        candidate = removal.candidate
        self._metrics.scaled_down.labels(candidate.reason).inc()
        self._events.of_node(candidate.node, "ScaleDown", "node removed by cluster autoscaler")
        how = "with drain" if removal.is_drain else "empty"
        self._events.of_status("ScaleDown", f"Scale-down: node {removal.name} removed {how}")
        return Outcome(removal, None)

    def _failed(self, removal: Removal, error: str) -> Outcome:
        LOG.warning("node %s stays: %s", removal.name, error)
        self._events.of_node(
            removal.candidate.node, "ScaleDownFailed", f"failed to drain the node, aborting: {error}", warning=True
        )
        try:
            self._marks.remove(removal.name, OURS)
        except HTTPError as failure:
            # Its taint is taken away by the scan that finds the node tainted and not on its way out.
            LOG.warning("node %s keeps its taint for the moment: %s", removal.name, failure)
        return Outcome(removal, error)


def _eviction(pod: Pod, grace: int) -> PodEviction:
    # The pod that was looked at, and none that has taken its name since.
    options = DeleteOptions(gracePeriodSeconds=grace, preconditions=Preconditions(uid=pod.metadata.uid))
    metadata = ObjectMeta(name=pod.metadata.name, namespace=pod.metadata.namespace)
    return PodEviction(metadata=metadata, deleteOptions=options)
