"""Attempts to take what others need by an expression: processor time, memory, the worker itself."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from tests.security.attempts import Act, attempt, attempts
from tests.security.stage import Stage

AREA: Final = "expressions"


def _map(expression: str, payload: Any = None) -> Act:
    def act(stage: Stage) -> httpx.Response:
        return stage.run("map", {"expression": expression}, payload)

    return act


ORDERS: Final = {"orders": [{"id": number} for number in range(3000)]}
TIME: Final[Mapping[str, Act]] = {
    "count for ever": _map("( $f := function($n){ $n < 1 ? 0 : $f($n) }; $f(1) )"),
    "multiply all by all": _map("$sum([1..5000].($n := $; $sum([1..5000].($ * $n))))"),
    "look through all for each of all": _map(
        "orders.$$.orders[id = 1].id", {"orders": [{"id": n} for n in range(3000)]}
    ),
}
attempts(AREA, "failed expression_processor_time", TIME)
MEMORY: Final[Mapping[str, Act]] = {
    "double a text forty times": _map("$reduce([1..40], function($a, $b){ $a & $a }, 'xxxxxxxx')"),
    "pad nothing to a hundred million": _map("$pad('', 100000000)"),
    "have ten million numbers": _map("[1..9999999].{'n': $}"),
}
attempts(AREA, "failed expression_memory", MEMORY)
attempts(AREA, "failed expression_output_size", {"answer with more than there may be": _map("$pad('', 2000000)")})
attempts(
    AREA,
    "failed expression_failed",
    {"call itself without an end": _map("( $f := function($x){ 1 + $f($x + 1) }; $f(1) )")},
)
attempts(
    AREA,
    "422 invalid_flow",
    {
        "match by trial and error": _map("$match($$, /(?=a)b/)"),
        "refer back in a pattern": _map(r"$match($$, /(a)\1/)"),
        "write what is no expression": _map("{'a': "),
    },
)
attempts(AREA, "completed", {"match with nested repetitions": _map("$match($$, /^(a+)+$/)", "a" * 5000 + "b")})


@attempt(AREA, "failed expression_processor_time")
def do_so_in_fifty_variables_at_once(stage: Stage) -> httpx.Response:
    endless = "( $f := function($n){ $n < 1 ? 0 : $f($n) }; $f(1) )"
    return stage.run("set-variables", {"variables": {f"v{number}": endless for number in range(50)}})


@attempt(AREA, "failed too_many_processes")
def make_more_processes_than_a_run_may_have(stage: Stage) -> httpx.Response:
    name, _ = stage.register(
        {
            "a": {"shape": "split", "config": {"expression": "[1..1000]"}, "next": "b"},
            "b": {"shape": "split", "config": {"expression": "[1..1000]"}, "next": "c"},
            "c": {"shape": "map", "config": {"expression": "$"}},
        }
    )
    return stage.ask("POST", f"{stage.attacker.path}/flows/{name}/runs", json=None, params={"wait": 60})
