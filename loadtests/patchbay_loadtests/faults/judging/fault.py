"""One fault's verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from patchbay_loadtests.core.ledger import Delivery, Ending, Excuse, judge_runs
from patchbay_loadtests.core.traffic.protocol import Placed
from patchbay_loadtests.faults.judging.result import FaultResult
from patchbay_loadtests.faults.judging.service import (
    Second,
    errors_by_kind,
    longest_acceptance,
    longest_wait,
    recovery,
    seconds_of,
    usual_of,
)


@dataclass(frozen=True)
class Record:
    """All that was seen of a fault; moments in Unix seconds.

    `healed`: the end of its cause. `whole`: when every pod and node was there again. `lacks`: what was missing at the
    end of its time. `steady`: the orders of the steady flow, by which the service is judged; `beside`: the fault's own.
    """

    name: str
    question: str
    alert: str
    recovery_limit_seconds: float
    began: float
    healed: float
    whole: float | None
    lacks: Sequence[str]
    steady: Sequence[Placed]
    beside: Sequence[Placed]
    endings: Mapping[str, Ending]
    deliveries: Mapping[str, Delivery]
    poisonous: frozenset[str]
    # Processes that the workers can have had in hand when it began.
    most_in_hand: int
    alert_fired: float | None
    alert_fell_silent: bool
    findings: Sequence[str]
    notes: Sequence[str]
    # The service of this run before anything went wrong.
    calm: Sequence[Second] = ()


def judge_fault(record: Record) -> tuple[FaultResult, list[Second]]:
    """The verdict, and the service second by second."""
    placed = [*record.steady, *record.beside]
    runs = judge_runs(
        {order.order: (order.order,) for order in placed},
        {order.order: order.run for order in placed if order.run is not None},
        record.endings,
        record.deliveries,
        poisonous=record.poisonous,
        excuse=Excuse(record.began, record.healed + record.recovery_limit_seconds, record.most_in_hand),
    )
    seconds = seconds_of(record.steady, record.endings, record.began)
    usual = usual_of(record.calm, [second for second in seconds if second.at < 0])
    recovered = recovery(seconds, record.healed - record.began, usual, record.recovery_limit_seconds)
    reasons = [*record.findings, *runs.reasons, *_recovery_reasons(record, recovered), *_alert_reasons(record)]
    refused = [order.order for order in placed if order.run is None]
    if refused:
        reasons.append(f"{len(refused)} orders were never accepted: {', '.join(refused[:5])}")
    steady_endings = [ending for order in record.steady if (ending := record.endings.get(order.run or ""))]
    result = FaultResult(
        name=record.name,
        question=record.question,
        runs=runs,
        recovery_seconds=_rounded(recovered),
        longest_wait_seconds=_rounded(longest_wait(steady_endings)),
        longest_acceptance_seconds=_rounded(longest_acceptance(record.steady)),
        errors=errors_by_kind(placed),
        not_accepted=len(refused),
        alert=record.alert,
        alert_fired=record.alert_fired is not None,
        alert_after_seconds=_rounded(record.alert_fired - record.began if record.alert_fired else None),
        alert_fell_silent=record.alert_fell_silent,
        cause_seconds=round(record.healed - record.began, 1),
        whole_seconds=_rounded(record.whole - record.healed if record.whole else None),
        slow_seconds=_rounded(usual.limit_seconds),
        passed=not reasons,
        reasons=tuple(reasons),
        notes=tuple(record.notes),
    )
    return result, seconds


def _recovery_reasons(record: Record, recovered: float | None) -> list[str]:
    limit = record.recovery_limit_seconds
    reasons = []
    if recovered is None:
        reasons.append("the service was not as before while it was watched")
    elif recovered > limit:
        reasons.append(f"the service took {recovered:.0f} s to be as before, more than {limit:.0f} s")
    if record.whole is None:
        reasons.append(f"not whole after {limit:.0f} s: {'; '.join(record.lacks[:5])}")
    return reasons


def _alert_reasons(record: Record) -> list[str]:
    if record.alert_fired is None:
        return [f"alert {record.alert} did not fire"]
    return [] if record.alert_fell_silent else [f"alert {record.alert} did not fall silent"]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
