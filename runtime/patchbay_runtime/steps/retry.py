"""How often and when a failed step is executed again."""

import random

from pydantic import BaseModel, ConfigDict, Field

LONGEST_BACKOFF_SECONDS = 300.0


class RetryPolicy(BaseModel):
    """`retries` more executions after the first; the wait doubles each time, with jitter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    retries: int = Field(default=2, ge=0, le=20)
    backoff_seconds: float = Field(default=0.5, ge=0, le=60)

    def wait_seconds(self, attempt: int, retry_after: float | None) -> float:
        """Seconds to wait after failed execution number `attempt` (1 = first); never less than `retry_after`.

        Part of the wait is random, so that processes that failed together do not come back together.
        """
        share = random.random()  # noqa: S311 - spreads load, protects nothing
        backoff = self.backoff_seconds * 2.0 ** (attempt - 1) * (0.5 + share)
        return min(max(backoff, (retry_after or 0.0) * (1 + share / 4)), LONGEST_BACKOFF_SECONDS)


DEFAULT_RETRY_POLICY = RetryPolicy()
