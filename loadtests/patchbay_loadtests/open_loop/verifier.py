"""The verifier of an open load, attached by Locust's events.

It is in the master, or in the only process. Workers send it what became of their orders once a second; when a test is
stopped it lets them finish what is open, follows every accepted run to its end, and sets the exit code: 0 passed,
1 failed, 2 no verdict.
"""

import logging
import subprocess
import sys
import time
from typing import Any, Final

import gevent
from locust.env import Environment
from locust.rpc.protocol import Message
from locust.runners import MasterRunner, WorkerRunner
from pydantic import TypeAdapter

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.core.objectives import read_objectives
from patchbay_loadtests.core.traffic.protocol import Placed
from patchbay_loadtests.open_loop.job import Job, Registered, SinkMoment
from patchbay_loadtests.open_loop.options import given, read_profile
from patchbay_loadtests.open_loop.rate import expected_orders
from patchbay_loadtests.open_loop.sender import PATIENCE_SECONDS, SENDER
from patchbay_loadtests.open_loop.verdict import OpenLoopVerdict, judge

log = logging.getLogger("patchbay")

PLACED: Final = "patchbay-placed"
DRAIN: Final = "patchbay-drain"
DRAINED: Final = "patchbay-drained"
WEBHOOK_KEY: Final = "patchbay-webhook-key"
REPORT_SECONDS: Final = 1.0
DRAIN_SECONDS: Final = PATIENCE_SECONDS + 15
_MANY: Final = TypeAdapter(list[Placed])


class Verifier:
    """What is known of one test, and its verdict."""

    def __init__(self, environment: Environment) -> None:
        self.verdict: OpenLoopVerdict | None = None
        self._environment = environment
        self._sink: SinkMoment | None = None
        self._begin()

    def start(self, **_: Any) -> None:
        """Register the flow; a test that cannot begin is stopped."""
        self._begin()
        try:
            read_objectives(given(self._environment.parsed_options).slo)
            registered = Registered.model_validate_json(self._ask(runs=None))
            self._sink = registered.sink
            SENDER.webhook_key = registered.webhook_key
            # Before the users come: messages to a worker keep their order.
            self._tell_workers()
        except (ValueError, UnusableEnvironmentError) as error:
            self._doubts.append(f"the test could not begin: {error}")
            self._has_begun = False
            if self._environment.runner is not None:
                gevent.spawn_later(0, self._environment.runner.quit)

    def welcome(self, client_id: str, **_: Any) -> None:
        """A worker that comes later sends orders too."""
        if SENDER.webhook_key is not None:
            self._tell_workers(client_id)

    def _tell_workers(self, client_id: str | None = None) -> None:
        """The webhook's secret, to one worker or to all."""
        if isinstance(self._environment.runner, MasterRunner):
            self._environment.runner.send_message(WEBHOOK_KEY, {"key": SENDER.webhook_key}, client_id)

    def add(self, due: int, placed: list[Placed]) -> None:
        """What a process of Locust sent since the last time; nothing where the test could not begin."""
        if not self._has_begun:
            return
        self._due += due
        self._placed += placed

    def stopping(self, **_: Any) -> None:
        """Wait until no order is open, here or at any worker."""
        runner = self._environment.runner
        if not isinstance(runner, MasterRunner):
            SENDER.drain(DRAIN_SECONDS)
            self.add(*SENDER.take())
            return
        self._drained.clear()
        waited_for = {client.id for client in runner.clients.all}
        runner.send_message(DRAIN)
        give_up = time.monotonic() + DRAIN_SECONDS + REPORT_SECONDS
        while not waited_for <= self._drained and time.monotonic() < give_up:
            gevent.sleep(0.1)
        if missing := waited_for - self._drained:
            self._doubts.append(f"{len(missing)} of {len(waited_for)} workers did not say what they sent")

    def told(self, msg: Message, **_: Any) -> None:
        """A worker's report."""
        self.add(msg.data["due"], _MANY.validate_python(msg.data["placed"]))

    def drained(self, msg: Message, **_: Any) -> None:
        """A worker has told everything."""
        self._drained.add(str(msg.node_id))

    def stop(self, **_: Any) -> None:
        """The verdict, on the log and as the exit code."""
        runs = {each.order: each.run for each in self._placed if each.run is not None}
        found = expected = objective = None
        options = given(self._environment.parsed_options)
        limits = read_objectives(options.slo)
        try:
            if options.load_profile is not None and self._environment.shape_class is not None:
                profile = read_profile(options.load_profile)
                expected = expected_orders(profile, options.user_seconds)
                objective = limits.of_profile(profile.name).accepted_p95_seconds
            found = RunsVerdict.model_validate_json(self._ask(runs=runs)) if runs else None
        except (ValueError, UnusableEnvironmentError) as error:
            self._doubts.append(str(error))
        self.verdict = judge(
            self._placed,
            found,
            due=self._due,
            expected=expected,
            late_p95_seconds=limits.generator.late_p95_seconds,
            accepted_p95_seconds=objective,
            doubts=self._doubts,
        )
        self._tell(self.verdict)
        self._environment.process_exit_code = self.verdict.exit_code

    def _begin(self) -> None:
        self._has_begun = True
        self._sink = None
        self._due = 0
        self._placed: list[Placed] = []
        self._doubts: list[str] = []
        self._drained: set[str] = set()

    def _ask(self, runs: dict[str, str] | None) -> str:
        """The job's answer."""
        options = given(self._environment.parsed_options)
        lines = ("1",) if options.sink_url else ()
        keys = {each.order: tuple(f"{each.order}/{line}" for line in lines) for each in self._placed}
        job = Job(
            host=self._environment.host or "",
            tenant=options.tenant,
            sink_url=options.sink_url,
            settle_seconds=options.settle_seconds,
            expected=keys,
            runs=runs,
            began=self._sink,
        )
        done = subprocess.run(
            [sys.executable, "-m", "patchbay_loadtests.open_loop.job"],
            input=job.model_dump_json(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise UnusableEnvironmentError(
                done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "the gateway was not asked"
            )
        return done.stdout

    def _tell(self, verdict: OpenLoopVerdict) -> None:
        log.info(
            "%s: %d orders due, %d accepted, %d refused; from due to accepted p50 %s, p95 %s, p99 %s of n = %d",
            verdict.verdict,
            verdict.due,
            verdict.accepted,
            verdict.refused,
            *(
                "-" if value is None else f"{value:.3f} s"
                for value in (verdict.p50_seconds, verdict.p95_seconds, verdict.p99_seconds)
            ),
            verdict.n,
        )
        for reason in verdict.reasons:
            log.error(reason)


def attach(environment: Environment, **_: Any) -> None:
    """Listen to Locust's events: as a verifier in the master or only process, as a reporter in a worker."""
    runner, events = environment.runner, environment.events
    if isinstance(runner, WorkerRunner):
        _attach_to_worker(runner)
        return
    if given(environment.parsed_options).load_profile is None:
        environment.shape_class = None
    verifier = Verifier(environment)
    events.test_start.add_listener(verifier.start)
    events.test_stopping.add_listener(verifier.stopping)
    events.test_stop.add_listener(verifier.stop)
    if isinstance(runner, MasterRunner):
        events.worker_connect.add_listener(verifier.welcome)
        runner.register_message(PLACED, verifier.told)
        runner.register_message(DRAINED, verifier.drained)
    else:
        events.test_start.add_listener(lambda **_: SENDER.begin())


def _attach_to_worker(runner: WorkerRunner) -> None:
    def report() -> None:
        due, placed = SENDER.take()
        if due or placed:
            runner.send_message(PLACED, {"due": due, "placed": _MANY.dump_python(placed, mode="json")})

    def report_for_ever() -> None:
        while True:
            gevent.sleep(REPORT_SECONDS)
            report()

    def take_key(msg: Message, **_: Any) -> None:
        SENDER.webhook_key = msg.data["key"]

    def drain(msg: Message, **_: Any) -> None:  # noqa: ARG001 - a listener's signature
        SENDER.drain(DRAIN_SECONDS)
        report()
        runner.send_message(DRAINED)

    runner.environment.events.test_start.add_listener(lambda **_: SENDER.begin())
    runner.register_message(WEBHOOK_KEY, take_key)
    runner.register_message(DRAIN, drain, concurrent=True)
    gevent.spawn(report_for_ever)
