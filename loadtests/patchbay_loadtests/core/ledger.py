"""What was ordered, how its runs ended and what the sink received, and the verdict over these. Pure functions.

An effect is counted by what the order itself carries, its business keys. The idempotency key is the product's: it may
only say that a delivery is another attempt of the same process.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

DEAD_LETTERED = "dead_lettered"
# The queue gives a process up after so many deliveries (docs/flows.md).
MOST_DELIVERIES = 3
_NAMED = 5  # examples in a reason

LOST = "lost at the sink"
REPEATED = "received more than once by the sink"
WITHOUT_KEY = "delivered without an idempotency key"
UNTIMED = "ended without a moment"
SHARED_RUN = "accepted as the run of another order"
SHARED_KEY = "delivered with the idempotency key of another process"
UNEXPECTED = "at the sink without an order"


class Call(BaseModel):
    """One request at the sink. `at`: seconds by the sink's clock; `answered`: it got its 200."""

    model_config = ConfigDict(frozen=True)

    at: float
    idempotency_key: str
    answered: bool


class Delivery(BaseModel):
    """All requests for one business key, oldest first."""

    model_config = ConfigDict(frozen=True)

    calls: tuple[Call, ...] = ()

    @property
    def received(self) -> int:
        return len(self.calls)

    @property
    def answered(self) -> int:
        return sum(call.answered for call in self.calls)

    @property
    def first_received(self) -> float:
        return self.calls[0].at


def deliveries_of(document: Mapping[str, Any], *, began: float = 0.0) -> dict[str, Delivery]:
    """What the sink tells under `/control/deliveries`, by business key; `began`: the beginning of its clock."""
    return {
        key: Delivery(calls=tuple(Call(**{**call, "at": began + call["at"]}) for call in calls))
        for key, calls in document["deliveries"].items()
    }


@dataclass(frozen=True)
class Ending:
    """A run as the API tells of it in the end; times in Unix seconds by the database's clock."""

    status: str
    created: float
    finished: float | None = None
    error_code: str | None = None
    error_message: str | None = None

    @property
    def wait(self) -> float | None:
        """Seconds from accepted to ended."""
        return None if self.finished is None else self.finished - self.created

    @property
    def is_final(self) -> bool:
        return self.status in {"completed", "failed"}

    @property
    def is_untimed(self) -> bool:
        """A run that is said to have ended, but not when."""
        return self.is_final and self.finished is None


@dataclass(frozen=True)
class Excuse:
    """When workers may begin a process again, because others died with it: seconds by the sink's clock.

    `most`: as many processes as they had in hand.
    """

    since: float
    until: float
    most: int


class RunsVerdict(BaseModel):
    """The accepted runs. `completed`: ended, and every line is at the sink once. `dead_lettered`: given up with a
    reason. Every other accepted run is `lost`. `duplicated`: orders with a line that was done more than once.

    `redelivered`: lines that came again as the same process, by an excuse. `faults`: what is wrong, with which.
    """

    model_config = ConfigDict(frozen=True)

    accepted: int
    completed: int
    duplicated: int
    lost: int
    dead_lettered: int = 0
    redelivered: int = 0
    faults: dict[str, tuple[str, ...]] = {}

    @property
    def duplicated_lines(self) -> tuple[str, ...]:
        return self.faults.get(REPEATED, ())

    @property
    def passed(self) -> bool:
        return not self.reasons

    @property
    def reasons(self) -> list[str]:
        """Why the runs do not pass, if they do not."""
        told = [f"{len(keys)} {fault}: {', '.join(keys[:_NAMED])}" for fault, keys in self.faults.items()]
        if self.accepted == 0:
            told.append("no run was accepted")
        elif not told and self.completed + self.dead_lettered != self.accepted:
            told.append(f"{self.accepted - self.completed} accepted runs are not completed")
        return told


def judge_runs(
    expected: Mapping[str, Sequence[str]],
    runs: Mapping[str, str],
    endings: Mapping[str, Ending],
    deliveries: Mapping[str, Delivery],
    *,
    poisonous: Collection[str] = (),
    excuse: Excuse | None = None,
) -> RunsVerdict:
    """Compare the orders with their runs' endings and with what the sink received.

    `expected`: order -> business keys; `runs`: accepted order -> run; `endings`: run -> ending; `deliveries`: business
    key -> requests. `poisonous`: orders that must end as dead letters. Without an excuse nothing may come again.
    """
    faults: defaultdict[str, list[str]] = defaultdict(list)
    repeated, redelivered = _repeated(deliveries, excuse)
    orders_of: defaultdict[str, list[str]] = defaultdict(list)
    for order, run in runs.items():
        orders_of[run].append(order)
    completed = lost = dead = 0
    for order, run in runs.items():
        keys = expected[order]
        # One run has one ending: what became of the other orders nobody can tell.
        fault = _fault(endings.get(run)) if len(orders_of[run]) == 1 else SHARED_RUN
        if fault == DEAD_LETTERED:
            dead += 1
            if order not in poisonous:
                faults["dead-lettered though harmless"].append(order)
        elif fault is not None:
            lost += 1
            faults[fault].append(f"{order} (run {run})")
        elif missing := [key for key in keys if not deliveries.get(key, Delivery()).answered]:
            lost += 1
            faults[LOST] += missing
        else:
            completed += repeated.isdisjoint(keys)
        if order in poisonous and fault != DEAD_LETTERED:
            faults["poisonous but not dead-lettered"].append(order)
    found = {
        **faults,
        REPEATED: sorted(repeated),
        WITHOUT_KEY: sorted(
            key for key, item in deliveries.items() if not all(call.idempotency_key for call in item.calls)
        ),
        SHARED_KEY: _sharing(deliveries),
        # Such a run would be late by no limit.
        UNTIMED: [order for order, run in runs.items() if run in endings and endings[run].is_untimed],
        UNEXPECTED: sorted(deliveries.keys() - {key for keys in expected.values() for key in keys}),
    }
    return RunsVerdict(
        accepted=len(runs),
        completed=completed,
        duplicated=sum(not repeated.isdisjoint(keys) for keys in expected.values()),
        lost=lost,
        dead_lettered=dead,
        redelivered=len(redelivered),
        faults={fault: tuple(keys) for fault, keys in found.items() if keys},
    )


def _fault(ending: Ending | None) -> str | None:
    """What is wrong with a run by its ending alone; None: it completed."""
    if ending is None:
        return "accepted but not to be found"
    if not ending.is_final:
        return "accepted but not ended"
    if ending.status == "completed":
        return None
    if ending.error_code == DEAD_LETTERED and ending.error_message:
        return DEAD_LETTERED
    return f"failed with {ending.error_code or 'no reason'}"


def _repeated(deliveries: Mapping[str, Delivery], excuse: Excuse | None) -> tuple[set[str], set[str]]:
    """Lines that were done more than once, and those that came again with an excuse."""
    again = {key: delivery for key, delivery in deliveries.items() if delivery.received > 1}
    excused = {key for key, delivery in again.items() if excuse is not None and _is_excused(delivery, excuse)}
    if excuse is not None and len(excused) > excuse.most:
        excused = set()
    return again.keys() - excused, excused


def _is_excused(delivery: Delivery, excuse: Excuse) -> bool:
    is_one_process = len({call.idempotency_key for call in delivery.calls}) == 1
    in_time = all(excuse.since <= call.at <= excuse.until for call in delivery.calls[1:])
    return is_one_process and in_time and delivery.received <= MOST_DELIVERIES


def _sharing(deliveries: Mapping[str, Delivery]) -> list[str]:
    """Lines whose idempotency key another line has too: a receiver that goes by it would drop one of them."""
    lines: defaultdict[str, set[str]] = defaultdict(set)
    for key, delivery in deliveries.items():
        for call in delivery.calls:
            if call.idempotency_key:
                lines[call.idempotency_key].add(key)
    return sorted({key for sharing in lines.values() if len(sharing) > 1 for key in sharing})
