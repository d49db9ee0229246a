"""What became of the accepted runs."""

import asyncio
from collections.abc import Sequence

from patchbay_loadtests.core.flows import Order
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.sink.client import SinkClient
from patchbay_loadtests.proof.judgement import RunsVerdict, judge_runs

FINAL = frozenset({"completed", "failed"})
SETTLE_SECONDS = 60.0
POLL_SECONDS = 1.0
AT_ONCE = 8


async def settle(gateway: Gateway, sink: SinkClient, orders: Sequence[Order], runs: dict[str, str]) -> RunsVerdict:
    """Follow every accepted run to its end and compare it with what the sink received."""
    statuses: dict[str, str] = {}
    clock = asyncio.get_running_loop()
    give_up = clock.time() + SETTLE_SECONDS
    while True:
        open_runs = [run for run in runs.values() if statuses.get(run) not in FINAL]
        for begin in range(0, len(open_runs), AT_ONCE):
            asked = open_runs[begin : begin + AT_ONCE]
            found = await asyncio.gather(*(gateway.run(run) for run in asked))
            statuses.update({run: str(document["status"]) for run, document in zip(asked, found, strict=True)})
        if FINAL.issuperset(statuses.values()) or clock.time() > give_up:
            break
        await asyncio.sleep(POLL_SECONDS)
    _, deliveries = await sink.deliveries()
    return judge_runs(orders, runs, statuses, deliveries)
