"""Locust's own command with our locustfile, against a gateway on loopback; and the verdict over what it sent."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.core.traffic.protocol import Placed
from patchbay_loadtests.open_loop.options import OpenLoop, given, read_profile
from patchbay_loadtests.open_loop.rate import expected_orders, users_at
from patchbay_loadtests.open_loop.verdict import OpenLoopVerdict, judge
from patchbay_loadtests.profiles.profile import BlackFriday, Steady

from tests.loadtests.patient_objectives import patient_objectives
from tests.loadtests.small_environment import SmallEnvironment, serving

LOCUSTFILE = Path(__file__).resolve().parents[2] / "loadtests" / "locustfile.py"
# So few orders, for so long, that the verdict's tolerance covers those that a busy machine does not get round to in
# three seconds: ten are asked for, and 4 to 16 taken for them. Two users, for two processes.
PER_SECOND, SECONDS = 2, 5
RUNS = RunsVerdict(accepted=10, completed=10, duplicated=0, lost=0)


@pytest.fixture
def environment() -> Iterator[SmallEnvironment]:
    """A gateway and a sink, without anything that scales."""
    small = SmallEnvironment(lambda _: 1)
    for server in (small, small.sink):
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield small
    for server in (small, small.sink):
        server.shutdown()
        server.server_close()


def locust(environment: SmallEnvironment, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A profile of ten orders."""
    profile = directory / "profile.yaml"
    profile.write_text(yaml.safe_dump({"name": "steady", "rate": PER_SECOND, "duration": SECONDS}))
    slo = patient_objectives("steady", directory)
    line = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--host", environment.url]
    line += [
        "--load-profile",
        str(profile),
        "--slo",
        str(slo),
        "--sink-url",
        environment.sink_url("/deliveries"),
        *options,
    ]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=directory, timeout=300)


def test_two_worker_processes_send_a_profile_and_every_order_is_verified(
    environment: SmallEnvironment, tmp_path: Path
) -> None:
    done = locust(environment, tmp_path, "--processes=2")
    assert done.returncode == 0, done.stderr
    assert "passed: " in done.stderr
    assert 4 <= len(environment.runs) <= 16
    assert f"{len(environment.runs)} orders due, {len(environment.runs)} accepted, 0 refused" in done.stderr
    # Each process begins its orders with a prefix of its own.
    keys = httpx2.get(environment.sink_url("/control/deliveries"), trust_env=False).json()["deliveries"]
    assert len({key.rpartition("-")[0] for key in keys}) == 2


def test_a_second_test_against_the_same_sink_is_judged_by_its_own_orders(
    environment: SmallEnvironment, tmp_path: Path
) -> None:
    httpx2.post(environment.sink_url("/deliveries"), json={"key": "a/1"}, trust_env=False)
    for _ in range(2):
        # The secret of the flow's webhook is told at its first registration only.
        done = locust(environment, tmp_path)
        assert done.returncode == 0, done.stderr


def test_an_administrator_s_key_registers_the_flow_and_goes_with_no_order(
    environment: SmallEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.access.token = "administrators"
    monkeypatch.setenv("PATCHBAY_TOKEN", "administrators")
    # An order that shows a key of the API besides is refused here.
    done = locust(environment, tmp_path, "--processes=2")
    assert done.returncode == 0, done.stderr
    assert len(environment.runs) >= 4
    assert environment.access.keys == {}
    assert not [secret for secret in environment.access.secrets.values() if secret in done.stdout + done.stderr]


class WithoutRuns(SmallEnvironment):
    """Accepts orders and does not say as what."""

    def handle(self, _command: str, path: str, _document: Any) -> tuple[int, Any] | None:
        return (202, {"id": "x"}) if path.startswith("/hooks/") else None


def test_a_gateway_that_accepts_orders_without_a_run_makes_locust_end_with_1(tmp_path: Path) -> None:
    environment = WithoutRuns(lambda _: 1)
    with serving(environment, tmp_path):
        done = locust(environment, tmp_path)
    assert done.returncode == 1, done.stderr
    assert "orders were not accepted: /hooks/loadtest/loadtest-locust: 202 without a run" in done.stderr


def test_a_platform_that_repeats_deliveries_makes_locust_end_with_1(
    environment: SmallEnvironment, tmp_path: Path
) -> None:
    environment.deliver_twice = True
    done = locust(environment, tmp_path, "--processes=2")
    assert done.returncode == 1, done.stderr
    assert "received more than once by the sink" in done.stderr


def test_a_gateway_that_refuses_orders_makes_locust_end_with_1(environment: SmallEnvironment, tmp_path: Path) -> None:
    environment.refuses = (403, 3)
    done = locust(environment, tmp_path)
    assert done.returncode == 1, done.stderr
    assert "orders were not accepted: /hooks/loadtest/loadtest-locust: 403" in done.stderr


def test_a_gateway_that_does_not_answer_makes_locust_end_with_2(environment: SmallEnvironment, tmp_path: Path) -> None:
    environment.access.token = "another"
    done = locust(environment, tmp_path)
    assert done.returncode == 2, done.stderr
    assert "no verdict: the test could not begin: gateway, PUT /api/tenants/loadtest: 401" in done.stderr


def placed(number: int, *, late: float = 0.0, took: float = 0.1, run: str | None = "r", reason: str = "") -> Placed:
    due = 100.0 + number
    return Placed(order=f"o-{number}", due=due, sent=due + late, ended=due + late + took, run=run, reason=reason)


def judged(*orders: Placed, **given: Any) -> OpenLoopVerdict:
    return judge(orders, given.pop("runs", RUNS), due=given.pop("due", len(orders)), late_p95_seconds=1, **given)


def test_times_count_from_the_due_moment_and_not_from_sending() -> None:
    verdict = judged(*(placed(number, late=0.5, took=0.1) for number in range(10)), accepted_p95_seconds=0.3)
    assert verdict.p95_seconds == pytest.approx(0.6)
    assert (verdict.verdict, verdict.n) == ("failed", 10)
    assert verdict.reasons[0].startswith(
        "objective missed: order accepted, from its due moment, p95 of n = 10: 0.600 s"
    )


def test_a_generator_that_is_the_limit_gives_no_verdict() -> None:
    verdict = judged(*(placed(number, late=3) for number in range(10)))
    assert (verdict.verdict, verdict.exit_code) == ("none", 2)
    assert "the generator was the limit: it sent orders 3.0 s late (p95)" in verdict.reasons[0]


def test_orders_that_a_lost_worker_took_along_give_no_verdict() -> None:
    verdict = judged(placed(1), due=3)
    assert verdict.reasons == ("no verdict: of 2 orders nobody knows what became of them",)


def test_fewer_orders_than_the_profile_asks_for_give_no_verdict() -> None:
    orders = [placed(number) for number in range(10)]
    assert judged(*orders, expected=12).verdict == "passed"
    assert judged(*orders, expected=100).reasons == ("no verdict: 10 orders came due where the profile asks for 100",)
    assert judged().verdict == "none"


def test_refused_orders_and_lost_runs_fail() -> None:
    refused = placed(2, run=None, reason="/hooks: 503")
    lost = RUNS.model_copy(update={"lost": 1, "completed": 9, "faults": {"lost at the sink": ("o-1/1",)}})
    assert judged(placed(1), refused, runs=lost).reasons == (
        "1 orders were not accepted: /hooks: 503",
        "1 lost at the sink: o-1/1",
    )
    assert judged(placed(1), runs=None).verdict == "none"


def test_users_are_as_many_as_bring_the_profile_s_rate() -> None:
    profile = BlackFriday(rate=1, quiet_seconds=10, ramp_seconds=20, hold_seconds=30, fall_seconds=10)
    assert [users_at(profile, at, 1) for at in (0, 19.5, 40)] == [1, 16, 30]
    assert users_at(profile, 40, 10) == 300
    assert expected_orders(Steady(rate=2.5, duration=60), 10) == pytest.approx(150)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("name: rush", "the file"),
        ("{name: steady, rate: 0}", "steady.rate"),
        ("{name: steady, speed: 1}", "steady.speed"),
        ("[", "not a YAML file"),
    ],
)
def test_a_profile_file_that_is_wrong_is_refused_with_the_field(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"--load-profile: .*{wrong}"):
        read_profile(path)


def test_an_option_that_is_wrong_is_named() -> None:
    class Options:
        tenant = "Not A Tenant"

    with pytest.raises(ValueError, match="--tenant"):
        given(Options())  # type: ignore[arg-type]
    assert given(None) == OpenLoop()
    assert json.loads(OpenLoop().model_dump_json())["user_seconds"] == 1
