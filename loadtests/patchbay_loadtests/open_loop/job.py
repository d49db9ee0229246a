"""What is asked of the gateway before and after an open load: `python -m patchbay_loadtests.open_loop.job`.

A process of its own, outside of Locust's patches, that reads a Job from standard input and writes its answer to
standard output. It ends with 1 and the reason on standard error where the environment cannot be asked.
"""

import asyncio
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

import httpx2
from pydantic import BaseModel, ConfigDict

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.flows import order_flow
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.ledger import Delivery, RunsVerdict, deliveries_of, judge_runs
from patchbay_loadtests.core.settlement import Patience, follow
from patchbay_loadtests.open_loop.options import FLOW
from patchbay_loadtests.open_loop.prefix import prefix_of

SINK_REQUEST_SECONDS = 30.0
_RUN: Final = re.compile("[0-9a-f]{32}")


class SinkMoment(BaseModel):
    """A moment by the clock of a sink: its uptime, in seconds."""

    model_config = ConfigDict(frozen=True)

    instance: str
    at: float


class Registered(BaseModel):
    """`webhook_key`: of the flow. `sink`: its moment when the flow was registered; None: there is no sink."""

    model_config = ConfigDict(frozen=True)

    webhook_key: str | None
    sink: SinkMoment | None


class Job(BaseModel):
    """Register the flow, or, when there are `runs` (order -> run), follow these to their end.

    `expected`: order -> business keys at the sink. `began`: the sink's moment when the flow was registered.
    """

    model_config = ConfigDict(frozen=True)

    host: str
    tenant: str
    sink_url: str | None
    settle_seconds: float = 60
    expected: dict[str, tuple[str, ...]] = {}
    runs: dict[str, str] | None = None
    began: SinkMoment | None = None


async def do(job: Job) -> RunsVerdict | Registered:
    """The verdict over the runs; without any the flow is registered."""
    async with Gateway(job.host, job.tenant) as gateway:
        if job.runs is None:
            # Without a sink no order has a line that would go there.
            await gateway.register(order_flow(job.sink_url or "https://sink.invalid/deliveries", name=FLOW))
            return Registered(
                webhook_key=gateway.webhook_key(FLOW),
                sink=await _moment(job.sink_url) if job.sink_url else None,
            )
        await gateway.enter()
        patience = Patience(stall=job.settle_seconds, longest=10 * job.settle_seconds)
        # A run whose id is none is nowhere to be found.
        settled = await follow(gateway, [run for run in job.runs.values() if _RUN.fullmatch(run)], patience)
        deliveries = await _deliveries(job.sink_url, job.began) if job.sink_url else {}
        return judge_runs(job.expected, job.runs, settled.endings, of_this_test(deliveries, job.expected, job.began))


def of_this_test(
    deliveries: Mapping[str, Delivery], expected: Iterable[str], began: SinkMoment | None
) -> dict[str, Delivery]:
    """What of the sink's deliveries is to be judged by the orders of a test that began then.

    The sink keeps what tests before this one delivered, and others may use it too. What came before is theirs, and so
    is the first effect of an order of another test of Locust: one that was killed left runs that end later. Whatever
    else came is of this test, whether it has an order or not.
    """
    since = 0.0 if began is None else began.at
    own = {prefix_of(order) for order in expected}
    found = {}
    for key, delivery in deliveries.items():
        calls = tuple(call for call in delivery.calls if call.at >= since)
        prefix = prefix_of(key)
        if prefix is not None and prefix not in own and len(calls) == delivery.received:
            calls = calls[1:]
        if calls:
            found[key] = Delivery(calls=calls)
    return found


async def _moment(sink_url: str) -> SinkMoment:
    state = await _asked(sink_url, "state")
    try:
        return SinkMoment(instance=state["instance"], at=state["uptime"])
    except (LookupError, ValueError) as error:
        raise UnusableEnvironmentError(f"sink: no state of one: {error!r}") from error


async def _deliveries(sink_url: str, began: SinkMoment | None) -> dict[str, Delivery]:
    document = await _asked(sink_url, "deliveries")
    if began is not None and document.get("instance") != began.instance:
        raise UnusableEnvironmentError("the sink was restarted during the test and forgot what it had received")
    try:
        return deliveries_of(document)
    except (LookupError, TypeError, ValueError) as error:
        raise UnusableEnvironmentError(f"sink: no deliveries of one: {error!r}") from error


async def _asked(sink_url: str, what: str) -> dict[str, Any]:
    url = f"{sink_url.removesuffix('/deliveries')}/control/{what}"
    try:
        async with httpx2.AsyncClient(timeout=SINK_REQUEST_SECONDS, trust_env=False) as client:
            answer = await client.get(url)
            return dict(answer.raise_for_status().json())
    except (httpx2.HTTPError, TypeError, ValueError) as error:
        raise UnusableEnvironmentError(f"sink, GET {url}: {type(error).__name__} {error}") from error


if __name__ == "__main__":
    try:
        found = asyncio.run(do(Job.model_validate_json(sys.stdin.read())))
    except UnusableEnvironmentError as failure:
        sys.exit(f"{failure}")
    sys.stdout.write(found.model_dump_json())
