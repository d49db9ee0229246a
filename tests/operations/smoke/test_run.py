"""Whatever ends a step, the destruction follows, and what may be left is never called passed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest
from patchbay_operations.checks.check import Result
from patchbay_operations.smoke.child import ChildError, Within
from patchbay_operations.smoke.engine import Held, LockedError
from patchbay_operations.smoke.options import Limits
from patchbay_operations.smoke.outcome import Outcome
from patchbay_operations.smoke.run import Course, Run, Site
from patchbay_operations.smoke.stopping import Stop

GOOD = Result("routes", "Do routes hold?", 3, ())
BAD = Result("zones", "Are the copies apart?", 2, ("both are in a",))
LIMITS = Limits(whole=100, up=20, checks=20, proof=20, destroy=20, look=0.5, grace=1)


@dataclass
class World:
    """Notes what is done. `fails`: by what is done, one failure for each time, None for success."""

    fails: dict[str, list[Exception | None]] = field(default_factory=dict)
    leaves: list[list[str]] = field(default_factory=list)
    resources: int = 0
    results: tuple[Result, ...] = (GOOD,)
    done: list[str] = field(default_factory=list)
    during: dict[str, Callable[[Within], None]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    end: Callable[[], None] = lambda: None

    def _do(self, what: str, within: Within) -> None:
        self.done.append(what)
        if what in self.during:
            self.during[what](within)
        if (waiting := self.fails.get(what)) and (failure := waiting.pop(0)):
            raise failure

    def held(self, within: Within) -> Held:
        assert within.grace
        return Held(self.resources, ())

    def up(self, within: Within) -> None:
        self._do("up", within)

    def destroy(self, within: Within, *, leave_unreachable: bool = False) -> None:
        self._do("destroy without clusters" if leave_unreachable else "destroy", within)

    def recover(self, within: Within) -> None:
        self._do("recover", within)

    def prove(self, within: Within) -> None:
        self._do("proof", within)

    def check(self, result: Result) -> Result:
        self.done.append(result.name)
        return result

    def left(self) -> list[str]:
        self.done.append("look")
        return self.leaves.pop(0) if self.leaves else []

    def run(
        self,
        course: Course | None = None,
        *,
        stop: Stop | None = None,
        platform: bool = True,
        tell: Callable[[str], None] = lambda _: None,
        keep: Callable[[Outcome], None] = lambda _: None,
    ) -> Outcome:
        checks = [partial(self.check, one) for one in self.results]
        prove = self.prove if platform else None
        site = Site(self, checks, prove, self.left, list, self._end, lambda _: self.others)
        course = course or Course(LIMITS, pause_seconds=0)
        return Run(site, course, stop or Stop(), tell, keep).carry_out()

    def _end(self) -> None:
        self.end()
        self.done.append("done")


def failed(outcome: Outcome) -> list[str]:
    return [step.name for step in outcome.steps if step.reasons]


def test_it_deploys_checks_proves_destroys_and_looks() -> None:
    world = World()
    outcome = world.run()
    assert world.done == ["up", "routes", "proof", "destroy", "look", "done"]
    assert (outcome.verdict, outcome.status) == ("passed", 0)


def test_without_a_platform_nothing_is_proven() -> None:
    world = World()
    assert world.run(platform=False).status == 0
    assert "proof" not in world.done


def test_a_deployment_that_fails_is_destroyed_at_once() -> None:
    world = World({"up": [ChildError("no quota")]})
    outcome = world.run()
    assert world.done == ["up", "destroy", "look", "done"]
    assert (failed(outcome), outcome.status) == (["up"], 1)


def test_a_check_that_fails_keeps_neither_the_proof_nor_the_destruction_from_following() -> None:
    world = World(results=(BAD, GOOD))
    outcome = world.run()
    assert world.done == ["up", "zones", "routes", "proof", "destroy", "look", "done"]
    assert outcome.steps[1].reasons == ("Are the copies apart? No: both are in a",)
    assert outcome.status == 1


def test_what_nobody_expected_is_a_failure_and_destroyed_all_the_same() -> None:
    world = World({"proof": [ZeroDivisionError("of somebody")]})
    outcome = world.run()
    assert world.done[-3:] == ["destroy", "look", "done"]
    assert failed(outcome) == ["proof"]


def test_an_update_that_was_killed_is_recovered_before_it_is_destroyed() -> None:
    world = World({"up": [ChildError("took longer than it may, and was killed", killed=True)]})
    assert world.run().status == 1
    assert world.done == ["up", "recover", "destroy", "look", "done"]


def test_a_destruction_that_fails_is_tried_again_also_without_clusters_that_do_not_answer() -> None:
    world = World({"destroy": [ChildError("DependencyViolation")]})
    outcome = world.run()
    assert world.done[-5:] == ["destroy", "recover", "destroy without clusters", "look", "done"]
    assert outcome.status == 0


def test_what_cannot_be_destroyed_keeps_its_record_and_is_told() -> None:
    refused = ChildError("protected")
    world = World({"destroy": [refused], "destroy without clusters": [refused, refused]})
    outcome = world.run()
    assert (outcome.verdict, outcome.status) == ("something may be left", 3)
    assert world.done.count("recover") == 2
    assert "done" not in world.done


def test_resources_that_the_state_still_has_are_not_called_destroyed() -> None:
    assert World(resources=4).run().status == 3


def test_aws_may_take_its_time_to_forget() -> None:
    world = World(leaves=[["volume vol-1"], ["volume vol-1"]])
    assert world.run().status == 0
    assert world.done.count("look") == 3


def test_what_aws_still_has_in_the_end_is_named() -> None:
    world = World(leaves=[["volume vol-1"]] * 100_000)
    outcome = world.run()
    assert (outcome.left, outcome.status) == (("volume vol-1",), 3)
    assert "done" not in world.done


def test_the_deadline_of_the_whole_ends_the_work_and_leaves_the_destruction_its_time() -> None:
    seen: dict[str, float] = {}
    limits = Limits(whole=60, up=50, checks=20, proof=50, destroy=30, look=1, grace=2)
    began = time.monotonic()
    names = ("up", "proof", "destroy")

    def note(name: str, within: Within) -> None:
        seen[name] = within.until - began

    World(during={name: partial(note, name) for name in names}).run(Course(limits, pause_seconds=0))
    # 60 less destruction, look and grace; the destruction's own time is whole.
    assert seen == pytest.approx({"up": 27, "proof": 27, "destroy": 30}, abs=1)


def test_a_signal_ends_the_step_and_no_other_one_begins() -> None:
    stop = Stop()

    def interrupted(within: Within) -> None:
        stop.asked += 1
        assert within.stopped()
        raise ChildError("was stopped by a signal")

    world = World(during={"up": interrupted})
    outcome = world.run(stop=stop)
    assert world.done == ["up", "destroy", "look", "done"]
    assert outcome.status == 1


def test_the_two_signals_of_a_cancelled_job_leave_the_destruction_alone_and_a_third_does_not() -> None:
    stop, seen = Stop(), []

    def asked(within: Within) -> None:
        for _ in range(3):
            stop.asked += 1
            seen.append(within.stopped())

    World(during={"destroy": asked}).run(stop=stop)
    assert seen == [False, False, True]


def test_what_an_unfinished_run_left_is_destroyed_before_anything_is_made() -> None:
    world = World()
    assert world.run(Course(LIMITS, unfinished=True, pause_seconds=0)).status == 0
    assert world.done == ["recover", "destroy", "look", "up", "routes", "proof", "destroy", "look", "done"]


def test_nothing_is_made_beside_what_an_unfinished_run_left() -> None:
    world = World(leaves=[["bucket of somebody"]] * 100_000)
    assert world.run(Course(LIMITS, unfinished=True, pause_seconds=0)).status == 3
    assert "up" not in world.done


def test_an_unfinished_run_may_be_gone_on_with() -> None:
    world = World()
    assert world.run(Course(LIMITS, unfinished=True, resume=True, pause_seconds=0)).status == 0
    assert world.done == ["recover", "up", "routes", "proof", "destroy", "look", "done"]


def test_what_is_left_can_be_destroyed_alone() -> None:
    world = World()
    assert world.run(Course(LIMITS, unfinished=True, destroy_only=True, pause_seconds=0)).status == 0
    assert world.done == ["recover", "destroy", "look", "done"]


def fails(_: object = None) -> None:
    raise BrokenPipeError


def test_neither_a_terminal_that_is_gone_nor_a_full_disk_keeps_the_destruction_from_following() -> None:
    world = World()
    assert world.run(tell=fails, keep=fails).status == 0
    assert world.done == ["up", "routes", "proof", "destroy", "look", "done"]


def test_a_record_that_cannot_be_removed_is_told_and_the_next_run_looks_again() -> None:
    outcome = World(end=fails).run()
    assert (outcome.left, outcome.status) == (("the run's record: BrokenPipeError: ",), 3)


def test_what_somebody_else_made_meanwhile_is_not_destroyed() -> None:
    world = World({"up": [ChildError("no quota")]}, others=["an update of somebody"])
    outcome = world.run()
    assert world.done == ["up"]
    assert outcome.status == 3


def test_an_update_of_somebody_else_that_is_under_way_is_left_its_lock() -> None:
    locked = LockedError("the stack is currently locked by 1 lock(s)")
    world = World({"up": [locked], "destroy": [locked], "destroy without clusters": [locked, locked]})
    assert world.run().status == 3
    assert "recover" not in world.done


def test_nothing_is_begun_when_only_the_time_of_the_destruction_is_left() -> None:
    limits = Limits(whole=1.0, up=20, checks=20, proof=20, destroy=0.8, look=0.1, grace=0.1)
    world = World()
    assert world.run(Course(limits, unfinished=True, pause_seconds=0)).status == 1
    assert world.done == ["recover", "destroy", "look", "done"]
