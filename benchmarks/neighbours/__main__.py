"""What a tenant notices of a hostile one: its synchronous runs, alone and beside the worst expressions, in turns.

On a running environment: `eval "$(make -s env)"`, then `.venv/bin/python -m benchmarks.neighbours`.
"""

import asyncio
import statistics
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import httpx2
from patchbay_loadtests.core.access import Access
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.percentiles import percentile

HOST: Final = "http://127.0.0.1:8080"
PAIRS: Final = 3
SECONDS: Final = 40.0
# Each is sent at its due moment, whether or not the one before was answered.
RATE: Final = 4.0
WAIT_SECONDS: Final = 30
# Of those who send the worst expressions, each sends the next once the one before has ended.
SENDERS: Final = 2
FLOW: Final[Mapping[str, Any]] = {
    "name": "neighbours-usual",
    "start": "receive",
    "steps": {
        "receive": {"shape": "http-trigger", "next": "shape"},
        "shape": {"shape": "map", "config": {"expression": "{'id': id, 'total': $sum(lines.price)}"}, "next": "keep"},
        "keep": {"shape": "filter", "config": {"expression": "total > 0"}, "next": "set"},
        "set": {"shape": "set-variables", "config": {"variables": {"twice": "total * 2"}}},
    },
}
PAYLOAD: Final = {"id": "example", "lines": [{"price": price} for price in range(1, 21)]}
# The time, the memory and the number of evaluations that a step may take, each used up.
WORST: Final[Mapping[str, Mapping[str, Any]]] = {
    "endless": {"shape": "map", "config": {"expression": "( $f := function($n){ $n < 1 ? 0 : $f($n) }; $f(1) )"}},
    "doubled": {
        "shape": "map",
        "config": {"expression": "$reduce([1..40], function($a, $b){ $a & $a }, 'xxxxxxxx')"},
    },
    "filtered": {
        "shape": "filter",
        "config": {"expression": "$sum([1..5000].($n := $; $sum([1..5000].($ * $n)))) > 0"},
    },
    "fifty": {
        "shape": "set-variables",
        "config": {
            "variables": {f"v{number}": "$sum([1..2000].($n := $; $sum([1..2000].($ * $n))))" for number in range(50)}
        },
    },
}


def hostile_flow(name: str) -> dict[str, Any]:
    """A flow of one of the worst steps."""
    steps = {"receive": {"shape": "http-trigger", "next": "worst"}, "worst": WORST[name]}
    return {"name": f"neighbours-{name}", "start": "receive", "steps": steps}


async def usual(gateway: Gateway, http: httpx2.AsyncClient) -> list[float]:
    """Milliseconds of each run, from its due moment to its answer. Fails where a run does not end well."""
    clock = asyncio.get_running_loop()
    began = clock.time() + 1

    async def one(number: int) -> float:
        due = began + number / RATE
        await asyncio.sleep(due - clock.time())
        answer = await start(http, gateway, str(FLOW["name"]), PAYLOAD)
        if answer.status_code != 200 or answer.json()["status"] != "completed":
            raise SystemExit(f"a neighbour's run ended with {answer.status_code}: {answer.text[:300]}")
        return (clock.time() - due) * 1000

    return await asyncio.gather(*(one(number) for number in range(int(SECONDS * RATE))))


async def start(http: httpx2.AsyncClient, gateway: Gateway, flow: str, payload: Any) -> httpx2.Response:
    """Start a run, and wait for its end."""
    path, headers = f"/hooks/{gateway.tenant}/{flow}", gateway.sender(flow).headers()
    return await http.post(path, params={"wait": WAIT_SECONDS}, headers=headers, json=payload)


async def hostile(gateway: Gateway, http: httpx2.AsyncClient, ended: list[str]) -> None:
    """Send the worst expressions until cancelled; `ended` gets the code of each run's error."""

    async def keep_on(flow: str) -> None:
        while True:
            answer = await start(http, gateway, flow, {})
            ended.append(str((answer.json().get("error") or {}).get("code", answer.status_code)))

    flows = [str(hostile_flow(name)["name"]) for name in WORST] * SENDERS
    await asyncio.gather(*(keep_on(flow) for flow in flows))


async def main() -> None:
    """Print p50 and p95 of each turn, and the medians of both kinds with their ratio."""
    access = Access.from_environment()
    async with (
        httpx2.AsyncClient(base_url=HOST, timeout=WAIT_SECONDS + 30, trust_env=False) as http,
        Gateway(HOST, "neighbours-usual", access) as neighbour,
        Gateway(HOST, "neighbours-hostile", access) as attacker,
    ):
        await neighbour.register(dict(FLOW))
        for name in WORST:
            await attacker.register(hostile_flow(name))
        await usual(neighbour, http)  # the pods' processes for the tenant begin
        alone: list[tuple[float, float]] = []
        beside: list[tuple[float, float]] = []
        for _ in range(PAIRS):
            alone.append(told("alone", await usual(neighbour, http)))
            ended: list[str] = []
            task = asyncio.create_task(hostile(attacker, http, ended))
            beside.append(told("beside the worst", await usual(neighbour, http)))
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            counted = {code: ended.count(code) for code in sorted(set(ended))}
            print(f"   the hostile tenant's runs: {counted}")
            # Those that are under way end by their limits.
            await asyncio.sleep(WAIT_SECONDS)
        for title, column in (("p50", 0), ("p95", 1)):
            one, other = (statistics.median(turn[column] for turn in turns) for turns in (alone, beside))
            print(f"{title}: {one:.0f} ms alone, {other:.0f} ms beside, ratio {other / one:.2f}")


def told(title: str, taken: list[float]) -> tuple[float, float]:
    """The p50 and the p95, printed."""
    p50, p95 = percentile(taken, 50), percentile(taken, 95)
    print(f"{title}: n {len(taken)}, p50 {p50:.0f} ms, p95 {p95:.0f} ms", flush=True)
    return p50, p95


if __name__ == "__main__":
    if len(sys.argv) > 1:
        raise SystemExit("takes no arguments")
    asyncio.run(main())
