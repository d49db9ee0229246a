"""Who is told of what, and from when on."""

from typing import Annotated

from patchbay_config.model import Model
from pydantic import Field

Percent = Annotated[float, Field(gt=0, le=100)]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
HttpsUrl = Annotated[str, Field(pattern=r"^https://[^\s/@?]+(/[^\s?]*)?$")]


class ThresholdsConfig(Model):
    """From when on an alarm rings.

    `load_balancer_errors`: answers of 5xx in 5 minutes that the load balancer gave itself. `gateway_error_percent`: of
    all answers of a cluster's gateway. `node_count_spike`: nodes between the most and the least in 15 minutes.
    `waiting_processes`: on a cluster, for 15 minutes without falling below.
    """

    database_cpu_percent: Percent = 80
    database_free_storage_gib: Annotated[float, Field(gt=0)] = 10
    database_connections: Annotated[int, Field(gt=0)] = 400
    replica_lag_seconds: Annotated[int, Field(gt=0)] = 30
    # The cache refuses writes when full: there has to be time to enlarge it.
    cache_memory_percent: Percent = 70
    load_balancer_errors: Annotated[int, Field(gt=0)] = 20
    gateway_error_percent: Percent = 2
    node_count_spike: Annotated[int, Field(gt=0)] = 10
    waiting_processes: Annotated[int, Field(gt=0)] = 1000


class WatchingConfig(Model):
    """Alarms, and what the environment may cost.

    `emails`, `endpoints`: who is told; each confirms the subscription once. An endpoint's address ends up in the state
    and may hold no secret. `monthly_budget_usd`, `anomaly_usd`: costs are told apart by the environment's tag, which
    has to be activated as a cost allocation tag once per organisation.
    """

    emails: tuple[Email, ...] = ()
    endpoints: tuple[HttpsUrl, ...] = ()
    thresholds: ThresholdsConfig = ThresholdsConfig()
    monthly_budget_usd: Annotated[int, Field(ge=1)]
    anomaly_usd: Annotated[int, Field(ge=1)] = 100

    def faults(self, *, production: bool) -> list[tuple[str, str]]:
        """What is too weak for the environment: field and remedy."""
        if production and not self.emails and not self.endpoints:
            return [("endpoints", "nobody is told of production's alarms; name an endpoint, or an address in `emails`")]
        return []
