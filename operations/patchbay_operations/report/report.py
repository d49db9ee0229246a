"""The report of one environment."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from patchbay_operations.checks.check import Result
from patchbay_operations.checks.facts import Facts
from patchbay_operations.inventory.item import Item
from patchbay_operations.inventory.read import by_zone, counts
from patchbay_operations.network import ports
from patchbay_operations.report.drawing import draw

_TEMPLATE: Final = "report.html.j2"


@dataclass(frozen=True)
class Report:
    """`seconds`: how long each part of the run took."""

    environment: str
    items: Sequence[Item]
    results: Sequence[Result]
    seconds: Mapping[str, float]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(result.passed for result in self.results)


def write(report: Report, facts: Facts, directory: Path) -> Path:
    """Write `index.html`, `network.svg` and `result.json` into the directory; return the page's path."""
    directory.mkdir(parents=True, exist_ok=True)
    drawing = draw(facts.vpc, facts.reaches)
    (directory / "network.svg").write_text(drawing)
    (directory / "result.json").write_text(json.dumps(_content(report, facts), indent=2) + "\n")
    templates = Environment(
        loader=PackageLoader("patchbay_operations.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = directory / "index.html"
    page.write_text(templates.get_template(_TEMPLATE).render(report=report, drawing=drawing, **_content(report, facts)))
    return page


def _content(report: Report, facts: Facts) -> dict[str, Any]:
    return {
        "environment": report.environment,
        "passed": report.passed,
        "counts": counts(report.items),
        "zones": by_zone(report.items),
        "reaches": [
            {
                "source": str(reach.source),
                "target": str(reach.target),
                "protocol": reach.protocol,
                "ports": ports.text(reach.ports),
            }
            for reach in facts.reaches
        ],
        "checks": [{**asdict(result), "passed": result.passed} for result in report.results],
        "seconds": {name: round(value, 2) for name, value in report.seconds.items()},
    }
