"""`reports/tests/`: how long tests took, what was covered, and what was not."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from patchbay_local.commands.phase_results import Case, Outcome
from patchbay_local.commands.progress import short_duration
from patchbay_local.commands.tree import Tree

STEMS: Final = ("summary", "durations")  # of the files that are written here
_SLOWEST: Final = 50
_ORDER: Final = ("failed", "passed", "skipped", "error")
_WIDTH: Final = 100


@dataclass(frozen=True)
class Run:
    """What was asked for, when it ran, and the tree as it was at the begin and at the end; None: git knows of none."""

    arguments: Sequence[str]
    began: datetime
    ended: datetime
    first: Tree | None
    last: Tree | None

    @property
    def tree(self) -> str:
        """In words."""
        if self.first is None:
            return "no commit: git knows of none here"
        if self.last is None:
            return f"commit {self.first}; at the end, git knew of no commit"
        difference = self.first.difference(self.last)
        changed = f"; changed while tests ran: {difference}" if difference else ""
        return f"commit {self.first}{changed}"


def write(reports: Path, outcomes: Sequence[Outcome], seconds: float, run: Run) -> None:
    """`durations.json` for programs, `summary.md` to read; the phases' JUnit files lie beside them."""
    cases = [case for outcome in outcomes for case in outcome.cases]
    slowest = sorted(cases, key=lambda case: -case.seconds)[:_SLOWEST]
    left_out = _left_out(outcomes)
    durations = {
        "arguments": list(run.arguments),
        "commit": run.first.commit if run.first else None,
        "changed": list(run.first.changed) if run.first else None,
        "changed_meanwhile": run.first != run.last,
        "began": _time(run.began),
        "ended": _time(run.ended),
        "seconds": round(seconds, 1),
        "phases": [
            {
                "name": one.phase,
                "exit_code": one.exit_code,
                "reported": one.reported,
                "seconds": round(one.seconds, 1),
                **one.counts,
            }
            for one in outcomes
        ],
        "suites": _sums(cases, "suite"),
        "files": _sums(cases, "file"),
        "slowest": [{"test": _name(case), "seconds": round(case.seconds, 2)} for case in slowest],
        "left_out": left_out,
    }
    (reports / "durations.json").write_text(json.dumps(durations, indent=1) + "\n")
    (reports / "summary.md").write_text(_summary(outcomes, cases, slowest, left_out, run))


def closing_line(outcomes: Sequence[Outcome], seconds: float) -> str:
    """Of all phases together, in pytest's form."""
    counts = {name: sum(outcome.counts[name] for outcome in outcomes) for name in _ORDER}
    words = ", ".join(_counted(count, name) for name, count in counts.items() if count) or "no tests ran"
    clock = f" ({int(seconds) // 3600}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d})" if seconds >= 60 else ""
    return f" {words} in {seconds:.2f}s{clock} ".center(_WIDTH, "=")


def _summary(
    outcomes: Sequence[Outcome],
    cases: Sequence[Case],
    slowest: Sequence[Case],
    left_out: Mapping[str, Sequence[str]],
    run: Run,
) -> str:
    arguments = run.arguments
    lines = [f"# `make test`{' with ' + ' '.join(arguments) if arguments else ''}", ""]
    lines += [f"- {run.tree}", f"- from {_time(run.began)} to {_time(run.ended)}", ""]
    lines += ["| phase | time | result |", "| --- | ---: | --- |"]
    for one in outcomes:
        result = ", ".join(_counted(count, name) for name, count in one.counts.items()) or "no tests"
        lines.append(f"| {one.phase} | {short_duration(one.seconds)} | {result}, exit code {one.exit_code} |")
    lines += ["", "## Covered", "", "| folder | tests | seconds |", "| --- | ---: | ---: |"]
    lines += [
        f"| `{name}` | {sums['tests']:.0f} | {sums['seconds']:.1f} |" for name, sums in _sums(cases, "suite").items()
    ]
    bad = [case for case in cases if case.outcome != "passed"]
    if bad:
        lines += ["", "## Not passed", "", *(f"- {case.outcome}: `{_name(case)}`" for case in bad)]
    lines += ["", "## Not covered", ""]
    if arguments:
        lines.append("- what the arguments do not name")
    lines += [f"- {len(names)} tests: {reason}" for reason, names in left_out.items()]
    if not (arguments or left_out):
        lines.append("Nothing.")
    lines += ["", "## Slowest", "", "| seconds | test |", "| ---: | --- |"]
    lines += [f"| {case.seconds:.1f} | `{_name(case)}` |" for case in slowest]
    return "\n".join(lines) + "\n"


def _left_out(outcomes: Sequence[Outcome]) -> Mapping[str, Sequence[str]]:
    """Reason -> tests."""
    found: dict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        for test, marks in outcome.left_out.items():
            found[f"marked {' and '.join(marks)}" if marks else "not selected by the arguments"].append(test)
    return found


def _sums(cases: Sequence[Case], by: str) -> dict[str, dict[str, float]]:
    """Tests and seconds by an attribute, most seconds first."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: {"tests": 0, "seconds": 0.0})
    for case in cases:
        sums = found[getattr(case, by)]
        sums["tests"] += 1
        sums["seconds"] = round(sums["seconds"] + case.seconds, 2)
    return dict(sorted(found.items(), key=lambda item: -item[1]["seconds"]))


def _time(when: datetime) -> str:
    return when.isoformat(timespec="seconds")


def _counted(count: int, outcome: str) -> str:
    return f"{count} {outcome}{'s' if outcome == 'error' and count > 1 else ''}"


def _name(case: Case) -> str:
    return f"{case.file}::{case.name}"
