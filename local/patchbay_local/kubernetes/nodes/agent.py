"""The agent: looks at the instances again and again, and starts and ends nodes accordingly."""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from typing import Final

from patchbay_local.kubernetes.cluster import storage
from patchbay_local.kubernetes.cluster.node import NodeState
from patchbay_local.kubernetes.cluster.records import NodeRecord
from patchbay_local.kubernetes.edge import edge
from patchbay_local.kubernetes.nodes.cloud import Cloud
from patchbay_local.kubernetes.nodes.instance import Instance
from patchbay_local.kubernetes.nodes.local_nodes import LocalNodes
from patchbay_local.kubernetes.nodes.reconciliation import reconcile

_PERIOD_SECONDS: Final = 0.5
_AFTER_FAILURE_SECONDS: Final = 2.0
_TIDYING_SECONDS: Final = 30.0
_AT_ONCE: Final = 6
_log = logging.getLogger("nodes")


class Agent:
    """One per machine. All state is on disk and in AWS: a new one goes on where the last one stopped."""

    def __init__(self, cloud: Cloud, nodes: LocalNodes, *, boot: timedelta = timedelta()) -> None:
        self._cloud = cloud
        self._nodes = nodes
        self._boot = boot
        self._pool = ThreadPoolExecutor(max_workers=_AT_ONCE)
        self._busy: dict[str, Future[None]] = {}
        self._behind_edge: frozenset[int] | None = None
        self._tidied = 0.0
        self._troubles: dict[str, str] = {}
        self._prepared = Event()

    def run(self, end: Event) -> None:
        """Returns soon after `end` is set; what is being started or ended then is left to the next agent."""
        self._pool.submit(self._prepare)
        while not end.is_set():
            # Where AWS does not answer nothing is known, so nothing is done.
            self._attempt("instances", self._step)
            end.wait(_PERIOD_SECONDS)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _prepare(self) -> None:
        """With an image or without one, nodes may start then."""
        self._attempt("machine image", self._nodes.prepare)
        self._prepared.set()

    def _step(self) -> None:
        instances = {one.identity: one for group in self._cloud.groups() for one in group.instances}
        self._busy = {name: work for name, work in self._busy.items() if not work.done()}
        records = self._nodes.records()
        states = {name: self._nodes.state(record) for name, record in records.items()}
        self._attempt("edge", partial(self._follow_at_edge, records, states))
        actions = reconcile(instances.values(), states, now=datetime.now(UTC), boot=self._boot, busy=self._busy.keys())
        for name in actions.report:
            _log.info("%s has died", name)
            self._attempt(name, partial(self._cloud.report_failure, name))
        for name in actions.end:
            self._work(name, partial(self._end, records[name]))
        for instance in actions.join:
            self._work(instance.identity, partial(self._join, instance))
        if time.monotonic() - self._tidied > _TIDYING_SECONDS:
            self._tidied = time.monotonic()
            # A platform that was destroyed is made again by the engine alone, which knows nothing of volumes.
            self._attempt("volumes", storage.empty_released)
            for name in self._nodes.forget_strangers(set(instances)):
                _log.info("%s was nobody's node", name)

    def _attempt(self, what: str, task: Callable[[], None]) -> None:
        """Nothing ends the agent: what fails is tried again in the next round, and told once, not twice a second."""
        try:
            task()
        except Exception as error:  # of any kind
            trouble = f"{type(error).__name__}: {error}"
            if self._troubles.get(what) != trouble:
                self._troubles[what] = trouble
                _log.warning("%s: %s", what, trouble)
        else:
            self._troubles.pop(what, None)

    def _work(self, name: str, task: Callable[[], None]) -> None:
        def run() -> None:
            try:
                task()
            except Exception as error:  # of any kind: the other nodes go on, and this one is tried again
                _log.warning("%s: %s: %s", name, type(error).__name__, error)
                time.sleep(_AFTER_FAILURE_SECONDS)

        self._busy[name] = self._pool.submit(run)

    def _join(self, instance: Instance) -> None:
        self._prepared.wait()
        began = time.monotonic()
        record = self._nodes.join(self._cloud.specification(instance))
        _log.info("%s started as %s in %.1f s", instance.identity, record.address, time.monotonic() - began)

    def _end(self, record: NodeRecord) -> None:
        began = time.monotonic()
        self._nodes.end(record)
        _log.info("%s ended in %.1f s", record.spec.name, time.monotonic() - began)

    def _follow_at_edge(self, records: Mapping[str, NodeRecord], states: Mapping[str, NodeState]) -> None:
        behind = frozenset(
            record.index
            for name, record in records.items()
            if states[name] is NodeState.RUNNING and edge.takes(record.spec)
        )
        if behind != self._behind_edge:
            edge.pass_to(behind)
            self._behind_edge = behind
