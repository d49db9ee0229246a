"""How long CloudWatch Logs keeps a log group."""

from typing import Annotated, Final

from pydantic import AfterValidator

# The only periods that PutRetentionPolicy accepts.
_PERIODS: Final = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)


def _accepted(days: int) -> int:
    if days not in _PERIODS:
        raise ValueError("CloudWatch Logs keeps no log for that many days; set 30, 90, 365 or another of its periods")
    return days


LogDays = Annotated[int, AfterValidator(_accepted)]
