"""Calls over TLS, and what becomes of a call whose answer breaks something of ours."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import pytest
from patchbay_runtime.calls import call as calls
from patchbay_runtime.calls import content
from patchbay_runtime.execution import record
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.json_text import JsonText
from patchbay_runtime.storage.payloads import encode

from tests.runtime.authority import Authority
from tests.runtime.conftest import Tenant
from tests.runtime.own_call import call
from tests.runtime.servers import HOST
from tests.runtime.sink import Sink

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(talk: Conversation, authority: Authority | None) -> AsyncIterator[str]:
    """A server that has each `talk`, over TLS where an authority vouches for it; its URL is https in any case."""
    context = None
    if authority is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*authority.server(HOST))
    async with await asyncio.start_server(talk, HOST, 0, ssl=context) as listening:
        yield f"https://{HOST}:{listening.sockets[0].getsockname()[1]}/"


async def polite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    writer.close()


@pytest.fixture
def trusting(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The authority that connectors trust."""
    context = ssl.create_default_context(cafile=str(authority.ca_file))
    monkeypatch.setattr(calls, "_trust", lambda: context)
    return authority


async def test_a_server_that_a_trusted_authority_vouches_for_is_called(trusting: Authority) -> None:
    async with server(polite, trusting) as url:
        for _ in range(2):
            assert (await call("GET", url, {}, None, 20)).body == b"ok"


async def test_what_a_server_sends_behind_an_answer_is_no_answer_to_the_next_call(trusting: Authority) -> None:
    async def push(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 6\r\n\r\n"
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"answer" + head + b"pushed")
        await reader.read()
        writer.close()

    async with server(push, trusting) as url:
        assert [(await call("GET", url, {}, None, 20)).body for _ in range(2)] == [b"answer", b"answer"]


async def test_any_other_server_gets_no_request(trusting: Authority, stranger: Authority) -> None:
    asked: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read())
        writer.close()

    assert trusting is not stranger
    async with server(note, stranger) as url:
        with pytest.raises(StepFault, match=r"the call failed \(ConnectError\)") as fault:
            await call("POST", url, {"X-Key": "secret"}, b"{}", 20)
    assert (fault.value.code, fault.value.retryable) == ("http_connection", True)
    assert not any(asked)


async def test_an_answer_that_is_tampered_with_is_not_asked_for_again(trusting: Authority) -> None:
    async def forge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        await writer.drain()
        os.write(writer.get_extra_info("socket").fileno(), b"\x17\x03\x03\x00\x18" + b"not what TLS has sealed!")
        await reader.read()
        writer.close()

    async with server(forge, trusting) as url:
        with pytest.raises(StepFault, match="the answer began, but the call failed") as fault:
            await call("POST", url, {}, b"{}", 20)
    assert (fault.value.code, fault.value.retryable) == ("response_cut_off", False)


async def test_a_handshake_that_never_ends_leaves_no_connection(trusting: Authority) -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        gone.set()
        writer.close()

    assert trusting
    async with server(silent, None) as url:
        with pytest.raises(StepFault, match=r"no complete answer within 0\.2 s") as fault:
            await call("POST", url, {}, b"{}", 0.2)
        await asyncio.wait_for(gone.wait(), 20)
    assert (fault.value.code, fault.value.retryable) == ("http_timeout", True)


async def test_an_address_that_can_be_none_is_tried_once() -> None:
    with pytest.raises(StepFault, match="the address cannot be called") as fault:
        await call("POST", "http://[::1:x/", {}, b"{}", 20)
    assert (fault.value.code, fault.value.retryable) == ("http_connection", False)


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize("broken", ["decoding", "recording"])
def test_a_fault_of_ours_after_the_call_does_not_repeat_it(
    tenant: Tenant, sink: Sink, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: object) -> NoReturn:
        raise RecursionError("no text of the payload's")

    def fail_for_answers(value: Any, *limit: int) -> str:
        is_answer = isinstance(value, JsonText) and value.text.startswith('{"status":')
        return fail() if is_answer else encode(value, *limit)

    if broken == "decoding":
        monkeypatch.setattr(content, "told", fail)
    else:
        monkeypatch.setattr(record, "encode", fail_for_answers)
    config = {"url": sink.url, "backoff_seconds": 0.05}
    tenant.register_steps("f", {"send": {"shape": "http-connector", "config": config}})
    error = tenant.call("f", {})["error"]
    assert (error["attempts"], len(sink.received)) == (1, 1)
    told = {
        "decoding": ("unexpected", "the shape failed (RecursionError)"),
        "recording": ("invalid_output", "the step's output cannot be kept (RecursionError)"),
    }
    assert (error["code"], error["message"]) == told[broken]
