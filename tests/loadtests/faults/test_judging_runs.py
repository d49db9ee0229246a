"""Which accepted runs count as completed, duplicated, lost and dead-lettered."""

from patchbay_loadtests.faults.judging.runs import Ending, RunCounts, judge_runs

DONE = Ending(status="completed", created=0, finished=1)
DEAD = Ending(
    status="failed", created=0, finished=1, error_code="dead_lettered", error_message="its worker died each time"
)
ACCEPTED = {"a": "run-a", "b": "run-b"}


def counts(**numbers: int) -> RunCounts:
    return RunCounts(**{"accepted": 2, "completed": 0, "duplicated": 0, "lost": 0, "dead_lettered": 0, **numbers})


def test_runs_that_ended_with_one_effect_are_completed() -> None:
    verdict = judge_runs(ACCEPTED, {"run-a": DONE, "run-b": DONE}, {"a": 1, "b": 1}, ())
    assert verdict.counts == counts(completed=2)
    assert not verdict.reasons


def test_a_run_that_says_it_is_completed_but_had_no_effect_is_lost() -> None:
    verdict = judge_runs(ACCEPTED, {"run-a": DONE, "run-b": DONE}, {"a": 1}, ())
    assert verdict.counts == counts(completed=1, lost=1)
    assert verdict.reasons == ("1 completed without an effect: b",)


def test_a_run_that_has_not_ended_or_is_not_known_is_lost() -> None:
    verdict = judge_runs(ACCEPTED, {"run-a": Ending(status="running", created=0)}, {"a": 1}, ())
    assert verdict.counts == counts(lost=2)
    assert verdict.reasons == ("1 accepted but not ended: a", "1 accepted but not to be found: b")


def test_an_order_with_two_effects_is_duplicated_and_not_completed() -> None:
    verdict = judge_runs(ACCEPTED, {"run-a": DONE, "run-b": DONE}, {"a": 2, "b": 1}, ())
    assert verdict.counts == counts(completed=1, duplicated=1)
    assert verdict.reasons == ("1 with more than one effect: a",)


def test_two_effects_of_an_order_that_was_never_accepted_are_told_as_well() -> None:
    verdict = judge_runs(ACCEPTED, {"run-a": DONE, "run-b": DONE}, {"a": 1, "b": 1, "refused": 2}, ())
    assert verdict.counts.duplicated == 1
    assert verdict.reasons == ("1 with more than one effect: refused",)


def test_a_poisonous_order_in_the_dead_letters_with_its_reason_is_no_loss() -> None:
    verdict = judge_runs(ACCEPTED, {"run-a": DONE, "run-b": DEAD}, {"a": 1}, {"b"})
    assert verdict.counts == counts(completed=1, dead_lettered=1)
    assert not verdict.reasons


def test_a_harmless_order_in_the_dead_letters_is_a_fault_of_the_platform() -> None:
    verdict = judge_runs(ACCEPTED, {"run-a": DONE, "run-b": DEAD}, {"a": 1}, ())
    assert verdict.reasons == ("1 dead-lettered though harmless: b",)


def test_a_dead_letter_without_a_reason_is_a_loss() -> None:
    silent = Ending(status="failed", created=0, finished=1, error_code="dead_lettered")
    verdict = judge_runs(ACCEPTED, {"run-a": DONE, "run-b": silent}, {"a": 1}, {"b"})
    assert verdict.counts == counts(completed=1, lost=1)
    assert "1 poisonous but not dead-lettered: b" in verdict.reasons


def test_a_run_that_failed_otherwise_is_lost_and_its_code_is_told() -> None:
    failed = Ending(
        status="failed", created=0, finished=1, error_code="http_connection", error_message="the call failed"
    )
    verdict = judge_runs(ACCEPTED, {"run-a": DONE, "run-b": failed}, {"a": 1}, ())
    assert verdict.counts == counts(completed=1, lost=1)
    assert verdict.reasons == ("1 failed with http_connection: b",)


def test_a_fault_without_any_accepted_run_proves_nothing() -> None:
    assert judge_runs({}, {}, {}, ()).reasons == ("no run was accepted",)
