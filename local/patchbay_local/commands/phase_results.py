"""What a run of pytest found, from the JUnit file that it wrote."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, parse  # a file that pytest wrote

_BAD = {"failure": "failed", "error": "error", "skipped": "skipped"}


@dataclass(frozen=True)
class Case:
    """One test. `file`: relative to the repository; `seconds`: with what was set up and taken down for it."""

    file: str
    name: str
    outcome: str
    seconds: float

    @property
    def suite(self) -> str:
        """The folder below `tests/`."""
        return "/".join(self.file.split("/")[:2])


@dataclass(frozen=True)
class Outcome:
    """One run of pytest. `left_out`: tests that were not selected, with the marks that say why."""

    phase: str
    exit_code: int
    seconds: float
    cases: Sequence[Case]
    left_out: Mapping[str, Sequence[str]]
    reported: bool = True

    @property
    def counts(self) -> Counter[str]:
        """How many tests per outcome. A run that left no report counts as an error: nobody knows what it did."""
        found = Counter(case.outcome for case in self.cases)
        if not self.reported:
            found["error"] += 1
        return found


def read(phase: str, exit_code: int, seconds: float, reports: Path) -> Outcome:
    """The outcome of a phase whose files are in `reports`."""
    try:
        cases = [_case(element) for element in parse(reports / f"{phase}.xml").iter("testcase")]  # noqa: S314
        left_out = json.loads((reports / f"{phase}.json").read_text())
    except (FileNotFoundError, ParseError, json.JSONDecodeError):  # it died before it wrote them, or as it did
        return Outcome(phase, exit_code, seconds, (), {}, reported=False)
    return Outcome(phase, exit_code, seconds, cases, left_out)


def _case(element: Element) -> Case:
    found = [outcome for tag, outcome in _BAD.items() if element.find(tag) is not None]
    file = element.get("classname", "").replace(".", "/") + ".py"
    return Case(file, element.get("name", ""), found[0] if found else "passed", float(element.get("time", "0")))
