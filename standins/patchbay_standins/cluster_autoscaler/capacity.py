"""The groups' capacity as it is asked for: raised for pods, lowered for what did not come."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from patchbay_standins.cluster_autoscaler.aws.actions import Actions
from patchbay_standins.cluster_autoscaler.backoff import Backoff
from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.kube.events import Events
from patchbay_standins.cluster_autoscaler.metrics import Metrics
from patchbay_standins.cluster_autoscaler.state import GroupState

LOG: Final = logging.getLogger(__name__)

AWS_ERRORS: Final = (ClientError, BotoCoreError)


@dataclass(frozen=True)
class _Request:
    """Nodes waited for: since when by the monotonic clock, and by AWS'."""

    since: float
    moment: datetime


class Capacity:
    """Sets desired capacities, and follows whether the nodes come. Methods tell whether they changed a group."""

    def __init__(self, actions: Actions, backoff: Backoff, events: Events, metrics: Metrics, options: Options) -> None:
        self._actions = actions
        self._backoff = backoff
        self._events = events
        self._metrics = metrics
        self._options = options
        self._requests: dict[str, _Request] = {}

    def raise_to(self, state: GroupState, size: int, now: float) -> bool:
        """Asks for nodes; a group that refuses is left alone for a while."""
        group = state.group
        self._requests[group.name] = _Request(now, datetime.now(UTC))
        told = f"setting group {group.name} size to {size} instead of {group.desired} (max: {group.max_size})"
        try:
            self._actions.set_desired(group.name, size)
        except AWS_ERRORS as error:
            self._requests.pop(group.name)
            self._give_up(group.name, "apiCallError", str(error), now)
            return False
        self._events.of_status("ScaledUpGroup", f"Scale-up: {told}")
        self._metrics.scaled_up.inc(size - group.desired)
        return True

    def follow(self, states: Mapping[str, GroupState], now: float) -> bool:
        """Looks after what was asked for: done, still to come, refused by AWS, or too late."""
        changed = False
        for state in states.values():
            name = state.group.name
            if not state.upcoming and not state.late:
                if self._requests.pop(name, None):
                    self._backoff.succeed(name)
                continue
            request = self._requests.setdefault(name, _Request(now, datetime.now(UTC)))
            if state.group.owed:
                changed |= self._is_lowered(state, request, now)
            elif state.late:
                changed |= self._are_removed(state, now)
        return changed

    def reach_minimum(self, states: Mapping[str, GroupState], now: float) -> bool:
        """Groups that someone made smaller than their minimum, where the flag asks for that."""
        if not self._options.enforce_node_group_min_size:
            return False
        small = [state for state in states.values() if state.group.desired < state.group.min_size]
        raised = [self.raise_to(state, state.group.min_size, now) for state in small]
        return any(raised)

    def _is_lowered(self, state: GroupState, request: _Request, now: float) -> bool:
        group = state.group
        failure = self._actions.failure_since(group.name, request.moment)
        if failure is not None:
            self._give_up(group.name, "cloudProviderError", failure, now)
        elif now - request.since > state.options.provision_time:
            self._give_up(group.name, "timeout", "the group started no instance in time", now)
        else:
            return False
        self._requests.pop(group.name)
        size = max(group.min_size, len(group.present))
        if size == group.desired:
            return False
        self._actions.set_desired(group.name, size)
        return True

    def _are_removed(self, state: GroupState, now: float) -> bool:
        """Instances that have not become nodes in time are ended."""
        group = state.group
        self._give_up(group.name, "timeout", "instances did not become nodes in time", now)
        self._requests.pop(group.name, None)
        spare = len(state.late)
        if not self._options.force_delete_unregistered_nodes:
            spare = min(spare, group.desired - group.min_size)
        for instance in state.late[: max(0, spare)]:
            self._actions.terminate(instance.id)
            self._metrics.unregistered_removed.inc()
            self._events.of_status("DeleteUnregistered", f"Removed unregistered node {instance.id}")
        return spare > 0

    def _give_up(self, group: str, reason: str, message: str, now: float) -> None:
        if self._backoff.reason(group, now) is not None:
            return
        LOG.warning("scale-up of %s failed (%s): %s", group, reason, message)
        self._backoff.fail(group, message, now)
        self._metrics.failed_scale_ups.labels(reason).inc()
        told = "ScaleUpTimedOut" if reason == "timeout" else "FailedToScaleUpGroup"
        self._events.of_status(told, f"Scale-up of group {group} failed: {message}", warning=True)
