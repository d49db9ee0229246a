"""How many users there are: as many as bring a profile's rate."""

import time
from typing import TYPE_CHECKING

from locust import LoadTestShape

from patchbay_loadtests.open_loop.options import given, read_profile
from patchbay_loadtests.open_loop.rate import users_at
from patchbay_loadtests.profiles.profile import Profile

if TYPE_CHECKING:
    from locust import User

# More than any profile asks for at once: users are there when they are wanted.
SPAWN_PER_SECOND = 1000.0


class ProfileShape(LoadTestShape):
    """Follows the profile of `--load-profile`; Locust asks once a second."""

    abstract = True
    use_common_options = True
    _profile: Profile | None = None

    def tick(self) -> "tuple[int, float] | tuple[int, float, list[type[User]] | None] | None":
        """The users of the next second; None: the profile is over."""
        if self.runner is None:
            return None
        options = given(self.runner.environment.parsed_options)
        if self._profile is None:
            if options.load_profile is None:
                return None
            self._profile = read_profile(options.load_profile)
        at = time.perf_counter() - self.start_time
        if at >= self._profile.duration:
            return None
        return users_at(self._profile, at, options.user_seconds), SPAWN_PER_SECOND
