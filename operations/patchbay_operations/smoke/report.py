"""The report: `result.json` for programs, `junit.xml` for build servers."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from patchbay_operations.smoke.cost import Ceiling
from patchbay_operations.smoke.outcome import Outcome, StepResult
from patchbay_operations.smoke.preflight.lack import Lack

_SUITE: Final = "smoke"


def write(directory: Path, stack: str, outcome: Outcome, ceiling: Ceiling, *, ended: bool) -> None:
    """`ended`: False while steps are still to come."""
    content = {
        "stack": stack,
        "verdict": outcome.verdict if ended else "under way",
        "left": outcome.left,
        "steps": [{**asdict(step), "passed": not step.reasons} for step in outcome.steps],
        "ceiling": {
            "usd": round(ceiling.usd, 2),
            "hours": ceiling.hours,
            "lines": [asdict(one) for one in ceiling.lines],
        },
    }
    _write(directory, stack, content, outcome.steps)


def write_refused(directory: Path, stack: str, lacks: Sequence[Lack]) -> None:
    """Nothing was made."""
    reasons = tuple(str(lack) for lack in lacks)
    content = {"stack": stack, "verdict": "refused", "lacks": [asdict(lack) for lack in lacks]}
    _write(directory, stack, content, [StepResult("preflight", 0, reasons)])


def _write(directory: Path, stack: str, content: dict[str, Any], steps: Sequence[StepResult]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "result.json").write_text(json.dumps(content, indent=2) + "\n")
    failed = sum(bool(step.reasons) for step in steps)
    counts = {"tests": str(len(steps)), "failures": str(failed), "errors": "0"}
    suite = ElementTree.Element("testsuite", {"name": f"{_SUITE} {stack}", **counts})
    for step in steps:
        named = {"classname": f"{_SUITE}.{stack}", "name": step.name, "time": str(step.seconds)}
        case = ElementTree.SubElement(suite, "testcase", named)
        if step.reasons:
            text = "".join(one if one.isprintable() or one == "\n" else "?" for one in "\n".join(step.reasons))
            ElementTree.SubElement(case, "failure", {"message": text.splitlines()[0]}).text = text
    ElementTree.ElementTree(suite).write(directory / "junit.xml", encoding="utf-8", xml_declaration=True)
