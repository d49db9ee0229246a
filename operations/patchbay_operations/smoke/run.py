"""The steps in their order. Whatever happens, the destruction comes last."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from patchbay_operations.checks.check import Result
from patchbay_operations.smoke.child import ChildError, Within
from patchbay_operations.smoke.engine import Held, LockedError
from patchbay_operations.smoke.options import Limits
from patchbay_operations.smoke.outcome import Outcome, StepResult
from patchbay_operations.smoke.stopping import Stop

# A destruction fails for what takes AWS a while, such as interfaces of a load balancer that is gone: it is tried again.
_TRIES: Final = 3


class Deployer(Protocol):
    """Of Pulumi, what a run needs."""

    def held(self, within: Within) -> Held: ...

    def up(self, within: Within) -> None: ...

    def destroy(self, within: Within, *, leave_unreachable: bool = False) -> None: ...

    def recover(self, within: Within) -> None: ...


@dataclass(frozen=True)
class Site:
    """What is run. `checks`: each when it is called. `prove`: None without a platform. `left`: what AWS still has.

    `sweep`: deletes what services make again by themselves. `done`: nothing is left.
    `others`: what of the stack somebody else may have made meanwhile.
    """

    engine: Deployer
    checks: Iterable[Callable[[], Result]]
    prove: Callable[[Within], None] | None
    left: Callable[[], list[str]]
    sweep: Callable[[], list[str]]
    done: Callable[[], None]
    others: Callable[[Within], list[str]] = lambda _: []


@dataclass(frozen=True)
class Course:
    """`unfinished`: an earlier run did not end. `resume`: it is gone on with. `destroy_only`: nothing is made."""

    limits: Limits
    unfinished: bool = False
    resume: bool = False
    destroy_only: bool = False
    pause_seconds: float = 30.0


@dataclass
class Run:
    """`tell`: of each step's beginning and end. `keep`: the steps so far, after each."""

    site: Site
    course: Course
    stop: Stop
    tell: Callable[[str], None]
    keep: Callable[[Outcome], None]
    _steps: list[StepResult] = field(default_factory=list)
    _left: tuple[str, ...] = ("nothing was looked at",)
    _broken: bool = False
    _began: float = field(default_factory=time.monotonic)

    def carry_out(self) -> Outcome:
        """`site.done` is called when nothing is left, and the record of the run may go."""
        course = self.course
        self._broken = course.unfinished
        if course.unfinished and (course.destroy_only or not course.resume):
            self._remove("clear")
            if self._left or course.destroy_only or not self._may_begin("up"):
                return self._end()
        try:
            if not self._broken or self._step("recover", course.limits.destroy, self._recover):
                self._work()
        finally:
            self._remove("destroy")
        return self._end()

    def _end(self) -> Outcome:
        if not self._left:
            try:
                self.site.done()
            except Exception as error:  # what is told of the run matters more
                self._left = (f"the run's record: {type(error).__name__}: {error}",)
        return Outcome(tuple(self._steps), self._left)

    def _work(self) -> None:
        limits, site = self.course.limits, self.site
        if not self._step("up", limits.up, self._deploy):
            return
        self._step("checks", limits.checks, self._check)
        if site.prove is not None:
            self._step("proof", limits.proof, self._prove)

    def _deploy(self, within: Within) -> Iterator[str]:
        self.site.engine.up(within)
        yield from ()

    def _recover(self, within: Within) -> Iterator[str]:
        self.site.engine.recover(within)
        self._broken = False
        yield from ()

    def _prove(self, within: Within) -> Iterator[str]:
        if self.site.prove is not None:
            self.site.prove(within)
        yield from ()

    def _check(self, within: Within) -> Iterator[str]:
        for check in self.site.checks:
            if within.stopped() or time.monotonic() > within.until:
                yield "not all checks were made before the time was over"
                return
            result = check()
            if not result.passed:
                yield f"{result.question} No: {'; '.join(result.faults) or 'there was nothing to look at'}"

    def _step(self, name: str, seconds: float, action: Callable[[Within], Iterator[str]]) -> bool:
        """Within its own limit, and what the whole leaves before the destruction. Whether it passed."""
        if not self._may_begin(name):
            return False
        until = min(time.monotonic() + seconds, self._last)
        return self._timed(name, action, Within(until, lambda: self.stop.work, self.course.limits.grace))

    @property
    def _last(self) -> float:
        """Until when there may be work."""
        return self._began + self.course.limits.whole - self.course.limits.kept

    def _may_begin(self, name: str) -> bool:
        if self.stop.work:
            return self._note(name, time.monotonic(), ["not begun: the run was asked to end"])
        if time.monotonic() >= self._last:
            return self._note(name, time.monotonic(), ["not begun: only the destruction's time is left"])
        return True

    def _timed(self, name: str, action: Callable[[Within], Iterator[str]], within: Within) -> bool:
        began = time.monotonic()
        self._say(f"{name}: at most {max(within.until - began, 0) / 60:.0f} minutes")
        reasons: list[str] = []
        try:
            reasons.extend(action(within))
        except ChildError as error:
            self._broken = self._broken or error.killed
            reasons.append(str(error))
        except Exception as error:  # whatever it is, what was made has to go
            reasons.append(f"{type(error).__name__}: {error}")
        return self._note(name, began, reasons)

    def _note(self, name: str, began: float, reasons: list[str]) -> bool:
        result = StepResult(name, round(time.monotonic() - began, 1), tuple(reasons))
        self._steps.append(result)
        self._say(f"{name}: {'; '.join(reasons) if reasons else 'passed'} ({result.seconds:.0f} s)")
        with contextlib.suppress(OSError):
            self.keep(Outcome(tuple(self._steps), self._left))
        return not reasons

    def _say(self, line: str) -> None:
        """A terminal that is gone, or a full disk, keeps nothing from being destroyed."""
        with contextlib.suppress(OSError):
            self.tell(line)

    def _remove(self, name: str) -> None:
        """Destroy, then look. `_left` tells what came of it."""
        limits = self.course.limits
        self._left = ("the destruction did not end",)
        within = Within(time.monotonic() + limits.destroy, lambda: self.stop.everything, limits.grace)
        if not self._timed(name, self._destroy, within):
            return
        within = Within(time.monotonic() + limits.look, lambda: self.stop.everything, limits.grace)
        if not self._timed("look", self._look, within):
            return
        self._left = ()

    def _destroy(self, within: Within) -> Iterator[str]:
        engine = self.site.engine
        for number in range(1, _TRIES + 1):
            try:
                if others := self.site.others(within):
                    yield from (f"nothing is destroyed: there was {one}" for one in others)
                    return
                if self._broken:
                    engine.recover(within)
                    self._broken = False
                engine.destroy(within, leave_unreachable=number > 1)
                break
            except Exception as error:  # tried again, whatever it is
                if number == _TRIES or within.stopped() or time.monotonic() > within.until:
                    raise
                self._say(f"destroy: {error}; trying again")
                # A lock where nothing of this run was killed is somebody else's, whose update a recovery would break.
                self._broken = self._broken or not isinstance(error, LockedError)
        held = engine.held(within)
        if held.resources:
            yield f"the state still has {held.resources} resources"

    def _look(self, within: Within) -> Iterator[str]:
        for name in self.site.sweep():
            self._say(f"look: {name} had come to life again, and was deleted")
        while found := self.site.left():
            if within.stopped() or time.monotonic() > within.until:
                self._left = tuple(found)
                yield from found
                return
            time.sleep(self.course.pause_seconds)
