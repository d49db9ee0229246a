"""The flows that run while something fails."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

STEADY_FLOW: Final = "faults-steady"
LONG_FLOW: Final = "faults-long"
POISON_FLOW: Final = "faults-poison"
SHAPE: Final = "http-connector"  # delivers: its effects are seen outside
SHAPES: Final = ("http-trigger", SHAPE)  # those of the steady flow

# The receiver is another system: what keeps it from being reached must not fail a run.
_RETRIES: Final = 20
_LONGEST_CALL_SECONDS: Final = 60


@dataclass(frozen=True)
class SteadyOrder:
    """An order of the steady flow: its id is the business key that the receiver sees."""

    id: str

    def payload(self) -> dict[str, Any]:
        """The body of the webhook."""
        return {"key": self.id}


def steady_orders(prefix: str, orders_per_second: float, began: float) -> Iterator[tuple[float, SteadyOrder]]:
    """Orders with their moments (Unix seconds), at an even rate, for as long as they are asked for."""
    for number in count():
        yield began + number / orders_per_second, SteadyOrder(f"{prefix}-{number + 1}")


def steady_flow(receiver_url: str) -> dict[str, Any]:
    """Receive and deliver: the shortest flow with an effect outside."""
    return _flow(STEADY_FLOW, receiver_url, {"timeout_seconds": 20, "retries": _RETRIES})


def long_flow(receiver_url: str) -> dict[str, Any]:
    """The same, to a receiver that answers when it is told to. No second call: cutting the first one off shows."""
    return _flow(LONG_FLOW, receiver_url, {"timeout_seconds": _LONGEST_CALL_SECONDS, "retries": 0})


def poison_flow(receiver_url: str) -> dict[str, Any]:
    """The same as the long flow, to an address of its own: whoever calls it is killed."""
    return _flow(POISON_FLOW, receiver_url, {"timeout_seconds": _LONGEST_CALL_SECONDS, "retries": 0})


def _flow(name: str, receiver_url: str, connector: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "start": "receive",
        "steps": {
            "receive": {"shape": "http-trigger", "next": "send"},
            "send": {"shape": SHAPE, "config": {"method": "POST", "url": receiver_url, **connector}},
        },
    }
