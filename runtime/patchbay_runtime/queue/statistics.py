"""What the queue remembers of the processes that have finished."""

from dataclasses import dataclass

RECENT_MINUTES = 60
FAILED_MINUTES = 7 * 24 * 60


@dataclass(frozen=True)
class ShapeStatistics:
    """A shape's finished processes.

    `recent`: finished in the last `RECENT_MINUTES`; `failed`: failed or dead-lettered in the last `FAILED_MINUTES`;
    `mean_runtime_ms`: over the last ten minutes, 0 where none finished.
    """

    recent: int
    failed: int
    per_minute: float
    mean_runtime_ms: float

    @classmethod
    def of_answer(cls, answer: list[int]) -> "ShapeStatistics":
        """From what `statistics.lua` answers."""
        recent, two_minutes, seconds, ten_minutes, runtime_ms, failed = answer
        return cls(
            recent=recent,
            failed=failed,
            per_minute=two_minutes * 60 / seconds,
            mean_runtime_ms=runtime_ms / ten_minutes if ten_minutes else 0.0,
        )
