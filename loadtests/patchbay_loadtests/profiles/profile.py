"""How many orders come, and when: an open load, which does not slow down with the environment."""

import random
from collections.abc import Iterator
from math import pi, sin
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

# The finest time in which the rate is taken for constant.
STEP_SECONDS = 0.05
Rate = Annotated[float, Field(gt=0, le=500)]


class LoadModel(BaseModel):
    """What every profile's model has in common: a setting that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Steady(LoadModel):
    """`rate` orders a second for `duration` seconds."""

    name: Literal["steady"] = "steady"
    rate: Rate = 2.0
    duration: Annotated[float, Field(ge=1, le=86_400)] = 120

    def lasting(self, seconds: float) -> Self:
        """The same in this time."""
        return self.model_validate({**self.model_dump(), "duration": seconds})

    def at(self, _seconds: float) -> float:
        """Orders a second at this time."""
        return self.rate


class Soak(LoadModel):
    """A slow wave around `rate`: what leaks or drifts shows over hours."""

    name: Literal["soak"] = "soak"
    rate: Rate = 2.0
    duration: Annotated[float, Field(ge=5, le=7 * 86_400)] = 3600
    wave_seconds: Annotated[float, Field(ge=10)] = 600
    swing: Annotated[float, Field(ge=0, le=1)] = 0.5

    def lasting(self, seconds: float) -> Self:
        """As much of the wave as fits into this time."""
        return self.model_validate({**self.model_dump(), "duration": seconds})

    def at(self, seconds: float) -> float:
        """Orders a second at this time."""
        return self.rate * (1 + self.swing * sin(2 * pi * seconds / self.wave_seconds))


class BlackFriday(LoadModel):
    """A quiet `rate`, a ramp to `factor` times as many, the peak, and the fall to the quiet rate."""

    name: Literal["black-friday"] = "black-friday"
    rate: Rate = 0.5
    factor: Annotated[float, Field(gt=1, le=1000)] = 30
    quiet_seconds: Annotated[float, Field(ge=0, le=3600)] = 20
    ramp_seconds: Annotated[float, Field(gt=0, le=86_400)] = 60
    hold_seconds: Annotated[float, Field(ge=0, le=86_400)] = 90
    fall_seconds: Annotated[float, Field(gt=0, le=86_400)] = 30

    @property
    def duration(self) -> float:
        """Seconds from the first to the last order."""
        return 2 * self.quiet_seconds + self.ramp_seconds + self.hold_seconds + self.fall_seconds

    def lasting(self, seconds: float) -> Self:
        """The same in this time: every part is as much longer or shorter as the whole."""
        parts = ("quiet_seconds", "ramp_seconds", "hold_seconds", "fall_seconds")
        stretched = {part: getattr(self, part) * seconds / self.duration for part in parts}
        return self.model_validate({**self.model_dump(), **stretched})

    def at(self, seconds: float) -> float:
        """Orders a second at this time."""
        peak = self.rate * self.factor
        since = seconds - self.quiet_seconds
        if since < self.ramp_seconds:
            return self.rate + (peak - self.rate) * max(since, 0.0) / self.ramp_seconds
        since -= self.ramp_seconds
        if since < self.hold_seconds:
            return peak
        since -= self.hold_seconds
        return peak - (peak - self.rate) * min(since / self.fall_seconds, 1.0)


Profile = Steady | Soak | BlackFriday


def arrivals(profile: Profile, seed: int) -> Iterator[float]:
    """The seconds at which orders come, at random around the profile's rate; the same for the same seed."""
    # Orders of many customers come as a Poisson process: the rate's integral grows by 1 on average between two.
    chance = random.Random(seed)  # noqa: S311 - a load, not a secret
    due = chance.expovariate(1.0)
    sum_of_rates, steps = 0.0, round(profile.duration / STEP_SECONDS)
    for step in range(steps):
        begin = step * STEP_SECONDS
        grows = profile.at(begin) * STEP_SECONDS
        while grows > 0 and due <= sum_of_rates + grows:
            yield begin + STEP_SECONDS * (due - sum_of_rates) / grows
            due += chance.expovariate(1.0)
        sum_of_rates += grows
