"""What a run is told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MINUTE: Final = 60.0


@dataclass(frozen=True)
class Limits:
    """Seconds. `whole`: from the beginning to the end, `destroy` included, which is kept free for it.

    `grace`: how long Pulumi may take to end what it has begun, before it is killed.
    `look`: until AWS' listings have forgotten what is gone.
    """

    whole: float = 240 * _MINUTE
    up: float = 90 * _MINUTE
    checks: float = 10 * _MINUTE
    proof: float = 45 * _MINUTE
    destroy: float = 90 * _MINUTE
    look: float = 15 * _MINUTE
    grace: float = 20 * _MINUTE

    @property
    def kept(self) -> float:
        """For what comes after the last step of the work."""
        return self.grace + self.destroy + self.look

    def faults(self) -> list[str]:
        """Of the options' own words, with the remedy."""
        if self.whole <= self.kept:
            whole, kept = self.whole / _MINUTE, self.kept / _MINUTE
            return [f"--deadline: {whole:g} minutes leave none before the end, for which {kept:g} are kept; give more"]
        return []


@dataclass(frozen=True)
class Options:
    """`budget_usd`: the most that the run may cost. `aws_only`: no platform is deployed, so nothing is proven.

    `resume`: go on with what an unfinished run left, in place of destroying it first. `destroy_only`: end after that.
    `take_over`: an unfinished run's time is not over, and whoever calls knows that it has ended.
    `prices`: files of own prices, of machines and of everything else.
    """

    stack_file: Path
    budget_usd: float | None
    limits: Limits = Limits()
    aws_only: bool = False
    short: bool = False
    resume: bool = False
    destroy_only: bool = False
    take_over: bool = False
    machine_prices: Path | None = None
    prices: Path | None = None
    report: Path = Path("reports/smoke")
