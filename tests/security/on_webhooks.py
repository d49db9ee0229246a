"""Attempts to start the neighbour's flows past its senders, and to learn which there are."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx

from tests.runtime import senders
from tests.security.attempts import Act, attempt, attempts
from tests.security.stage import Stage

AREA: Final = "webhooks"
BODY: Final = b'{"lines":[1]}'
SIGNED: Final[Mapping[str, Any]] = {"access": {"kind": "hmac", "style": "stripe"}}


def _send(path: str, headers: Mapping[str, str] | None = None, query: str = "", body: bytes = BODY) -> Act:
    def act(stage: Stage) -> httpx.Response:
        return stage.ask("POST", path.format(there=stage.neighbour.hook) + query, headers or {}, content=body)

    return act


UNKNOWN: Final[Mapping[str, Act]] = {
    "send without a key": _send("{there}"),
    "send with another key": _send("{there}", {"X-Webhook-Key": "pbw_" + "A" * 43}),
    "send with an empty key": _send("{there}", {"X-Webhook-Key": ""}),
    "send with an empty key in the address": _send("{there}", query="?key="),
    "send as the user of another kind of access": _send("{there}", senders.basic("", BODY)),
    "send with a signature by an empty secret": _send("{there}", senders.github("", BODY)),
    "send to a flow that is not there": _send("/hooks/neighbour/nothing"),
    "send to a tenant that is not there": _send("/hooks/nobody/orders"),
    "send what is no JSON": _send("{there}", body=b"{"),
}
attempts(AREA, "401 unauthenticated", UNKNOWN)


@attempt(AREA, "401 unauthenticated")
def send_with_the_key_of_his_own_flow_of_the_same_name(stage: Stage) -> httpx.Response:
    return stage.ask("POST", stage.neighbour.hook, {"X-Webhook-Key": stage.attacker.secret}, content=BODY)


@attempt(AREA, "401 unauthenticated")
def send_with_the_administrator_s_kind_of_key(stage: Stage) -> httpx.Response:
    return stage.ask("POST", stage.neighbour.hook, stage.attacker.owner, content=BODY)


@attempt(AREA, "413 body_too_large")
def send_more_than_there_may_be(stage: Stage) -> httpx.Response:
    return stage.ask("POST", stage.neighbour.hook, {}, content=b" " * (2**20 + 1))


def _signed(stage: Stage) -> tuple[str, str]:
    """A flow of the attacker's that takes signatures with a time, as everybody's would; its path and secret."""
    name, answer = stage.register({"end": {"shape": "map", "config": {"expression": "$"}}}, SIGNED)
    return f"/hooks/{stage.attacker.name}/{name}", answer.json()["webhook"]["secret"]


@attempt(AREA, "401 unauthenticated")
def send_again_what_was_overheard_yesterday(stage: Stage) -> httpx.Response:
    path, secret = _signed(stage)
    return stage.ask("POST", path, senders.stripe(secret, BODY, at=time.time() - 86_400), content=BODY)


@attempt(AREA, "401 unauthenticated")
def send_another_body_under_a_signature(stage: Stage) -> httpx.Response:
    path, secret = _signed(stage)
    return stage.ask("POST", path, senders.stripe(secret, BODY), content=json.dumps({"lines": [1000]}).encode())


@attempt(AREA, "401 unauthenticated")
def send_a_later_time_under_a_signature(stage: Stage) -> httpx.Response:
    path, secret = _signed(stage)
    old = senders.stripe(secret, BODY, at=time.time() - 600)["Stripe-Signature"]
    signature = old.partition(",")[2]
    return stage.ask("POST", path, {"Stripe-Signature": f"t={int(time.time())},{signature}"}, content=BODY)
