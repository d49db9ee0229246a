"""What the verifier and its Locust process say to each other: one JSON document a line, over pipes."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Message(BaseModel):
    """A line of the protocol. Moments are Unix seconds: both processes run on one machine."""

    model_config = ConfigDict(frozen=True)


class TrafficSettings(Message):
    """The Locust process's only argument; seconds."""

    host: str
    tenant: str
    flow: str
    users: int = Field(ge=1, le=512)
    # Orders are posted at most this often (1/s), so that one step does not trip the gateway's rate limit.
    orders_per_second: float = Field(default=10, gt=0)
    # How long an order is tried until it is accepted: with its idempotency key the same run is meant.
    patience_seconds: float = Field(default=30, gt=0)
    request_seconds: float = Field(default=10, gt=0)
    # How long orders that are open may still be tried after standard input has ended.
    finish_seconds: float = Field(default=0, ge=0)
    # How long closed-loop traffic lasts; None: users post the orders that arrive on standard input.
    closed_loop_seconds: float | None = None
    # Begins the ids of the closed loop's orders.
    prefix: str = "bench"


class OrderToPlace(Message):
    """An order for the next free user, which a customer wants to place at `due`; `payload` is the webhook's body."""

    id: str
    payload: dict[str, Any]
    due: float


class Ready(Message):
    """The users wait for orders; the first line."""

    event: Literal["ready"] = "ready"


NO_ANSWER: Final = "no answer"


class Failure(Message):
    """A request that was not accepted. `kind`: the HTTP status, or NO_ANSWER."""

    at: float
    kind: str


class Placed(Message):
    """What became of an order at the gateway. `sent`: when its first request was; None: none was.

    `run` is None where it was given up, for the `reason`.
    """

    event: Literal["placed"] = "placed"
    order: str
    due: float
    sent: float | None
    ended: float
    run: str | None
    failures: tuple[Failure, ...] = ()
    reason: str = ""


class Answered(Message):
    """A closed-loop request: `run_status` is the finished run's, None when it did not finish in time or was refused."""

    event: Literal["answered"] = "answered"
    status: int
    run_status: str | None
    seconds: float


class Endpoint(Message):
    """The requests of one method and path; seconds, from sending to the answer."""

    name: str
    requests: int
    failures: int
    p50_seconds: float
    p95_seconds: float
    p99_seconds: float


class Statistics(Message):
    """Locust's own count of the process's requests; the last line."""

    event: Literal["statistics"] = "statistics"
    endpoints: tuple[Endpoint, ...]


Event = Annotated[Ready | Placed | Answered | Statistics, Field(discriminator="event")]
EVENTS: TypeAdapter[Ready | Placed | Answered | Statistics] = TypeAdapter(Event)
