"""The verdict over an open load. Pure functions over what was sent and what became of it."""

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.core.percentiles import percentile
from patchbay_loadtests.core.traffic.protocol import Placed

# Users come and go once a second, each with its own phase.
TOLERANCE: Final = 0.15
TOLERATED_ORDERS: Final = 5


class OpenLoopVerdict(BaseModel):
    """`none`: the generator was the limit, or a part of it was lost, which says nothing of the product.

    Seconds count from an order's due moment until it was accepted, over `n` accepted orders.
    """

    model_config = ConfigDict(frozen=True)

    verdict: Literal["passed", "failed", "none"]
    due: int
    expected: float | None
    accepted: int
    refused: int
    n: int
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None
    sent_late_p95_seconds: float | None
    reasons: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 2 no verdict."""
        return {"passed": 0, "failed": 1, "none": 2}[self.verdict]


def judge(
    placed: Sequence[Placed],
    runs: RunsVerdict | None,
    *,
    due: int,
    expected: float | None = None,
    late_p95_seconds: float,
    accepted_p95_seconds: float | None = None,
    doubts: Sequence[str] = (),
) -> OpenLoopVerdict:
    """`due`: how many orders came due; `expected`: how many the profile asks for; None: there was no profile.

    `runs`: what became of the accepted ones; None: nobody could tell. `late_p95_seconds`: how late the generator may
    send them. `accepted_p95_seconds`: the objective, from due to accepted. `doubts`: why there may be no verdict.
    """
    accepted = [each for each in placed if each.run is not None]
    refused = [each for each in placed if each.run is None]
    waits = [each.ended - each.due for each in accepted]
    late = [each.sent - each.due for each in placed if each.sent is not None]
    failures = [f"{len(refused)} orders were not accepted: {refused[0].reason}"] if refused else []
    failures += runs.reasons if runs is not None and accepted else []
    p95 = percentile(waits, 95) if waits else None
    if accepted_p95_seconds is not None and p95 is not None and p95 > accepted_p95_seconds:
        failures.append(
            f"objective missed: order accepted, from its due moment, p95 of n = {len(waits)}: {p95:.3f} s of "
            f"{accepted_p95_seconds:g} s"
        )
    found = [*doubts]
    if due == 0 and not found:
        found.append("no order came due")
    if len(placed) < due:
        found.append(f"of {due - len(placed)} orders nobody knows what became of them")
    if expected is not None and abs(due - expected) > TOLERANCE * expected + TOLERATED_ORDERS:
        found.append(f"{due} orders came due where the profile asks for {expected:.0f}")
    late_p95 = percentile(late, 95) if late else None
    if late_p95 is not None and late_p95 > late_p95_seconds:
        found.append(f"the generator was the limit: it sent orders {late_p95:.1f} s late (p95): give it more processes")
    if runs is None and accepted:
        found.append("what became of the accepted runs is not known")
    return OpenLoopVerdict(
        verdict="failed" if failures else "none" if found else "passed",
        due=due,
        expected=expected,
        accepted=len(accepted),
        refused=len(refused),
        n=len(waits),
        p50_seconds=percentile(waits, 50) if waits else None,
        p95_seconds=p95,
        p99_seconds=percentile(waits, 99) if waits else None,
        sent_late_p95_seconds=late_p95,
        reasons=(*failures, *(f"no verdict: {doubt}" for doubt in found)),
    )
