"""What became of the accepted runs of one fault."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

DEAD_LETTERED = "dead_lettered"
_NAMED = 5  # examples in a reason


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


class RunCounts(BaseModel):
    """`completed`: exactly one effect. `dead_lettered`: given up with a reason. Every other accepted run is lost.

    `duplicated`: orders with more than one effect.
    """

    model_config = ConfigDict(frozen=True)

    accepted: int
    completed: int
    duplicated: int
    lost: int
    dead_lettered: int


@dataclass(frozen=True)
class RunsVerdict:
    """The counts, and for people what is wrong with which orders."""

    counts: RunCounts
    reasons: tuple[str, ...]


def judge_runs(
    accepted: Mapping[str, str], endings: Mapping[str, Ending], effects: Mapping[str, int], poisonous: Iterable[str]
) -> RunsVerdict:
    """`accepted`: run by order. `effects`: number by order, of any order of this fault. `poisonous`: orders that must
    end as dead letters; any other dead letter is a reason."""
    poison = set(poisonous)
    duplicated = sorted(order for order, number in effects.items() if number > 1)
    dead, completed = [], []
    faults: dict[str, list[str]] = {}
    for order, run in accepted.items():
        ending, number = endings.get(run), effects.get(order, 0)
        if ending is None:
            faults.setdefault("accepted but not to be found", []).append(order)
        elif not ending.is_final:
            faults.setdefault("accepted but not ended", []).append(order)
        elif ending.status == "failed":
            if ending.error_code == DEAD_LETTERED and ending.error_message:
                dead.append(order)
            else:
                faults.setdefault(f"failed with {ending.error_code or 'no reason'}", []).append(order)
        elif number == 0:
            faults.setdefault("completed without an effect", []).append(order)
        elif number == 1:
            completed.append(order)
    lost = sum(map(len, faults.values()))
    if duplicated:
        faults["with more than one effect"] = duplicated
    if unexpected := sorted(set(dead) - poison):
        faults["dead-lettered though harmless"] = unexpected
    if escaped := sorted((poison & set(accepted)) - set(dead)):
        faults["poisonous but not dead-lettered"] = escaped
    counts = RunCounts(
        accepted=len(accepted),
        completed=len(completed),
        duplicated=len(duplicated),
        lost=lost,
        dead_lettered=len(dead),
    )
    reasons = [f"{len(orders)} {what}: {', '.join(orders[:_NAMED])}" for what, orders in faults.items()]
    if not accepted:
        reasons.append("no run was accepted")
    return RunsVerdict(counts, tuple(reasons))
