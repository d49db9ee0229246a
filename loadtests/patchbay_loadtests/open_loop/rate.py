"""How many users bring a profile's rate, when each sends one order in a given time."""

import math
from typing import Final

from patchbay_loadtests.profiles.profile import Profile

# How often Locust asks its shape.
TICK_SECONDS: Final = 1.0


def users_at(profile: Profile, at: float, user_seconds: float) -> int:
    """How many users, of one order in `user_seconds` each, bring the profile's rate in the second from `at` on."""
    return max(1, round(profile.at(at + TICK_SECONDS / 2) * user_seconds))


def expected_orders(profile: Profile, user_seconds: float) -> float:
    """How many orders the shape's users send in all."""
    ticks = math.ceil(profile.duration / TICK_SECONDS)
    whole = sum(users_at(profile, tick * TICK_SECONDS, user_seconds) for tick in range(ticks))
    return whole * TICK_SECONDS / user_seconds
