"""What the runner and its Locust process say to each other: settings as the only argument, then a line an order."""

from pydantic import BaseModel, ConfigDict, Field


class Message(BaseModel):
    """A line of the protocol."""

    model_config = ConfigDict(frozen=True)


class ArrivalSettings(Message):
    """`orders_per_second` arrive until standard input ends; each order's id begins with `prefix`."""

    host: str
    tenant: str
    flow: str
    prefix: str
    orders_per_second: float = Field(gt=0, le=500)
    users: int = Field(default=192, ge=1, le=512)
    # How long a customer tries until an order is accepted.
    patience_seconds: float = Field(default=240, gt=0)
    # How long orders that have arrived may still be tried after the last one came.
    finish_seconds: float = Field(default=120, gt=0)


class Failure(Message):
    """A request that was not accepted. `kind`: the HTTP status, or `no answer`."""

    at: float
    kind: str


class Placed(Message):
    """What became of an order at the gateway; times in Unix seconds.

    `due`: when the customer wanted to place it. `run` is None where it was given up.
    """

    order: str
    due: float
    ended: float
    run: str | None
    failures: tuple[Failure, ...] = ()
