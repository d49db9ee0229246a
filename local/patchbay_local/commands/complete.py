"""`make test ARGS=--all`: everything that can be proved on one machine, part by part, and the record of it."""

import json
import subprocess
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
from patchbay_local.machine import paths

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
    """What became of a part. `seconds`: of its run; `error`: why it could not end by itself."""

    name: str
    covers: str
    passed: bool
    seconds: float
    error: str = ""


@dataclass(frozen=True)
class Tree:
    """What is tested: a commit, and the files that differ from it."""

    commit: str
    changed: Sequence[str]

    @classmethod
    def of(cls, repository: Path = paths.REPOSITORY) -> "Tree":
        def git(*words: str) -> str:
            return subprocess.run(
                ["git", *words], cwd=repository, check=True, capture_output=True, text=True
            ).stdout.strip("\n")

        changed = [line[3:] for line in git("status", "--porcelain").splitlines()]
        return cls(git("rev-parse", "HEAD"), changed)


def run_parts(
    console: Console, parts: Sequence[Part], *, tree: Tree, record: Path = RECORD, resume: bool = False
) -> bool:
    """Run the parts in order, each also after a failure; whether all passed.

    The record is written after each part. `resume`: what passed on the same commit, without a changed file, counts.
    """
    began = datetime.now(UTC)
    earlier = _passed_before(record, tree) if resume else {}
    results: list[Result] = []
    for number, part in enumerate(parts, start=1):
        told = f"[{number}/{len(parts)}] {part.name}"
        if part.lasting and part.name in earlier:
            console.print(f"{told}: passed before", markup=False)
            results.append(earlier[part.name])
        else:
            console.print(f"{told}: {part.covers}", markup=False)
            results.append(_run(part))
            result = results[-1]
            end = f"FAILED {result.error}".rstrip() if not result.passed else "passed"
            console.print(f"{told}: {end} after {short_duration(result.seconds)}", markup=False)
        _write(record, tree, began, results, parts)
    _print(console, results)
    passed = all(result.passed for result in results)
    if tree.changed:
        console.print(f"counts for no commit: {len(tree.changed)} files are not committed, {tree.changed[0]} the first")
    console.print(f"record:     {record}", soft_wrap=True)
    return passed


def _run(part: Part) -> Result:
    began = time.monotonic()
    try:
        passed, error = part.run(), ""
    except Exception as failure:
        passed, error = False, str(failure) or type(failure).__name__
    return Result(part.name, part.covers, passed, round(time.monotonic() - began, 1), error)


def _passed_before(record: Path, tree: Tree) -> Mapping[str, Result]:
    try:
        content = json.loads(record.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    if tree.changed or content["changed"] or content["commit"] != tree.commit:
        return {}
    return {one["name"]: Result(**one) for one in content["parts"] if one["passed"]}


def _write(record: Path, tree: Tree, began: datetime, results: Sequence[Result], parts: Sequence[Part]) -> None:
    missing = [part.name for part in parts[len(results) :]]
    content: dict[str, Any] = {
        "commit": tree.commit,
        "changed": list(tree.changed),
        "began": began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        # Of this commit and nothing but it.
        "passed": not missing and not tree.changed and all(result.passed for result in results),
        "parts": [asdict(result) for result in results],
        "not_run": missing,
    }
    record.parent.mkdir(parents=True, exist_ok=True)
    partial = record.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n")
    partial.replace(record)


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
