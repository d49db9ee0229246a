"""One fault's verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from patchbay_loadtests.core.ledger import Delivery, Ending, Excuse, judge_runs
from patchbay_loadtests.core.objectives import FaultObjectives
from patchbay_loadtests.core.traffic.protocol import Placed
from patchbay_loadtests.faults.judging.result import FaultResult
from patchbay_loadtests.faults.judging.service import (
    Second,
    done_at,
    errors_by_kind,
    longest_acceptance,
    longest_wait,
    recovery,
    seconds_of,
    unfit,
    usual_of,
)
from patchbay_loadtests.faults.promises import AlertPromise


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
    # Deliveries that may be repeated, by what the workers can have had in hand when it began.
    most_in_hand: int
    # When what the alert tells of came about, when it first fired, and when it last did.
    alert_due: float
    alert_fired: float | None
    alert_last_fired: float | None
    alert_fell_silent: bool
    alert_promise: AlertPromise
    objectives: FaultObjectives
    findings: Sequence[str]
    notes: Sequence[str]
    # The service of this run before anything went wrong.
    calm: Sequence[Second] = ()
    window: int = 10
    versions: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 1


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
    seconds = seconds_of(record.steady, record.endings, record.deliveries, record.began)
    before = [second for second in seconds if second.at < 0]
    usual = usual_of(record.calm, before, objectives=record.objectives, window=record.window)
    failed_before = sum(any(failure.at < record.began for failure in order.failures) for order in record.steady)
    late = _late(record, placed)
    recovered = recovery(seconds, record.healed - record.began, usual, record.recovery_limit_seconds)
    if late:
        recovered = None
    reasons = [
        *record.findings,
        *(f"before the fault: {reason}" for reason in unfit(before, failed_before, record.objectives)),
        *runs.reasons,
        *_late_reasons(record, late),
        *_recovery_reasons(record, recovered),
        *_alert_reasons(record),
    ]
    refused = [order.order for order in placed if order.run is None]
    if refused:
        reasons.append(f"{len(refused)} orders were never accepted: {', '.join(refused[:5])}")
    result = FaultResult(
        name=record.name,
        question=record.question,
        runs=runs,
        recovery_seconds=_rounded(recovered),
        longest_wait_seconds=_rounded(longest_wait(placed, record.endings, record.deliveries)),
        longest_acceptance_seconds=_rounded(longest_acceptance(placed)),
        errors=errors_by_kind(placed),
        not_accepted=len(refused),
        alert=record.alert,
        alert_fired=record.alert_fired is not None,
        alert_after_seconds=_rounded(None if record.alert_fired is None else record.alert_fired - record.alert_due),
        alert_fell_silent=record.alert_fell_silent,
        cause_seconds=round(record.healed - record.began, 1),
        whole_seconds=_rounded(record.whole - record.healed if record.whole else None),
        slow_seconds=_rounded(usual.limit_seconds),
        passed=not reasons,
        reasons=tuple(reasons),
        notes=tuple(record.notes),
        versions=dict(record.versions),
        attempt=record.attempt,
    )
    return result, seconds


def _late(record: Record, placed: Sequence[Placed]) -> dict[str, float]:
    """Orders that were done later than the fault's limit after its cause or after they were due, by how long they took.

    Those that were never done are told of with their runs.
    """
    late = {}
    for order in placed:
        done = done_at(order, record.endings, record.deliveries)
        if done is None:
            continue
        took = done - max(order.due, record.healed)
        if took > record.recovery_limit_seconds:
            late[order.order] = took
    return late


def _late_reasons(record: Record, late: Mapping[str, float]) -> list[str]:
    if not late:
        return []
    slowest = sorted(late, key=lambda order: -late[order])[:5]
    told = ", ".join(f"{order} after {late[order]:.0f} s" for order in slowest)
    limit = f"{record.recovery_limit_seconds:.0f} s after they were due and the cause had ended"
    return [f"{len(late)} orders were done later than {limit}: {told}"]


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
    promise = record.alert_promise
    if record.alert_fired is None:
        return [f"alert {record.alert} did not fire"]
    reasons = []
    if (after := record.alert_fired - record.alert_due) > promise.fires_within:
        reasons.append(f"alert {record.alert} fired after {after:.0f} s, promised are {promise.fires_within:.0f} s")
    gone = max(record.healed, record.whole or record.healed)
    if not record.alert_fell_silent:
        reasons.append(f"alert {record.alert} did not fall silent")
    elif (after := (record.alert_last_fired or record.alert_fired) - gone) > promise.falls_silent_within:
        reasons.append(
            f"alert {record.alert} fell silent {after:.0f} s after its cause, promised are "
            f"{promise.falls_silent_within:.0f} s"
        )
    return reasons


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
