"""Attempts to have the platform call what is its own, or to leave something for others at a partner's."""

from collections.abc import Mapping
from typing import Final

import httpx

from tests.runtime.sink import Answer
from tests.security.attempts import Act, attempt, attempts
from tests.security.stage import Stage

AREA: Final = "connectors"


def _call(url: str) -> Act:
    def act(stage: Stage) -> httpx.Response:
        return stage.call(url.format(port=stage.partner.port))

    return act


INNER: Final[Mapping[str, Act]] = {
    "call the machine itself": _call("http://127.0.0.1:{port}/"),
    "call it as one number": _call("http://2130706433:{port}/"),
    "call it in hexadecimal digits": _call("http://0x7f000001:{port}/"),
    "call it in octal digits": _call("http://0177.0.0.1:{port}/"),
    "call it in few digits": _call("http://127.1:{port}/"),
    "call it by IPv6": _call("http://[::1]:{port}/"),
    "call it by IPv6 that holds IPv4": _call("http://[::ffff:127.0.0.1]:{port}/"),
    "call it by its name": _call("http://localhost:{port}/"),
    "call it by a name below its own": _call("http://x.localhost:{port}/"),
    "call it in wide digits": _call("http://\uff11\uff12\uff17.0.0.1:{port}/"),
    "call the cloud's metadata": _call("http://169.254.169.254/latest/meta-data/"),
    "call the cloud's metadata by name": _call("http://metadata.google.internal/"),
    "call the agent of pods' identities": _call("http://169.254.170.23/v1/credentials"),
    "call a private network": _call("https://10.0.0.1/"),
    "call the range of services": _call("https://172.20.0.1/"),
    "call everything at once": _call("http://0.0.0.0:{port}/"),
    "call the API server's network": _call("https://100.64.0.1/"),
    "call a port that is closed": _call("http://127.0.0.2:25/"),
    "read a file": _call("file:///etc/passwd"),
    "speak another language": _call("gopher://127.0.0.2:{port}/_x"),
}
attempts(AREA, "422 invalid_flow", INNER)
attempts(
    AREA,
    "failed http_address_refused",
    {
        "call a data store by its service": _call("http://redis.patchbay-data.svc:{port}/"),
        "call the API by its service": _call("http://api.patchbay-runtime.svc.cluster.local:{port}/"),
        "call a service by a word": _call("http://kubernetes:{port}/"),
    },
)


@attempt(AREA, "failed http_status")
def be_led_to_the_machine_itself_by_a_redirect(stage: Stage) -> httpx.Response:
    inner = {"Location": f"http://127.0.0.1:{stage.partner.port}/"}
    stage.partner.answer = lambda _request, _number: Answer(302, b"", inner)
    return stage.call(stage.partner.url)


@attempt(AREA, "completed")
def leave_a_cookie_for_the_others_who_call_the_same_partner(stage: Stage) -> httpx.Response:
    cookie = {"Set-Cookie": "session=of-the-attacker; Path=/", "Content-Type": "application/json"}
    stage.partner.answer = lambda _request, _number: Answer(200, b"{}", cookie)
    stage.call(stage.partner.url)
    stage.partner.received.clear()
    answer = stage.call(stage.partner.url)
    (request,) = stage.partner.received
    assert "cookie" not in request.headers
    return answer


@attempt(AREA, "422 invalid_flow")
def write_a_second_header_into_one(stage: Stage) -> httpx.Response:
    return stage.call(stage.partner.url, headers={"X-Order": "1\r\nHost: elsewhere.example.com"})
