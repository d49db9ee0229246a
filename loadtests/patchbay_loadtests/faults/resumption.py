"""What an earlier run has found out already, from its report."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.calibration import Calm
from patchbay_loadtests.faults.judging.result import FaultResult, Result
from patchbay_loadtests.faults.judging.service import Second

CALM: Final = "calm"
"""The name of the undisturbed service among the timelines."""


@dataclass(frozen=True)
class Earlier:
    """A report that is gone on with: its verdict, the names of its whole set, and what is known of them."""

    directory: Path
    result: Result
    planned: tuple[str, ...]
    results: dict[str, FaultResult]
    attempts: tuple[FaultResult, ...]
    timelines: dict[str, list[Second]]
    calm: Calm | None

    @classmethod
    def latest(cls, reports: Path) -> Self:
        """The newest report. UnusableEnvironmentError where there is none that can be gone on with."""
        directory = (reports / "latest").resolve()
        try:
            result = Result.model_validate_json((directory / "result.json").read_text())
            shown = json.loads((directory / "timeline.json").read_text())
            planned, rate = tuple(result.config["planned"]), float(result.config["orders_per_second"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UnusableEnvironmentError(
                f"nothing to go on with in {reports}: {error}; run without --resume"
            ) from None
        timelines = {name: [Second.model_validate(second) for second in seconds] for name, seconds in shown.items()}
        calm = Calm(rate, tuple(timelines[CALM])) if CALM in timelines else None
        return cls(
            directory, result, planned, {fault.name: fault for fault in result.faults}, result.earlier, timelines, calm
        )

    @property
    def left(self) -> tuple[str, ...]:
        """The faults that were not run."""
        return tuple(name for name in self.planned if name not in self.results)
