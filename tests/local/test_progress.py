"""The user sees what runs, for how long, and how much is left."""

import io
from pathlib import Path

import pytest
from patchbay_local.commands.progress import Durations, Planned, Progress, remaining_seconds, short_duration
from rich.console import Console

PLAN = [Planned("tools", "compile", "build"), Planned("images", "build"), Planned("beside", "fetch", background=True)]


def _progress(folder: Path, text: io.StringIO) -> Progress:
    durations = Durations(folder / "durations.json", {"tools:build": 600, "images": 60, "beside": 100})
    return Progress(Console(file=text, width=200), PLAN, durations)


def test_a_step_tells_what_it_does_how_long_it_usually_takes_and_what_is_left_in_all(tmp_path: Path) -> None:
    text = io.StringIO()
    with _progress(tmp_path, text).step("tools"):
        pass
    assert "[1/3] tools: compile, usually 10m00s; 11m00s left in all" in text.getvalue()
    assert "[1/3] tools: done in 0s" in text.getvalue()


def test_the_duration_of_the_last_run_replaces_the_estimate(tmp_path: Path) -> None:
    Durations(tmp_path / "durations.json", {}).record("tools:build", 120)
    again = Durations(tmp_path / "durations.json", {"tools:build": 600, "images": 60})
    assert again.expected("tools:build") == 120
    assert again.expected("images") == 60
    assert again.expected("unheard of") == 0


def test_a_step_that_failed_leaves_the_estimate_alone(tmp_path: Path) -> None:
    text = io.StringIO()
    progress = _progress(tmp_path, text)
    with pytest.raises(ValueError, match="broken"), progress.step("tools"):
        raise ValueError("broken")
    assert "stopped after" in text.getvalue()
    assert not (tmp_path / "durations.json").exists()
    assert "tools" not in progress.seconds


def test_a_damaged_durations_file_falls_back_to_estimates(tmp_path: Path) -> None:
    (tmp_path / "durations.json").write_text("{")
    assert Durations(tmp_path / "durations.json", {"images": 60}).expected("images") == 60


@pytest.mark.parametrize(
    ("elapsed", "expected", "fraction", "left"),
    [
        (10, 60, None, 50),
        (70, 60, None, 0),
        (30, 60, 0.25, 90),
        (1, 60, 0.001, 59),  # too early for a rate
    ],
)
def test_what_is_left_follows_the_rate_once_there_is_one(
    elapsed: float, expected: float, fraction: float | None, left: float
) -> None:
    assert remaining_seconds(elapsed, expected, fraction) == left


@pytest.mark.parametrize(("seconds", "text"), [(4.4, "4s"), (185, "3m05s"), (3725, "1h02m")])
def test_durations_read_well(seconds: float, text: str) -> None:
    assert short_duration(seconds) == text
