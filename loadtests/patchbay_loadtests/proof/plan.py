"""What a proof does."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from patchbay_loadtests.core.flows import CONNECTOR_TIMEOUT_SECONDS
from patchbay_loadtests.proof.promise import Promise

EDGES = (7, 8, 16, 40, 0)
SHORT_EDGES = (7, 8, 0)
# Beyond ten pods, where an HPA's usual tolerance swallows a pod more.
LARGE_EDGES = (7, 8, 16, 40, 88, 96, 0)
MAX_PROCESSES = 400
# A delivery is replaced when it has been held this long, well before the connector gives it up.
REFRESH_SECONDS = CONNECTOR_TIMEOUT_SECONDS - 20.0


def parse_steps(text: str) -> tuple[int, ...]:
    """`7,8,16,0` as numbers."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"steps must be numbers of processes with commas between, such as 7,8,0, not {text!r}"
        ) from None


def _can_be_driven(steps: tuple[int, ...]) -> tuple[int, ...]:
    if not steps or steps[-1] != 0 or not any(steps):
        raise ValueError("steps must name at least one load and end with 0: what was held is then done")
    wrong = [processes for processes in steps if not 0 <= processes <= MAX_PROCESSES]
    if wrong:
        raise ValueError(f"steps are processes from 0 to {MAX_PROCESSES}, not {wrong[0]}")
    falls = _falls(steps)
    if falls:
        raise ValueError(f"steps go up, or to 0: put a 0 between {falls[0][0]} and {falls[0][1]}")
    return steps


def _falls(steps: Sequence[int]) -> list[tuple[int, int]]:
    return [(one, next_one) for one, next_one in pairwise(steps) if 0 < next_one <= one]


Steps = Annotated[tuple[int, ...], AfterValidator(_can_be_driven)]


class Plan(BaseModel):
    """The steps of a proof, and what it holds the environment to."""

    model_config = ConfigDict(frozen=True)

    promise: Promise = Promise()
    steps: Steps = EDGES
    repeat: int = Field(default=0, ge=0, le=100)
