"""What an expression may take, and that nobody else pays for it."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from patchbay_runtime.evaluation import evaluators as module
from patchbay_runtime.evaluation.evaluators import Evaluators
from patchbay_runtime.evaluation.limits import MEMORY_BYTES, MOST_IDLE, OUTPUT_BYTES
from patchbay_runtime.evaluation.nursery import Evaluator, GoneError, Nursery
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.json_text import NO_VARIABLES, JsonText

from tests.runtime.conftest import Tenant, wait_until
from tests.runtime.queue_workers import until

EITHER = "expression_processor_time or expression_memory"  # whichever is reached first
ENDLESS = "( $f := function($x){ $f($x + 1) }; $f(1) )"
ROWS = {"orders": [{"id": number, "customers": [{"id": 1, "n": "example"}]} for number in range(1600)]}


@pytest.fixture
async def evaluators() -> AsyncIterator[Evaluators]:
    evaluators = Evaluators()
    yield evaluators
    await evaluators.close()


async def value(evaluators: Evaluators, expression: str, payload: Any = None, tenant: str = "example") -> Any:
    (found,) = await evaluators.evaluate(tenant, NO_VARIABLES, {"expression": expression}, JsonText.of(payload))
    return found.read()


async def fault(evaluators: Evaluators, *expressions: str, payload: Any = None, tenant: str = "example") -> StepFault:
    fields = {f"variables.v{index}": text for index, text in enumerate(expressions)}
    with pytest.raises(StepFault) as caught:
        await evaluators.evaluate(tenant, NO_VARIABLES, fields, JsonText.of(payload))
    return caught.value


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        (ENDLESS, "expression_processor_time"),
        ("{'a': 1, 'b': orders.$$.orders.customers[id=2].n}", EITHER),
        ("$map([1..10000000], function($v){ $v * 2 })", "expression_memory"),
        ("$reduce([1..40], function($a,$b){$a & $a})", "expression_memory"),
        ("$pad('', 100000000)", "expression_memory"),
        ("[1..500].($$)", EITHER),
        (
            "( $a := ['example']; $b := function($n, $x){ $n = 0 ? $x : $b($n - 1, [$x, $x]) }; $b(40, $a) )",
            EITHER,
        ),
        (f"$pad('', {OUTPUT_BYTES + 1})", "expression_output_size"),
    ],
)
async def test_what_takes_too_much_fails_with_the_limits_name_and_the_next_step_is_served(
    evaluators: Evaluators, expression: str, code: str
) -> None:
    found = await fault(evaluators, "1", expression, payload=ROWS)
    assert found.code in code.split(" or ")
    assert not found.retryable
    assert found.message.startswith("variables.v1: ")
    assert await value(evaluators, "a + 1", {"a": 1}) == 2


async def test_the_time_is_that_of_all_expressions_of_a_step(evaluators: Evaluators) -> None:
    third = "$count($map([1..20000], function($v){ $v * 2 }))"
    assert await value(evaluators, third) == 20000
    assert (await fault(evaluators, *[third] * 50)).code == "expression_processor_time"


async def test_the_output_is_that_of_all_expressions_of_a_step(evaluators: Evaluators) -> None:
    half = f"$pad('', {OUTPUT_BYTES // 2})"
    assert len(await value(evaluators, half)) == OUTPUT_BYTES // 2
    assert (await fault(evaluators, *[half] * 3)).code == "expression_output_size"


async def test_an_evaluation_that_is_held_up_from_outside_is_given_up_after_the_wall_time(
    evaluators: Evaluators, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await value(evaluators, "1") == 1
    monkeypatch.setattr(module, "WALL_SECONDS", 0.2)
    (idle,) = evaluators._idle
    os.kill(idle.pid, 19)
    given_up = await fault(evaluators, "1")
    # The machine's doing, which may pass: an expression has its processor time.
    assert (given_up.code, given_up.retryable) == ("expression_wall_time", True)
    monkeypatch.undo()
    assert await value(evaluators, "1") == 1
    assert evaluators._idle != [idle]


async def test_the_event_loop_turns_and_other_tenants_are_served_during_an_endless_evaluation(
    evaluators: Evaluators, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The last one waits for as long as the others take, which is more than their processor time on a busy machine.
    monkeypatch.setattr(module, "TURN_SECONDS", 120)
    monkeypatch.setattr(module, "WALL_SECONDS", 120)
    assert await value(evaluators, "1", tenant="other") == 1
    hogs = [asyncio.create_task(fault(evaluators, ENDLESS, tenant="hog")) for _ in range(3)]
    longest, last = 0.0, time.monotonic()
    for number in range(20):
        assert await value(evaluators, "$ + 1", number, tenant="other") == number + 1
        await asyncio.sleep(0)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert not hogs[-1].done()
    assert {(await hog).code for hog in hogs} == {"expression_processor_time"}


async def test_a_tenant_gets_a_process_that_no_other_has_used_and_keeps_it(evaluators: Evaluators) -> None:
    tenants = [f"tenant-{number}" for number in range(MOST_IDLE)]
    for tenant in tenants * 2:
        assert await value(evaluators, "$", tenant, tenant=tenant) == tenant
    used = {evaluator.tenant: evaluator.pid for evaluator in evaluators._idle}
    assert sorted(used, key=str) == tenants
    assert len(set(used.values())) == MOST_IDLE
    assert await value(evaluators, "1", tenant="one-more") == 1
    assert tenants[0] not in {evaluator.tenant for evaluator in evaluators._idle}


async def test_a_process_that_was_killed_while_idle_or_with_all_others_is_replaced(evaluators: Evaluators) -> None:
    assert await value(evaluators, "1") == 1
    os.kill(evaluators._idle[0].pid, 9)
    assert await value(evaluators, "1") == 1
    assert evaluators._nursery is not None
    os.kill(evaluators._nursery.result()._process.pid, 9)
    assert await value(evaluators, "1", tenant="other") == 1


async def test_a_machine_that_gives_no_process_costs_only_the_steps_that_meet_it(
    evaluators: Evaluators, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    with monkeypatch.context() as full:
        full.setattr("patchbay_runtime.evaluation.nursery.subprocess.Popen", none)
        met = await fault(evaluators, "1")
        assert (met.code, met.retryable) == ("evaluation_lost", True)
    assert await value(evaluators, "1") == 1


async def test_a_fork_that_fails_ends_nobody_elses_process(
    evaluators: Evaluators, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await value(evaluators, "1") == 1
    (idle,), program = list(evaluators._idle), evaluators._nursery
    assert await value(evaluators, "1", tenant="takes-the-spare") == 1
    ask, failures = Nursery._ask, iter([b"none"] * 2)

    async def sparing(self: Nursery, command: bytes, *files: int) -> bytes:
        return (next(failures, None) if command == b"fork" else None) or await ask(self, command, *files)

    monkeypatch.setattr(Nursery, "_ask", sparing)
    for tenant in ("another", "and-another"):
        assert await value(evaluators, "1", tenant=tenant) == 1
    assert evaluators._nursery is program
    assert idle in evaluators._idle
    assert next(failures, None) is None


async def test_more_than_was_asked_for_is_not_taken_from_a_process(
    evaluators: Evaluators, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await value(evaluators, "1") == 1
    for answers in ([b"v1", b"v2"], [b"v" + b"1" * (OUTPUT_BYTES + 1)], [b"x"]):
        sent = iter(answers)

        async def forged(_: Evaluator, most: int, sent: Iterator[bytes] = sent) -> bytes:
            answer = next(sent, b"x")
            if len(answer) > most:
                raise GoneError
            return answer

        with monkeypatch.context() as taken_over:
            taken_over.setattr(Evaluator, "receive", forged)
            given_up = await fault(evaluators, "1")
        assert given_up.code == "evaluation_lost"


async def test_a_step_does_not_wait_for_ever_for_its_turn(
    evaluators: Evaluators, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await value(evaluators, "1") == 1
    monkeypatch.setattr(module, "TURN_SECONDS", 0.1)
    hog = asyncio.create_task(fault(evaluators, ENDLESS))
    await until(lambda: bool(evaluators._turns), 20, "an evaluation has its turn")
    waited = await fault(evaluators, "1")
    assert (waited.code, waited.retryable) == ("evaluation_busy", True)
    assert (await hog).code == "expression_processor_time"
    assert not evaluators._turns


async def test_a_process_that_grew_is_not_kept(evaluators: Evaluators) -> None:
    assert await value(evaluators, "$length($pad('', 30000000))") == 30_000_000
    assert not evaluators._idle
    assert await value(evaluators, "1") == 1
    assert len(evaluators._idle) == 1


async def test_an_evaluation_process_has_neither_environment_nor_files_nor_rights(evaluators: Evaluators) -> None:
    assert await value(evaluators, "1") == 1
    process = Path("/proc") / str(evaluators._idle[0].pid)
    assert len(list((process / "fd").iterdir())) == 1
    assert process.joinpath("environ").read_bytes() in (b"", b"LC_CTYPE=C.UTF-8\0")
    status = dict(line.split(":\t", 1) for line in process.joinpath("status").read_text().splitlines())
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    limits = process.joinpath("limits").read_text()
    space = int(next(line for line in limits.splitlines() if line.startswith("Max address space")).split()[3])
    assert space < MEMORY_BYTES * 2
    assert process.joinpath("oom_score_adj").read_text().strip() == "1000"


async def test_an_evaluation_that_nests_too_deeply_is_given_up(evaluators: Evaluators) -> None:
    found = await fault(evaluators, "( $f := function($x){ 1 + $f($x + 1) }; $f(1) )")
    assert found.code == "expression_failed"
    assert "tack overflow" in found.message


async def test_no_process_is_left_when_the_worker_closes() -> None:
    evaluators = Evaluators()
    assert await value(evaluators, "1") == 1
    pid = evaluators._idle[0].pid
    await evaluators.close()
    wait_until(lambda: not Path("/proc", str(pid)).exists(), 20)


@pytest.mark.usefixtures("workers")
def test_steps_that_take_too_much_fail_once_with_the_limits_name_while_others_are_served(
    new_tenant: Callable[[], Tenant],
) -> None:
    hog, other = new_tenant(), new_tenant()
    other.register_steps("f", {"m": {"shape": "map", "config": {"expression": "$ + 1"}}})
    variables = {f"v{number}": ENDLESS for number in range(50)}
    hog.register_steps("f", {"s": {"shape": "set-variables", "config": {"variables": variables}}})
    hog.register_steps(
        "g", {"m": {"shape": "map", "config": {"expression": "$reduce([1..40], function($a, $b){$a & $a})"}}}
    )
    runs = [hog.trigger("f", {}), *(hog.trigger("g", {}) for _ in range(10))]
    assert other.call("f", 1)["output"] == 2
    errors = [hog.ended(run)["error"] for run in runs]
    assert [error["code"] for error in errors] == ["expression_processor_time", *["expression_memory"] * 10]
    assert {error["attempts"] for error in errors} == {1}
    assert errors[0]["message"].startswith("variables.v0: ")
