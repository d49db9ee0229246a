"""The result, in the form in which it is kept."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from patchbay_loadtests.core.ledger import RunsVerdict

_COUNTS = ("accepted", "completed", "duplicated", "lost", "dead_lettered", "redelivered")


class FaultResult(BaseModel):
    """One fault; seconds. None: it did not happen while it was watched.

    `recovery_seconds`: from the end of the cause until the service was as before. `whole_seconds`: until every pod and
    node was there again. `longest_wait_seconds`: from accepted to done. `longest_acceptance_seconds`: until an order
    was accepted. `errors`: failed requests by HTTP status. `slow_seconds`: what was slow, by the undisturbed service.
    `attempt` counts from 1; `versions`: of what was tested then.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    runs: RunsVerdict
    recovery_seconds: float | None
    longest_wait_seconds: float | None
    alert_fired: bool
    passed: bool
    question: str
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    alert: str
    alert_after_seconds: float | None = None
    alert_fell_silent: bool = False
    cause_seconds: float = 0.0
    whole_seconds: float | None = None
    longest_acceptance_seconds: float | None = None
    errors: dict[str, int] = Field(default_factory=dict)
    not_accepted: int = 0
    slow_seconds: float | None = None
    attempt: int = 1
    versions: dict[str, str] = Field(default_factory=dict)


class Result(BaseModel):
    """`result.json`. `earlier`: attempts at faults that were run again, oldest first, which the verdict leaves out."""

    model_config = ConfigDict(frozen=True)

    passed: bool
    faults: tuple[FaultResult, ...]
    earlier: tuple[FaultResult, ...] = ()
    runs: RunsVerdict
    reasons: tuple[str, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    config: dict[str, Any] = Field(default_factory=dict)


def not_judged(
    name: str, question: str, alert: str, reason: str, *, versions: dict[str, str], attempt: int = 1
) -> FaultResult:
    """A fault of which nothing can be said."""
    return FaultResult(
        name=name,
        question=question,
        runs=RunsVerdict(accepted=0, completed=0, duplicated=0, lost=0),
        recovery_seconds=None,
        longest_wait_seconds=None,
        alert=alert,
        alert_fired=False,
        passed=False,
        reasons=(reason,),
        versions=versions,
        attempt=attempt,
    )


def judge(
    faults: tuple[FaultResult, ...],
    *,
    earlier: tuple[FaultResult, ...] = (),
    missing: tuple[str, ...] = (),
    late_duplicates: tuple[str, ...],
    versions: dict[str, str],
    config: dict[str, Any],
) -> Result:
    """The verdict over all faults. `missing`: those that were meant to be run and were not (yet).

    `late_duplicates`: orders that got a second effect after they were judged, or before anything went wrong.
    """
    reasons = [f"{fault.name}: {reason}" for fault in faults for reason in fault.reasons]
    if late_duplicates:
        reasons.append(
            f"{len(late_duplicates)} orders got another effect outside of their fault's time: "
            f"{', '.join(late_duplicates[:5])}"
        )
    if missing:
        reasons.append(f"{len(missing)} faults were not run: {', '.join(missing)}")
    reasons += _differences(faults)
    if not faults:
        reasons.append("no fault was run")
    totals = {field: sum(getattr(fault.runs, field) for fault in faults) for field in _COUNTS}
    totals["duplicated"] += len(late_duplicates)
    return Result(
        passed=not reasons and all(fault.passed for fault in faults),
        faults=faults,
        earlier=earlier,
        runs=RunsVerdict(**totals),
        reasons=tuple(reasons),
        versions=versions,
        config=config,
    )


def _differences(faults: tuple[FaultResult, ...]) -> list[str]:
    """Results of different versions make no one verdict."""
    reasons = []
    for name in sorted({name for fault in faults for name in fault.versions}):
        found: dict[str, list[str]] = {}
        for fault in faults:
            found.setdefault(fault.versions.get(name, "unknown"), []).append(fault.name)
        if len(found) > 1:
            told = "; ".join(f"{version}: {', '.join(names)}" for version, names in found.items())
            reasons.append(f"the faults were run with different versions of {name} ({told}); run all of them again")
    return reasons
