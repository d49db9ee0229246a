"""One scan after another: read, add nodes, remove nodes, tell."""

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Final

from httpx2 import HTTPError

from patchbay_standins.cluster_autoscaler import pending, scale_down, scale_up
from patchbay_standins.cluster_autoscaler.capacity import AWS_ERRORS
from patchbay_standins.cluster_autoscaler.drain import Outcome
from patchbay_standins.cluster_autoscaler.fit.placing import place_all
from patchbay_standins.cluster_autoscaler.fit.snapshot import Place, Snapshot
from patchbay_standins.cluster_autoscaler.group_options import options_of
from patchbay_standins.cluster_autoscaler.kube.node_marks import CANDIDATE, OURS, TO_BE_DELETED, has
from patchbay_standins.cluster_autoscaler.kube.reading import Reading
from patchbay_standins.cluster_autoscaler.objects import DisruptionBudget, Pod
from patchbay_standins.cluster_autoscaler.parts import Parts
from patchbay_standins.cluster_autoscaler.sample_nodes import renamed
from patchbay_standins.cluster_autoscaler.state import GroupState, Registrations
from patchbay_standins.cluster_autoscaler.status import Findings

LOG: Final = logging.getLogger(__name__)

# Between scans, removals under way are looked after this often.
_TICK_SECONDS: Final = 1.0
# How long AWS may go on listing an instance that was ended.
_GONE_SECONDS: Final = 300.0


class Autoscaler:
    """Everything happens in the thread that calls `run`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._options = parts.options
        self._registrations = Registrations()
        self._unneeded = scale_down.UnneededSince()
        self._last_added = self._last_removed = self._last_failed = float("-inf")
        self._unremovable_until: dict[str, float] = {}
        self._gone: dict[str, float] = {}  # nodes whose instance was ended: since when
        self._budgets: Sequence[DisruptionBudget] = ()

    def run(self, stop: threading.Event) -> None:
        """Scans until told to stop. A scan that fails is logged, counted and repeated."""
        while not stop.is_set():
            began = time.monotonic()
            self._try_scan()
            until = began + self._options.scan_interval
            while (left := until - time.monotonic()) > 0 and not stop.wait(self._pause(left)):
                if self._parts.drain.under_way:
                    self._try(self._advance_removals)

    def _pause(self, left: float) -> float:
        return min(left, _TICK_SECONDS) if self._parts.drain.under_way else left

    def _try_scan(self) -> None:
        self._parts.health.begin()
        if self._try(self.scan):
            self._parts.health.succeed()

    def _try(self, work: Callable[[], None]) -> bool:
        metrics = self._parts.metrics
        try:
            work()
        except HTTPError as error:
            metrics.errors.labels("apiCallError").inc()
            LOG.error("the scan was given up: %s", error)
            return False
        except AWS_ERRORS as error:
            metrics.errors.labels("cloudProviderError").inc()
            LOG.error("the scan was given up: %s", error)
            return False
        except Exception:
            metrics.errors.labels("internalError").inc()
            LOG.exception("the scan was given up")
            return False
        return True

    def scan(self) -> None:
        """One look at everything. Raises httpx2.HTTPError and the errors of botocore."""
        parts, now, wall = self._parts, time.monotonic(), datetime.now(UTC)
        with parts.metrics.timed("main"):
            with parts.metrics.timed("updateClusterState"):
                reading = parts.reader.read()
                self._budgets = reading.budgets
                found = self._pending(reading, wall)
                if found.pods:
                    # A capacity is set as a whole: it must not be worked out from an old one.
                    parts.cloud.forget()
                states = self._states(reading, now, wall)
            self._untaint_strangers(states)
            healthy = self._report_nodes(states)
            changed = parts.capacity.follow(states, now)
            changed = parts.capacity.reach_minimum(states, now) or changed
            self._advance_removals()
            needs_nodes = False
            if healthy and not changed:
                needs_nodes = self._add_and_remove(reading, found, states, now, wall)
            if changed:
                parts.cloud.forget()
            if self._options.write_status_configmap:
                parts.status.write(self._findings(states, is_healthy=healthy, needs_nodes=needs_nodes, now=now), now)

    def _states(self, reading: Reading, now: float, wall: datetime) -> dict[str, GroupState]:
        by_instance = {node.instance: node for node in reading.nodes if node.instance}
        groups = self._parts.cloud.groups(by_instance, now)
        options = {name: options_of(group, self._options) for name, group in groups.items()}
        return self._registrations.states(groups, reading.nodes, options, now, wall)

    def _add_and_remove(
        self, reading: Reading, found: pending.Pending, states: Mapping[str, GroupState], now: float, wall: datetime
    ) -> bool:
        """Whether pods wait for nodes that are not yet asked for."""
        by_node: dict[str, list[Pod]] = defaultdict(list)
        for pod in reading.pods:
            if pod.spec.node_name and not pending.is_expendable(pod, self._options):
                by_node[pod.spec.node_name].append(pod)
        leaving = {node.name for state in states.values() for node in state.leaving}
        snapshot = _snapshot(reading, by_node, leaving | self._parts.drain.under_way.keys() | self._gone.keys())
        existing = snapshot.copy()
        samples = {
            name: self._parts.samples.place(state, by_node, reading.daemon_sets) for name, state in states.items()
        }
        _add_upcoming(snapshot, states, samples)
        with self._parts.metrics.timed("scaleUp"):
            left = self._waiting(found, by_node, snapshot, existing)
            has_grown = self._scale_up(left, states, samples, snapshot, now=now, wall=wall)
        if self._options.scale_down_enabled and not has_grown:
            with self._parts.metrics.timed("scaleDown"):
                self._scale_down(reading, states, existing, now)
        return bool(left) and not has_grown

    def _waiting(
        self, found: pending.Pending, by_node: Mapping[str, Sequence[Pod]], snapshot: Snapshot, existing: Snapshot
    ) -> list[Pod]:
        """The pods that fit neither on a node nor on one that comes; the others are put there, on both snapshots."""
        displaced = self._displaced(by_node)
        pods = pending.without_preempting(found.pods, snapshot)
        pending.without_preempting(found.pods, existing)
        placed, left = place_all([*pods, *displaced], snapshot)
        for pod in placed:
            if pod.spec.node_name in existing:
                existing.put(pod, pod.spec.node_name)
        return left

    def _pending(self, reading: Reading, wall: datetime) -> pending.Pending:
        found = pending.find(reading.pods, self._options, wall)
        self._parts.metrics.unschedulable.labels("unschedulable").set(len(found.unschedulable))
        self._parts.metrics.unschedulable.labels("scheduler_unprocessed").set(len(found.unprocessed))
        return found

    def _displaced(self, by_node: Mapping[str, Sequence[Pod]]) -> list[Pod]:
        """Pods of nodes that are being drained: they need a place like those that have none."""
        return [
            pod.on("")
            for node in self._parts.drain.under_way
            for pod in by_node.get(node, ())
            if not (pod.is_of_a_daemon_set or pod.is_mirror or pod.is_terminating)
        ]

    def _scale_up(
        self,
        pods: Sequence[Pod],
        states: Mapping[str, GroupState],
        samples: Mapping[str, Place | None],
        snapshot: Snapshot,
        *,
        now: float,
        wall: datetime,
    ) -> bool:
        options, parts = self._options, self._parts
        has_ready = any(state.ready for state in states.values())
        if not pods or pending.are_all_young(pods, options, wall) or not (options.scale_up_from_zero or has_ready):
            return False
        offers = [
            scale_up.Offer(state.group, samples[name], "in backoff after failed scale-up" if backed_off else None)
            for name, state in states.items()
            for backed_off in [parts.backoff.reason(name, now) is not None]
        ]
        plan = scale_up.plan(pods, offers, snapshot, parts.expander, options=options, room=self._room(snapshot))
        has_grown = False
        for name, size in plan.sizes.items():
            if parts.capacity.raise_to(states[name], size, now):
                has_grown = True
                group = states[name].group
                told = f"pod triggered scale-up: [{{{name} {group.desired}->{size} (max: {group.max_size})}}]"
                for pod in plan.helped[name]:
                    parts.events.of_pod(pod, "TriggeredScaleUp", told)
        for pod, reason in plan.refused:
            parts.events.of_pod(pod, "NotTriggerScaleUp", f"pod didn't trigger scale-up: {reason}")
        if has_grown:
            self._last_added = now
            parts.cloud.forget()
        return has_grown

    def _room(self, snapshot: Snapshot) -> int:
        """How many nodes all groups may still get; the snapshot has those that are there and those that come."""
        limit = self._options.max_nodes_total
        return limit - len(snapshot) if limit > 0 else self._options.max_nodes_per_scaleup

    def _scale_down(self, reading: Reading, states: Mapping[str, GroupState], snapshot: Snapshot, now: float) -> None:
        parts = self._parts
        self._unremovable_until = {name: until for name, until in self._unremovable_until.items() if until > now}
        found = scale_down.evaluate(states.values(), snapshot, reading.budgets, self._options, self._unneeded.since)
        self._unneeded.update(found.unneeded, now)
        parts.metrics.unneeded.set(len(found.unneeded))
        parts.metrics.set_unremovable(Counter(found.unremovable.values()))
        cooling = self._is_cooling(now)
        parts.metrics.cooldown.set(cooling)
        self._mark_candidates(states)
        if cooling:
            return
        allowed = scale_down.Evaluation(
            tuple(item for item in found.unneeded if item.node.name not in self._unremovable_until), found.unremovable
        )
        for item in scale_down.choose(
            allowed, states, self._unneeded.since, parts.drain.under_way, options=self._options, now=now
        ):
            parts.drain.start(item, now)
        self._advance_removals()

    def _is_cooling(self, now: float) -> bool:
        options = self._options
        return (
            now < self._last_added + options.scale_down_delay_after_add
            or now < self._last_removed + options.delay_after_delete
            or now < self._last_failed + options.scale_down_delay_after_failure
        )

    def _advance_removals(self) -> None:
        for outcome in self._parts.drain.advance(self._budgets, time.monotonic()):
            self._note(outcome)

    def _note(self, outcome: Outcome) -> None:
        now, name = time.monotonic(), outcome.removal.name
        if outcome.error is None:
            self._last_removed = now
            self._gone[name] = now
            self._parts.cloud.forget()
        else:
            self._last_failed = now
            self._unremovable_until[name] = now + self._options.unremovable_node_recheck_timeout

    def _mark_candidates(self, states: Mapping[str, GroupState]) -> None:
        """The soft taint on nodes that are not needed, so that new pods go elsewhere, a few nodes in each scan."""
        budget = self._options.max_bulk_soft_taint_count
        for node in [node for state in states.values() for node in state.candidates]:
            wanted, marked = node.name in self._unneeded.since, has(node, CANDIDATE)
            if wanted == marked or budget == 0:
                continue
            budget -= 1
            if wanted:
                self._parts.marks.add(node.name, CANDIDATE)
            else:
                self._parts.marks.remove(node.name, frozenset({CANDIDATE}))

    def _untaint_strangers(self, states: Mapping[str, GroupState]) -> None:
        """Nodes marked as going that nobody removes: an earlier program was ended before it had finished."""
        now = time.monotonic()
        self._gone = {name: since for name, since in self._gone.items() if since + _GONE_SECONDS > now}
        for state in states.values():
            present = {instance.id for instance in state.group.present}
            for node in state.leaving:
                known = node.name in self._parts.drain.under_way or node.name in self._gone
                if not known and node.instance in present:
                    LOG.info("node %s is not being removed: it is untainted", node.name)
                    self._parts.marks.remove(node.name, OURS)

    def _report_nodes(self, states: Mapping[str, GroupState]) -> bool:
        """Sets the metrics of the groups; whether enough nodes are ready to act."""
        metrics = self._parts.metrics
        everyone = states.values()
        counts = {
            "ready": sum(len(state.ready) for state in everyone),
            "unready": sum(len(state.unready) for state in everyone),
            "notStarted": sum(len(state.starting) for state in everyone),
            "unregistered": sum(len(state.unregistered) + state.group.owed for state in everyone),
            "longUnregistered": sum(len(state.late) for state in everyone),
        }
        metrics.set_nodes(counts)
        metrics.groups.labels("autoscaled").set(len(states))
        metrics.max_nodes.set(self._options.max_nodes_total or sum(state.group.max_size for state in everyone))
        for state in everyone if self._options.emit_per_nodegroup_metrics else ():
            metrics.group_min.labels(state.group.name).set(state.group.min_size)
            metrics.group_max.labels(state.group.name).set(state.group.max_size)
            metrics.group_target.labels(state.group.name).set(state.group.desired)
        total = counts["ready"] + counts["unready"] + counts["notStarted"]
        too_many = counts["unready"] * 100 > self._options.max_total_unready_percentage * total
        healthy = not (too_many and counts["unready"] > self._options.ok_total_unready_count)
        metrics.safe.set(healthy)
        if not healthy:
            LOG.warning("%d of %d nodes are not ready: nothing is scaled", counts["unready"], total)
        return healthy

    def _findings(
        self, states: Mapping[str, GroupState], *, is_healthy: bool, needs_nodes: bool, now: float
    ) -> Findings:
        backed_off = {name: reason for name in states if (reason := self._parts.backoff.reason(name, now))}
        candidates = {
            name: sum(node.name in self._unneeded.since for node in state.candidates) for name, state in states.items()
        }
        return Findings(states, is_healthy, backed_off, candidates, needs_nodes)


def _snapshot(reading: Reading, by_node: Mapping[str, Sequence[Pod]], leaving: Set[str]) -> Snapshot:
    """The nodes that stay."""
    return Snapshot(
        (
            Place.of(node, by_node.get(node.name, ()), is_open=node.is_ready)
            for node in reading.nodes
            if node.name not in leaving and not has(node, TO_BE_DELETED)
        ),
        reading.volumes,
        reading.namespaces,
    )


def _add_upcoming(snapshot: Snapshot, states: Mapping[str, GroupState], samples: Mapping[str, Place | None]) -> None:
    for name, state in states.items():
        sample = samples[name]
        if sample is not None:
            for number in range(state.upcoming):
                snapshot.add(renamed(sample, f"upcoming-{name}-{number}"))
