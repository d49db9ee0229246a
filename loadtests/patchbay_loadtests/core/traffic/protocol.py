"""What the verifier and its Locust process say to each other: one JSON document a line, over pipes."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from patchbay_loadtests.core.latencies import EndpointLatency


class Message(BaseModel):
    """A line of the protocol."""

    model_config = ConfigDict(frozen=True)


class TrafficSettings(Message):
    """The Locust process's only argument."""

    host: str
    tenant: str
    flow: str
    users: int = Field(ge=1, le=256)
    # Orders are posted at most this often (1/s), so that one step does not trip the gateway's rate limit.
    orders_per_second: float = Field(default=10, gt=0)
    # Seconds of closed-loop traffic; None: users post the orders that arrive on standard input.
    closed_loop_seconds: float | None = None
    # Begins the ids of the closed loop's orders.
    prefix: str = "bench"


class OrderToPlace(Message):
    """An order for the next free user; `payload` is the webhook's body."""

    id: str
    payload: dict[str, Any]


class Accepted(Message):
    """The gateway took the order: `run` will execute it."""

    event: Literal["accepted"] = "accepted"
    order: str
    run: str
    attempts: int
    seconds: float


class Refused(Message):
    """The order was given up. `status`: of the last answer; 0: there was none."""

    event: Literal["refused"] = "refused"
    order: str
    status: int
    reason: str


class Answered(Message):
    """A closed-loop request: `run_status` is the finished run's, None when it did not finish in time or was refused."""

    event: Literal["answered"] = "answered"
    status: int
    run_status: str | None
    seconds: float


class Statistics(Message):
    """Locust's own count of the process's requests, by endpoint; the last line."""

    event: Literal["statistics"] = "statistics"
    endpoints: tuple[EndpointLatency, ...]


Event = Annotated[Accepted | Refused | Answered | Statistics, Field(discriminator="event")]
EVENTS: TypeAdapter[Accepted | Refused | Answered | Statistics] = TypeAdapter(Event)
