"""Attempts to take from the API by the body of a request what others need."""

import json
from collections.abc import Mapping
from typing import Final

import httpx

from tests.security.attempts import Act, attempts
from tests.security.stage import Stage

AREA: Final = "bodies"


def _post(path: str, body: bytes) -> Act:
    def act(stage: Stage) -> httpx.Response:
        return stage.ask("POST", f"{stage.attacker.path}/{path}", content=body)

    return act


def _steps(count: int) -> bytes:
    steps = {f"s{number}": {"shape": "map", "config": {"expression": "$"}} for number in range(count)}
    return json.dumps({"name": "f", "start": "s0", "steps": steps}).encode()


LARGE: Final[Mapping[str, Act]] = {
    "a payload of more than there may be": _post("flows/orders/runs", b'"' + b"x" * 2**20 + b'"'),
    "a flow of more than there may be": _post("flows", b" " * 300_000),
    "a key's wish of more than there may be": _post("keys", b" " * 5000),
}
attempts(AREA, "413 body_too_large", LARGE)
attempts(
    AREA,
    "422 invalid_json",
    {
        "a payload as deep as can be": _post("flows/orders/runs", b"[" * 100_000),
        "a payload of half a letter": _post("flows/orders/runs", b'"\xc3"'),
        "a payload of half a pair": _post("flows/orders/runs", b'"\\ud800"'),
        "a payload of no number": _post("flows/orders/runs", b"NaN"),
        "a flow as deep as can be": _post("flows", b"[" * 100_000),
    },
)
attempts(
    AREA,
    "422 invalid_flow",
    {
        "a flow of too many steps": _post("flows", _steps(201)),
        "a flow without an end": _post(
            "flows",
            json.dumps(
                {
                    "name": "f",
                    "start": "a",
                    "steps": {
                        "a": {"shape": "map", "config": {"expression": "$"}, "next": "b"},
                        "b": {"shape": "map", "config": {"expression": "$"}, "next": "a"},
                    },
                }
            ).encode(),
        ),
    },
)
