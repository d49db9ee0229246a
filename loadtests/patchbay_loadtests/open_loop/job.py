"""What is asked of the gateway before and after an open load: `python -m patchbay_loadtests.open_loop.job`.

A process of its own, outside of Locust's patches, that reads a Job from standard input and writes its answer to
standard output. It ends with 1 and the reason on standard error where the environment cannot be asked.
"""

import asyncio
import sys

import httpx2
from pydantic import BaseModel, ConfigDict

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.flows import order_flow
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.ledger import RunsVerdict, deliveries_of, judge_runs
from patchbay_loadtests.core.settlement import Patience, follow
from patchbay_loadtests.open_loop.options import FLOW

SINK_REQUEST_SECONDS = 30.0


class Job(BaseModel):
    """Register the flow, or, when there are `runs` (order -> run), follow these to their end.

    `expected`: order -> business keys at the sink.
    """

    model_config = ConfigDict(frozen=True)

    host: str
    tenant: str
    sink_url: str | None
    settle_seconds: float = 60
    expected: dict[str, tuple[str, ...]] = {}
    runs: dict[str, str] | None = None


async def do(job: Job) -> RunsVerdict | None:
    """None: the flow is registered."""
    async with Gateway(job.host, job.tenant) as gateway:
        if job.runs is None:
            # Without a sink no order has a line that would go there.
            await gateway.register(order_flow(job.sink_url or "http://sink.invalid/deliveries", name=FLOW))
            return None
        patience = Patience(stall=job.settle_seconds, longest=10 * job.settle_seconds)
        settled = await follow(gateway, job.runs.values(), patience)
        deliveries = await _deliveries(job.sink_url) if job.sink_url else {}
        return judge_runs(job.expected, job.runs, settled.endings, deliveries_of({"deliveries": deliveries}))


async def _deliveries(sink_url: str) -> dict[str, object]:
    url = sink_url.removesuffix("/deliveries") + "/control/deliveries"
    try:
        async with httpx2.AsyncClient(timeout=SINK_REQUEST_SECONDS, trust_env=False) as client:
            answer = await client.get(url)
            return dict(answer.raise_for_status().json()["deliveries"])
    except (httpx2.HTTPError, LookupError, ValueError) as error:
        raise UnusableEnvironmentError(f"sink, GET {url}: {type(error).__name__} {error}") from error


if __name__ == "__main__":
    try:
        found = asyncio.run(do(Job.model_validate_json(sys.stdin.read())))
    except UnusableEnvironmentError as failure:
        sys.exit(f"{failure}")
    if found is not None:
        sys.stdout.write(found.model_dump_json())
