"""The flows that load tests register, and the orders that they send through them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

ORDER_FLOW: Final = "loadtest-orders"
PROFILE_FLOW: Final = "loadtest-profile"
BENCH_FLOW: Final = "loadtest-bench"
STEERED_SHAPE: Final = "http-connector"
MAX_PARCELS_PER_ORDER: Final = 3
# Senders show the webhook's secret.
BY_KEY: Final = "key"
PUBLIC: Final = "public"
# The longest timeout that the connector's configuration takes.
CONNECTOR_TIMEOUT_SECONDS: Final = 60


@dataclass(frozen=True)
class Order:
    """One order: each parcel line becomes a process at the connector, each download line does not.

    `hold_seconds`: how long each takes at the sink, where that differs from what the flow says.
    """

    id: str
    parcels: int
    downloads: int
    hold_seconds: float | None = None

    @property
    def parcel_keys(self) -> tuple[str, ...]:
        """The business keys that the sink must see, once each."""
        return tuple(f"{self.id}/{number}" for number in range(1, self.parcels + 1))

    def payload(self) -> dict[str, Any]:
        """The body of the webhook."""
        parcels = [{"number": number, "kind": "parcel", "sku": f"P-{number}"} for number in range(1, self.parcels + 1)]
        downloads = [
            {"number": 100 + number, "kind": "download", "sku": f"D-{number}"} for number in range(self.downloads)
        ]
        hold = {} if self.hold_seconds is None else {"hold_seconds": self.hold_seconds}
        return {"id": self.id, **hold, "lines": parcels + downloads}


class OrderBook:
    """Numbers the orders of one run; the prefix keeps runs apart."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers = count(1)

    def orders_for(self, parcels: int) -> Iterator[Order]:
        """Orders that hold `parcels` parcel lines together: of several lines and of one, with downloads and without."""
        while parcels > 0:
            number = next(self._numbers)
            size = min(parcels, 1 + number % MAX_PARCELS_PER_ORDER)
            yield Order(id=f"{self._prefix}-{number}", parcels=size, downloads=number % 2)
            parcels -= size


def order_flow(sink_url: str, *, name: str = ORDER_FLOW, hold_seconds: float = 0) -> dict[str, Any]:
    """The order webhook: map, split per line, branch; parcels go to the sink, downloads are only noted.

    The connector does not retry: a second request for the same line is a fault that the proof has to see. Each takes
    `hold_seconds` at the sink, unless the order says how long.
    """
    hold = f'"hold_seconds": $exists($$.hold_seconds) ? $$.hold_seconds : {hold_seconds:g}'
    lines = f'[lines.{{"key": $$.id & "/" & $string(number), "kind": kind, "sku": sku, {hold}}}]'
    return {
        "name": name,
        "start": "receive",
        "steps": {
            "receive": {"shape": "http-trigger", "next": "map"},
            "map": {
                "shape": "map",
                "config": {"expression": f'{{"id": id, "lines": {lines}}}'},
                "next": "lines",
            },
            "lines": {"shape": "split", "config": {"expression": "lines"}, "next": "route"},
            "route": {
                "shape": "branch",
                "config": {"cases": [{"when": 'kind = "parcel"', "next": "send"}], "default": "note"},
            },
            "send": {"shape": STEERED_SHAPE, "config": _connector(sink_url)},
            "note": {"shape": "set-variables", "config": {"variables": {"noted": "key"}}},
        },
    }


def webhook_access(flow: Mapping[str, Any]) -> str:
    """How the senders of a flow's webhook are known; the default of its trigger where it does not say."""
    trigger = flow["steps"][flow["start"]]
    return str(trigger.get("config", {}).get("access", {}).get("kind", BY_KEY))


BENCH_STEPS: Final = 5


def bench_flow(sink_url: str) -> dict[str, Any]:
    """A flow of five steps in a row that ends with a request to the sink."""
    return {
        "name": BENCH_FLOW,
        "start": "receive",
        "steps": {
            "receive": {"shape": "http-trigger", "next": "map"},
            "map": {"shape": "map", "config": {"expression": '{"key": id, "kind": "parcel"}'}, "next": "filter"},
            "filter": {"shape": "filter", "config": {"when": 'kind = "parcel"'}, "next": "note"},
            "note": {"shape": "set-variables", "config": {"variables": {"noted": "key"}}, "next": "send"},
            "send": {"shape": STEERED_SHAPE, "config": _connector(sink_url)},
        },
    }


def _connector(sink_url: str) -> dict[str, Any]:
    return {"method": "POST", "url": sink_url, "timeout_seconds": CONNECTOR_TIMEOUT_SECONDS, "retries": 0}
