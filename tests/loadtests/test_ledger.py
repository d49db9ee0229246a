"""Which accepted runs count as completed, duplicated, lost and dead-lettered, by what the sink received."""

import pytest
from patchbay_loadtests.core.ledger import (
    LOST,
    REPEATED,
    SHARED_KEY,
    SHARED_RUN,
    UNEXPECTED,
    UNTIMED,
    WITHOUT_KEY,
    Call,
    Delivery,
    Ending,
    Excuse,
    RunsVerdict,
    judge_runs,
)

DONE = Ending(status="completed", created=0, finished=1)
RUNNING = Ending(status="running", created=0)
DEAD = Ending(
    status="failed", created=0, finished=1, error_code="dead_lettered", error_message="its worker died each time"
)
ORDERS = {"a": ("a/1", "a/2"), "b": ("b/1",)}
RUNS = {"a": "run-a", "b": "run-b"}
ENDINGS = {"run-a": DONE, "run-b": DONE}


def called(*keys: str, at: float = 0.0, answered: bool = True) -> Delivery:
    """Requests a second apart, each with one of these idempotency keys."""
    return Delivery(
        calls=tuple(Call(at=at + number, idempotency_key=key, answered=answered) for number, key in enumerate(keys))
    )


DELIVERED = {"a/1": called("p1"), "a/2": called("p2"), "b/1": called("p3")}


def judged_with(delivery: Delivery | None, endings: dict[str, Ending] = ENDINGS, *poisonous: str) -> RunsVerdict:
    """`b` has this in place of its one delivery."""
    found = {key: item for key, item in DELIVERED.items() if key != "b/1"}
    if delivery is not None:
        found["b/1"] = delivery
    return judge_runs(ORDERS, RUNS, endings, found, poisonous=poisonous)


def test_runs_whose_lines_are_at_the_sink_exactly_once_pass() -> None:
    verdict = judge_runs(ORDERS, RUNS, ENDINGS, DELIVERED)
    assert (verdict.accepted, verdict.completed, verdict.lost, verdict.duplicated) == (2, 2, 0, 0)
    assert verdict.passed


@pytest.mark.parametrize("delivery", [None, called("p3", answered=False)], ids=["never-came", "was-never-answered"])
def test_a_run_that_says_that_it_completed_without_an_effect_is_lost(delivery: Delivery | None) -> None:
    verdict = judged_with(delivery)
    assert (verdict.completed, verdict.lost, verdict.faults) == (1, 1, {LOST: ("b/1",)})
    assert not verdict.passed


@pytest.mark.parametrize(
    ("keys", "also"),
    [
        (["p3"] * 5, {}),
        ([""] * 5, {WITHOUT_KEY}),
        (["p1"] * 5, {SHARED_KEY}),
        (["p3", "p4"], {}),
        (["p3", "p3"], {}),
    ],
    ids=["one-key", "no-key", "a-constant", "two-processes", "again"],
)
def test_an_order_that_is_delivered_more_than_once_is_duplicated_whatever_key_the_product_gives_it(
    keys: list[str], also: set[str]
) -> None:
    verdict = judged_with(called(*keys))
    assert (verdict.completed, verdict.duplicated) == (1, 1)
    assert verdict.duplicated_lines == ("b/1",)
    assert verdict.faults.keys() == {REPEATED, *also}
    assert not verdict.passed


def test_one_delivery_without_a_key_or_with_that_of_another_process_fails() -> None:
    assert judged_with(called("")).faults == {WITHOUT_KEY: ("b/1",)}
    assert judged_with(called("p1")).faults == {SHARED_KEY: ("a/1", "b/1")}


def test_a_process_that_was_begun_again_after_its_worker_died_is_reported_and_excused() -> None:
    deliveries = DELIVERED | {"b/1": called("p3", "p3", "p3", at=100)}
    excused = judge_runs(ORDERS, RUNS, ENDINGS, deliveries, excuse=Excuse(since=90, until=160, most=1))
    assert (excused.completed, excused.redelivered, excused.duplicated) == (2, 1, 0)
    assert excused.passed


@pytest.mark.parametrize(
    ("delivery", "excuse"),
    [
        (called(*["p3"] * 5, at=100), Excuse(since=90, until=160, most=10)),
        (called("p3", "p4", at=100), Excuse(since=90, until=160, most=10)),
        (called("", "", at=100), Excuse(since=90, until=160, most=10)),
        (called("p3", "p3", at=80), Excuse(since=90, until=160, most=10)),
        (called("p3", "p3", at=160), Excuse(since=90, until=160, most=10)),
        (called("p3", "p3", at=100), Excuse(since=90, until=160, most=0)),
    ],
    ids=["too-often", "two-processes", "without-a-key", "before-the-fault", "long-after-it", "more-than-were-in-hand"],
)
def test_a_dead_worker_excuses_no_more_than_it_can_have_caused(delivery: Delivery, excuse: Excuse) -> None:
    verdict = judge_runs(ORDERS, RUNS, ENDINGS, DELIVERED | {"b/1": delivery}, excuse=excuse)
    assert not verdict.passed


@pytest.mark.parametrize(
    ("endings", "reason"),
    [
        ({"run-a": DONE, "run-b": RUNNING}, "1 accepted but not ended: b (run run-b)"),
        ({"run-a": DONE}, "1 accepted but not to be found: b (run run-b)"),
        (
            {"run-a": DONE, "run-b": Ending(status="failed", created=0, finished=1, error_code="http_connection")},
            "1 failed with http_connection: b (run run-b)",
        ),
    ],
    ids=["has-not-ended", "unknown", "failed"],
)
def test_a_run_that_did_not_complete_is_lost_and_its_state_is_told(endings: dict[str, Ending], reason: str) -> None:
    verdict = judge_runs(ORDERS, RUNS, endings, DELIVERED)
    assert (verdict.completed, verdict.lost) == (1, 1)
    assert verdict.reasons == [reason]


def test_a_run_that_is_said_to_have_ended_at_no_moment_fails() -> None:
    untimed = Ending(status="completed", created=0)
    verdict = judge_runs(ORDERS, RUNS, ENDINGS | {"run-b": untimed}, DELIVERED)
    assert verdict.reasons == [f"1 {UNTIMED}: b"]


def test_orders_that_were_accepted_as_one_run_fail_though_every_line_is_at_the_sink() -> None:
    verdict = judge_runs(ORDERS, dict.fromkeys(ORDERS, "run-a"), {"run-a": DONE}, DELIVERED)
    assert (verdict.completed, verdict.lost) == (0, 2)
    assert verdict.reasons == [f"2 {SHARED_RUN}: a (run run-a), b (run run-a)"]


def test_a_poisonous_order_in_the_dead_letters_with_its_reason_is_no_loss() -> None:
    verdict = judged_with(None, {"run-a": DONE, "run-b": DEAD}, "b")
    assert (verdict.completed, verdict.dead_lettered, verdict.lost) == (1, 1, 0)
    assert verdict.passed


def test_a_harmless_order_in_the_dead_letters_is_a_fault_of_the_platform() -> None:
    assert judged_with(None, {"run-a": DONE, "run-b": DEAD}).reasons == ["1 dead-lettered though harmless: b"]


def test_a_dead_letter_without_a_reason_is_a_loss() -> None:
    silent = Ending(status="failed", created=0, finished=1, error_code="dead_lettered")
    verdict = judged_with(None, {"run-a": DONE, "run-b": silent}, "b")
    assert (verdict.completed, verdict.lost) == (1, 1)
    assert "1 poisonous but not dead-lettered: b" in verdict.reasons


def test_a_delivery_that_nobody_ordered_fails() -> None:
    verdict = judge_runs(ORDERS, RUNS, ENDINGS, DELIVERED | {"c/1": called("p9")})
    assert verdict.faults == {UNEXPECTED: ("c/1",)}
    assert not verdict.passed


def test_two_effects_of_an_order_that_was_never_accepted_are_told_as_well() -> None:
    verdict = judge_runs(ORDERS | {"c": ("c/1",)}, RUNS, ENDINGS, DELIVERED | {"c/1": called("p9", "p9")})
    assert (verdict.duplicated, verdict.reasons) == (1, [f"1 {REPEATED}: c/1"])


def test_without_a_single_accepted_run_nothing_is_proven() -> None:
    assert judge_runs({}, {}, {}, {}).reasons == ["no run was accepted"]
