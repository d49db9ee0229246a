"""How many processes a run may make, and a tenant have open, so that one request cannot fill what all share."""

from dataclasses import dataclass
from typing import Final, Self

from patchbay_runtime.settings import Settings
from patchbay_runtime.steps.fault import StepFault

PAUSE_SECONDS: Final = 30
"""After which a split that found no room is tried again."""


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """`run`: processes of one run from its start to its end. `open`: of a tenant, waiting or running at one time."""

    run: int
    open: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The environment's."""
        return cls(settings.most_run_processes, settings.most_open_processes)

    def run_exceeded(self) -> StepFault:
        """For a split with which its run may make more."""
        return StepFault("too_many_processes", f"with this split the run may make more than {self.run} processes")

    def no_room(self) -> StepFault:
        """For a split with which its tenant would have more open ones. Room comes as others end."""
        message = f"with this split the tenant would have more than {self.open} open processes"
        return StepFault("too_many_open_processes", message, retryable=True, retry_after=PAUSE_SECONDS)
