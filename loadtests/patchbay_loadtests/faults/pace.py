"""How long things are waited for and watched."""

from dataclasses import dataclass, field

from patchbay_loadtests.core.settlement import Patience


@dataclass(frozen=True)
class Pace:
    """Seconds."""

    # The calm before anything goes wrong: until a first order is accepted, each rate that is tried, and the chosen one.
    first_order: float = 60
    step: float = 8
    calm: float = 15
    # The first seconds of each are left out: connections are opened, and code is run for the first time.
    warm_up: int = 2
    # How long what went before a fault may take to end: processes and pods, missing pods and nodes, its alert.
    rest_before: float = 120
    whole_before: float = 120
    silent_before: float = 180
    # Undisturbed service before each fault, and after it, so that a relapse is seen.
    baseline: float = 10
    calm_after: float = 20
    # The service is as before when it has been for so long.
    window: int = 10
    # How long the alert may take at the most to be seen, and to be gone: what is promised is judged.
    alert: float = 60
    silence: float = 180
    # Each look is a dozen lists from the API server.
    look: float = 2
    alert_look: float = 1
    # Beyond a fault's own limit: the time to see that it is calm, and for the share of the runs.
    longest_drill: float = 1800
    # How long a customer tries to place an order, and how long orders may still be tried when no more come.
    patience: float = 240
    finish: float = 120
    # A machine that is behind catches up: what counts is whether runs still end.
    settling: Patience = field(default_factory=lambda: Patience(stall=150, longest=900, poll=2))
