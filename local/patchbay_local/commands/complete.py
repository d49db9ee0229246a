"""`make test ARGS=--all`: everything that can be proved on one machine, part by part, and the record of it."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from patchbay_local.commands.phases import REPORTS
from patchbay_local.commands.progress import short_duration
from patchbay_local.commands.tree import Tree

RECORD: Final = REPORTS / "complete.json"


@dataclass(frozen=True)
class Part:
    """`run`: whether it passed; what it raises is a failure like any other. `covers`: what passing it says.

    `lasting`: nothing later depends on having run it, so that a set that is gone on with need not repeat it.
    """

    name: str
    covers: str
    run: Callable[[], bool]
    lasting: bool = True


@dataclass(frozen=True)
class Result:
    """What became of a part, on which tree. `seconds`: of its run; `error`: why it could not end by itself."""

    name: str
    covers: str
    passed: bool
    seconds: float
    commit: str
    changed: Sequence[str]
    error: str = ""


def run_parts(
    console: Console,
    parts: Sequence[Part],
    *,
    tree: Tree,
    now: Callable[[], Tree] = Tree.of,
    record: Path = RECORD,
    resume: bool = False,
) -> bool:
    """Run the parts in order, each also after a failure; whether all passed.

    The set stops where `now` finds another tree than `tree`: what ran meanwhile was of neither, and does not count.
    The record is written before the first part, then after each. `resume`: what passed on the same commit, without a
    changed file, counts.
    """
    began = datetime.now(UTC)
    results = _passed_before(record, tree, parts) if resume else {}
    # At once: an earlier set that passed must not be taken for this one.
    _write(record, tree, began, results, parts)
    stopped = ""
    for number, part in enumerate(parts, start=1):
        told = f"[{number}/{len(parts)}] {part.name}"
        if part.name in results:
            console.print(f"{told}: passed before", markup=False)
            continue
        console.print(f"{told}: {part.covers}", markup=False)
        result, stopped = _run_on(part, tree, now)
        if result is None:
            break
        results[part.name] = result
        end = f"FAILED {result.error}".rstrip() if not result.passed else "passed"
        console.print(f"{told}: {end} after {short_duration(result.seconds)}", markup=False)
        _write(record, tree, began, results, parts)
    passed = _write(record, tree, began, results, parts, ended=datetime.now(UTC), stopped=stopped)
    _print(console, [results[part.name] for part in parts if part.name in results])
    if stopped:
        console.print(f"STOPPED: {stopped}", markup=False, soft_wrap=True)
    if tree.changed:
        console.print(f"counts for no commit: {len(tree.changed)} files are not committed, {tree.changed[0]} the first")
    console.print(f"record:     {record}", soft_wrap=True)
    return passed


def _run_on(part: Part, tree: Tree, now: Callable[[], Tree]) -> tuple[Result | None, str]:
    """The result, or why there is none that counts."""
    going_on = "put it back and go on with --resume" if not tree.changed else "begin again"
    if difference := tree.difference(now()):
        return None, f"the tree changed before {part.name} ({difference}): {going_on}"
    result = _run(part, tree)
    if difference := tree.difference(now()):
        return None, f"the tree changed while {part.name} ran, whose result does not count ({difference}): {going_on}"
    return result, ""


def _run(part: Part, tree: Tree) -> Result:
    began = time.monotonic()
    try:
        passed, error = part.run(), ""
    except Exception as failure:
        passed, error = False, str(failure) or type(failure).__name__
    seconds = round(time.monotonic() - began, 1)
    return Result(part.name, part.covers, passed, seconds, tree.commit, tree.changed, error)


def _passed_before(record: Path, tree: Tree, parts: Sequence[Part]) -> dict[str, Result]:
    """What need not run again. Each part says for itself what it ran on; one that does not counts for nothing."""
    try:
        content = json.loads(record.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    if tree.changed:
        return {}
    lasting = {part.name for part in parts if part.lasting}
    return {
        one["name"]: Result(**one)
        for one in content["parts"]
        if one["passed"] and one["name"] in lasting and (one.get("commit"), one.get("changed")) == (tree.commit, [])
    }


def _write(
    record: Path,
    tree: Tree,
    began: datetime,
    results: Mapping[str, Result],
    parts: Sequence[Part],
    *,
    ended: datetime | None = None,
    stopped: str = "",
) -> bool:
    """Whether every part passed. Without `ended` the set still runs, or was killed."""
    missing = [part.name for part in parts if part.name not in results]
    passed = not missing and not stopped and all(result.passed for result in results.values())
    content: dict[str, Any] = {
        "commit": tree.commit,
        "changed": list(tree.changed),
        "began": began.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds") if ended else None,
        # Of this commit and nothing but it.
        "passed": passed and ended is not None and not tree.changed,
        "parts": [asdict(results[part.name]) for part in parts if part.name in results],
        "not_run": missing,
        "stopped": stopped,
    }
    record.parent.mkdir(parents=True, exist_ok=True)
    partial = record.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n")
    partial.replace(record)
    return passed


def _print(console: Console, results: Sequence[Result]) -> None:
    table = Table(title="The complete set", title_justify="left")
    table.add_column("part")
    table.add_column("covers")
    table.add_column("time", justify="right")
    table.add_column("result")
    for result in results:
        table.add_row(
            result.name, result.covers, short_duration(result.seconds), "passed" if result.passed else "FAILED"
        )
    console.print(table)
