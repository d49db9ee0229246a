"""Puts a report into its place."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from patchbay_loadtests.core.report.chart import timeline_png
from patchbay_loadtests.core.report.page import page
from patchbay_loadtests.proof.latency import LEGS
from patchbay_loadtests.proof.result import Result
from patchbay_loadtests.proof.timeline import Timeline


def new_directory(reports: Path) -> Path:
    """A fresh directory, named by the time, below the reports."""
    began = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    reports.mkdir(parents=True, exist_ok=True)
    for suffix in ("", *(f"-{number}" for number in range(2, 100))):
        directory = reports / f"{began}{suffix}"
        try:
            directory.mkdir()
        except FileExistsError:
            continue
        return directory
    raise FileExistsError(f"{reports} already holds a hundred reports of {began}")


def write_proof(directory: Path, result: Result, timeline: Timeline) -> None:
    """The proof's files; `timeline.json` is the record that the verdict can be reached from again."""
    chart = timeline_png(timeline)
    (directory / "timeline.png").write_bytes(chart)
    (directory / "timeline.json").write_text(timeline.model_dump_json())
    (directory / "report.html").write_text(page("report.html", chart, result=result, legs=LEGS))
    write_json(directory / "result.json", result.model_dump(mode="json"))


def write_json(path: Path, document: dict[str, Any]) -> None:
    """A JSON file for people and programs."""
    path.write_text(json.dumps(document, indent=2) + "\n")


def point_latest_to(directory: Path) -> None:
    """Let `latest` beside the directory name it, in one step: a reader sees the old report or the new one."""
    latest = directory.parent / "latest"
    if latest.is_dir() and not latest.is_symlink():
        shutil.rmtree(latest)
    fresh = directory.parent / f".latest-{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(directory.name)
    fresh.replace(latest)
