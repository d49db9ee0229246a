"""What of a sink's deliveries an open load's test is judged by."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.ledger import REPEATED, UNEXPECTED, Call, Delivery, Ending, RunsVerdict, judge_runs
from patchbay_loadtests.open_loop.job import Job, Registered, SinkMoment, do, of_this_test
from patchbay_loadtests.open_loop.prefix import new_prefix, prefix_of

from tests.loadtests.small_environment import SmallEnvironment, small_environment

BEGAN = SinkMoment(instance="i", at=100.0)
OWN, OTHERS = f"{new_prefix()}-1", f"{new_prefix()}-1"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[SmallEnvironment]:
    with small_environment(lambda _: 1, tmp_path) as (small, _):
        yield small


def delivered(*moments: float) -> Delivery:
    return Delivery(calls=tuple(Call(at=at, idempotency_key=f"p-{moments[0]}", answered=True) for at in moments))


def judged(deliveries: dict[str, Delivery]) -> RunsVerdict:
    """A test of one order, beside which this came to the sink."""
    expected = {OWN: (f"{OWN}/1",)}
    found = of_this_test({f"{OWN}/1": delivered(110.0), **deliveries}, expected, BEGAN)
    return judge_runs(expected, {OWN: "r"}, {"r": Ending("completed", created=0, finished=1)}, found)


@pytest.mark.parametrize(
    "deliveries",
    [
        {"a/1": delivered(50.0)},
        {f"{OTHERS}/1": delivered(50.0)},
        {f"{OTHERS}/1": delivered(50.0, 51.0)},
        {f"{OTHERS}/1": delivered(120.0)},
    ],
    ids=["of-something-else", "of-an-earlier-test", "twice-in-an-earlier-test", "of-a-test-that-was-killed"],
)
def test_what_tests_before_it_brought_to_the_sink_does_not_fail_a_test(deliveries: dict[str, Delivery]) -> None:
    assert judged(deliveries).passed


@pytest.mark.parametrize(
    ("key", "delivery", "fault"),
    [
        (f"{OWN}/2", delivered(120.0), UNEXPECTED),
        ("a/1", delivered(120.0), UNEXPECTED),
        ("a/1", delivered(50.0, 120.0), UNEXPECTED),
        (f"{OTHERS}/1", delivered(50.0, 120.0), UNEXPECTED),
        (f"{OTHERS}/1", delivered(120.0, 121.0), UNEXPECTED),
        (f"{OWN}/1", delivered(120.0, 121.0), REPEATED),
    ],
    ids=["own", "any", "any-again", "an-earlier-test-s-again", "another-test-s-again", "repeated"],
)
def test_an_effect_without_an_order_fails_the_test_in_which_it_comes(key: str, delivery: Delivery, fault: str) -> None:
    assert judged({key: delivery}).faults == {fault: (key,)}


def test_the_prefix_is_that_of_the_order_and_of_nothing_else() -> None:
    prefix = new_prefix()
    assert (prefix_of(f"{prefix}-12"), prefix_of(f"{prefix}-12/1"), prefix_of("order-1/1")) == (prefix, prefix, None)


async def test_a_sink_that_was_restarted_during_the_test_gives_no_verdict(environment: SmallEnvironment) -> None:
    job = Job(host=environment.url, tenant="t", sink_url=environment.sink_url("/deliveries"))
    registered = await do(job)
    assert isinstance(registered, Registered)
    began = registered.sink
    assert began is not None
    assert began.instance == httpx2.get(environment.sink_url("/control/state"), trust_env=False).json()["instance"]
    other = began.model_copy(update={"instance": "another"})
    with pytest.raises(UnusableEnvironmentError, match="restarted during the test"):
        await do(job.model_copy(update={"runs": {}, "began": other}))


async def test_a_run_whose_id_is_none_is_not_to_be_found(environment: SmallEnvironment) -> None:
    job = Job(host=environment.url, tenant="t", sink_url=None, expected={"o": ()}, runs={"o": "ok"})
    verdict = await do(job)
    assert isinstance(verdict, RunsVerdict)
    assert verdict.reasons == ["1 accepted but not to be found: o (run ok)"]
