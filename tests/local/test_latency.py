"""The two latencies side by side, from the reports of two proofs."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from patchbay_local.commands import latency, proof
from rich.console import Console

LEGS = {"intake": 0.2, "readiness": 2.5}
MEASURED = {
    "n": 3,
    "scale_ups": [{}, {}, {}, {}],
    "legs_p50": LEGS,
    "shares": {"intake": 0.1, "readiness": 0.9},
    "order_to_ready_p50": 7.25,
    "order_to_ready_p95": 9.0,
    "metric_to_ready_p50": 4.6,
    "metric_to_ready_p95": 6.4,
}
UNSEEN = {
    **MEASURED,
    "n": 0,
    "legs_p50": dict.fromkeys(LEGS),
    **{f"{part}_to_ready_{percentile}": None for part in ("order", "metric") for percentile in ("p50", "p95")},
}


@contextmanager
def nothing_to_put_back(_: Console) -> Iterator[None]:
    yield


def compared(directory: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, Any] | None) -> list[list[str]]:
    """The table's cells after a proof that measured under 5 s and this other one under 15 s."""
    found = {5.0: MEASURED, 15.0: other}

    def prove(*, hpa_sync_seconds: float, reports: Path, **_: Any) -> bool:
        (reports / "latest").mkdir(parents=True)
        (reports / "latest" / "result.json").write_text(json.dumps({"latency": found[hpa_sync_seconds]}))
        return True

    monkeypatch.setattr(latency, "REPORTS", directory)
    monkeypatch.setattr(latency, "put_back_after", nothing_to_put_back)
    monkeypatch.setattr(latency, "set_sync_period", lambda *_: None)
    monkeypatch.setattr(proof, "run", prove)
    output = io.StringIO()
    assert latency.compare(Console(file=output, width=120), repeat=3)
    lines = [line for line in output.getvalue().splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_order_and_metric_until_ready_stand_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = compared(tmp_path, monkeypatch, {**MEASURED, "order_to_ready_p95": 19.5, "n": 4})
    assert ["order until Ready, p50", "7.2", "7.2"] in rows
    assert ["order until Ready, p95", "9.0", "19.5"] in rows
    assert ["metric shown until Ready, p95", "6.4", "6.4"] in rows
    assert ["scale-ups measured", "3 of 4", "4 of 4"] in rows
    assert ["readiness, p50 (share)", "2.50 (90%)", "2.50 (90%)"] in rows


def test_what_was_not_seen_is_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = compared(tmp_path, monkeypatch, UNSEEN)
    assert ["order until Ready, p95", "9.0", "-"] in rows
    assert ["scale-ups measured", "3 of 4", "0 of 4"] in rows
    assert ["readiness, p50 (share)", "2.50 (90%)", "-"] in rows


def test_a_proof_that_ended_before_its_first_scale_up_is_dashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = compared(tmp_path, monkeypatch, None)
    assert ["metric shown until Ready, p50", "4.6", "-"] in rows
    assert ["scale-ups measured", "3 of 4", "0 of 0"] in rows
    assert ["intake, p50 (share)", "0.20 (10%)", "-"] in rows
