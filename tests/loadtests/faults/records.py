"""Records of faults as a drill makes them, for the verdict's tests."""

from collections.abc import Mapping

from patchbay_loadtests.core.ledger import Call, Delivery, Ending
from patchbay_loadtests.core.objectives import FaultObjectives
from patchbay_loadtests.core.traffic.protocol import Failure, Placed
from patchbay_loadtests.faults.judging.fault import Record
from patchbay_loadtests.faults.promises import AlertPromise

BEGAN = 1_700_000_000.0
OBJECTIVES = FaultObjectives(calm_p95_seconds=5, slow_seconds=8)


def placed(number: int, due: float, *, took: float = 0.01, failed: int = 0, accepted: bool = True) -> Placed:
    """An order that was due so many seconds after the fault began."""
    return Placed(
        order=f"o-{number}",
        due=BEGAN + due,
        sent=BEGAN + due,
        ended=BEGAN + due + took,
        run=f"r-{number}" if accepted else None,
        failures=tuple(Failure(at=BEGAN + due, kind="503") for _ in range(failed)),
    )


def completed(order: Placed, wait: float = 0.2) -> Ending:
    """Its run, a while later."""
    return Ending(status="completed", created=order.ended, finished=order.ended + wait)


def delivered(order: Placed, *later: float) -> Delivery:
    """At the receiver as one process: when it was accepted, and again so many seconds after the fault began."""
    moments = (order.ended, *(BEGAN + at for at in later))
    return Delivery(calls=tuple(Call(at=at, idempotency_key=f"p-{order.order}", answered=True) for at in moments))


def received(order: Placed, after: float) -> Delivery:
    """At the receiver once, so many seconds after it was accepted."""
    return Delivery(calls=(Call(at=order.ended + after, idempotency_key=f"p-{order.order}", answered=True),))


def steady(
    *, seconds: range = range(-10, 40), outage: range = range(0), slow: Mapping[int, float] | None = None
) -> tuple[list[Placed], dict[str, Ending]]:
    """Two orders a second. In the outage each fails once; `slow` gives other waits by second."""
    orders, endings = [], {}
    for second in seconds:
        for half in (0, 1):
            order = placed(2 * second + half, second + half / 2, failed=int(second in outage))
            orders.append(order)
            endings[str(order.run)] = completed(order, (slow or {}).get(second, 0.2))
    return orders, endings


def record(orders: list[Placed], endings: dict[str, Ending], **changes: object) -> Record:
    """A fault that was over at once and after which all was well, but for the changes."""
    values: dict[str, object] = {
        "name": "worker-killed",
        "question": "?",
        "alert": "WorkerGone",
        "recovery_limit_seconds": 20.0,
        "began": BEGAN,
        "healed": BEGAN,
        "whole": BEGAN + 5,
        "lacks": (),
        "steady": orders,
        "beside": (),
        "endings": endings,
        "deliveries": {order.order: delivered(order) for order in orders if order.run},
        "poisonous": frozenset[str](),
        "most_in_hand": 8,
        "alert_due": BEGAN,
        "alert_fired": BEGAN + 3,
        "alert_last_fired": BEGAN + 60,
        "alert_promise": AlertPromise(fires_within=20, falls_silent_within=120),
        "objectives": OBJECTIVES,
        "alert_fell_silent": True,
        "findings": (),
        "notes": (),
        **changes,
    }
    return Record(**values)  # type: ignore[arg-type]  # the fields that a test does not change have their types above
