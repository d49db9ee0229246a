"""Calls to other systems: what is sent, what comes back, and what is tried again."""

import threading
import time
from typing import Any

import pytest

from tests.runtime.conftest import Tenant
from tests.runtime.sink import Answer, Received, Sink

pytestmark = pytest.mark.usefixtures("workers")


def connector(tenant: Tenant, url: str, **config: Any) -> None:
    """A flow `f` that is one call to `url`."""
    settings = {"url": url, "backoff_seconds": 0.05, **config}
    tenant.register_steps("f", {"send": {"shape": "http-connector", "config": settings}})


def test_the_payload_is_sent_once_with_the_ids_of_its_process_and_run(tenant: Tenant, sink: Sink) -> None:
    connector(tenant, sink.url, headers={"X-Api-Version": "3"})
    answer = tenant.call("f", {"sku": "ü"})
    assert answer["output"] == {"status": 200, "body": {"ok": True}}
    [request] = sink.received
    send = next(process for process in tenant.run(answer["run"])["processes"] if process["step"] == "send")
    assert (request.method, request.body, request.headers["x-api-version"]) == ("POST", {"sku": "ü"}, "3")
    assert request.headers["idempotency-key"] == send["process"]
    assert request.headers["x-patchbay-run"] == answer["run"]


def test_the_body_may_be_an_expression(tenant: Tenant, sink: Sink) -> None:
    connector(tenant, sink.url, body="{'only': sku}")
    tenant.call("f", {"sku": "a", "secret": 1})
    assert sink.received[0].body == {"only": "a"}


def test_a_get_sends_no_body_and_text_comes_back_as_text(tenant: Tenant, sink: Sink) -> None:
    sink.answer = lambda _request, _number: Answer(body=b"hello", headers={"Content-Type": "text/plain"})
    connector(tenant, sink.url, method="GET")
    assert tenant.call("f", {"a": 1})["output"] == {"status": 200, "body": "hello"}
    assert (sink.received[0].method, sink.received[0].body) == ("GET", None)


@pytest.mark.parametrize("trouble", [Answer(status=503), Answer(status=429), Answer(close=True)])
def test_trouble_that_may_pass_is_tried_again_under_the_same_key(tenant: Tenant, sink: Sink, trouble: Answer) -> None:
    sink.answer = lambda _request, number: trouble if number < 2 else Answer()
    connector(tenant, sink.url)
    answer = tenant.call("f", {})
    assert (answer["status"], len(sink.received)) == ("completed", 3)
    assert len({request.headers["idempotency-key"] for request in sink.received}) == 1
    send = next(process for process in tenant.run(answer["run"])["processes"] if process["step"] == "send")
    assert send["attempts"] == 2


def test_after_the_last_retry_the_run_fails_with_step_error_and_payload(tenant: Tenant, sink: Sink) -> None:
    sink.answer = lambda _request, _number: Answer(status=500)
    connector(tenant, sink.url, retries=1)
    answer = tenant.call("f", {"sku": "a"})
    assert (answer["status"], answer["output"], len(sink.received)) == ("failed", None, 2)
    error = answer["error"]
    assert (error["step"], error["shape"], error["code"]) == ("send", "http-connector", "http_status")
    assert (error["message"], error["attempts"], error["payload"]) == ("answered with status 500", 2, {"sku": "a"})


@pytest.mark.parametrize("status", [302, 400, 404])
def test_a_refusal_is_not_tried_again(tenant: Tenant, sink: Sink, status: int) -> None:
    sink.answer = lambda _request, _number: Answer(status=status, headers={"Location": sink.url})
    connector(tenant, sink.url)
    assert (tenant.call("f", {})["status"], len(sink.received)) == ("failed", 1)


def test_retry_after_is_honoured(tenant: Tenant, sink: Sink) -> None:
    times: list[float] = []

    def answer(_request: Received, number: int) -> Answer:
        times.append(time.monotonic())
        return Answer(status=429, headers={"Retry-After": "2"}) if number == 0 else Answer()

    sink.answer = answer
    connector(tenant, sink.url)
    assert tenant.call("f", {})["status"] == "completed"
    assert times[1] - times[0] >= 2


def test_an_answer_that_does_not_come_in_time_is_a_failure(tenant: Tenant, sink: Sink) -> None:
    failed = threading.Event()

    def answer(_request: Received, _number: int) -> Answer:
        failed.wait(30)
        return Answer()

    sink.answer = answer
    connector(tenant, sink.url, timeout_seconds=0.3, retries=0)
    try:
        assert tenant.call("f", {})["error"]["code"] == "http_timeout"
    finally:
        failed.set()


def test_an_answer_over_the_limit_is_a_failure(tenant: Tenant, sink: Sink) -> None:
    sink.answer = lambda _request, _number: Answer(body=b"x" * (2**20 + 1))
    connector(tenant, sink.url)
    assert tenant.call("f", {})["error"]["code"] == "response_too_large"


def test_nobody_listening_fails_the_run_after_its_retries(tenant: Tenant, sink: Sink) -> None:
    sink.close()
    connector(tenant, sink.url, retries=1)
    error = tenant.call("f", {})["error"]
    assert (error["code"], error["attempts"]) == ("http_connection", 2)
