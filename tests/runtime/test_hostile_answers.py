"""What a partner's server may answer: the step says what was wrong, and the call is not made again."""

import gzip
import itertools
import json
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.runtime.conftest import Tenant
from tests.runtime.sink import Answer, Received, Sink

pytestmark = pytest.mark.usefixtures("workers")

JSON = "application/json"
SMALL = b'{"ok":true}'
ZEROS = bytes(2**25)
BOMB = gzip.compress(ZEROS, 1)


def answer(body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None) -> Iterable[bytes]:
    """The bytes of an answer."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}", "", ""]
    yield "\r\n".join(lines).encode("latin-1") + body


def typed(kind: str, body: bytes) -> Iterable[bytes]:
    return answer(body, f"Content-Type: {kind}")


def encoded(encoding: str, body: bytes) -> Iterable[bytes]:
    return answer(body, f"Content-Type: {JSON}", f"Content-Encoding: {encoding}")


def chunked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield from chunks


def connector(tenant: Tenant, url: str, **config: Any) -> None:
    """A flow `f` that is one call to `url`, three times at most."""
    settings = {"url": url, "backoff_seconds": 0.05, **config}
    tenant.register_steps("f", {"send": {"shape": "http-connector", "config": settings}})


# What is wrong, the answer, and the code and the words that the step has for it.
HOSTILE: dict[str, tuple[Iterable[bytes], str, str]] = {
    "compressed twice": (encoded("gzip, gzip", gzip.compress(BOMB)), "response_encoding", "encoded more than once"),
    "compressed twice in two headers": (
        answer(BOMB, "Content-Encoding: gzip", "Content-Encoding: deflate"),
        "response_encoding",
        "encoded more than once",
    ),
    "32 MiB in 150 KiB of gzip": (encoded("gzip", BOMB), "response_too_large", "exceeds 1048576 bytes when it is unp"),
    "32 MiB in deflate": (encoded("deflate", zlib.compress(ZEROS, 1)), "response_too_large", "unpacked"),
    "brotli": (encoded("br", b"\x1b\x0a\x00"), "response_encoding", "is br; only gzip and deflate are understood"),
    "zstd": (encoded("zstd", b"\x28\xb5\x2f\xfd"), "response_encoding", "is zstd; only gzip and deflate"),
    "an encoding that is no word": (encoded("\xe9\xe9<b>", SMALL), "response_encoding", "is no such name; only gzip"),
    "gzip that is none": (encoded("gzip", SMALL), "response_encoding", "compressed data is damaged"),
    "gzip with a wrong sum": (
        encoded("gzip", gzip.compress(SMALL)[:-8] + bytes(8)),
        "response_encoding",
        "compressed data is damaged",
    ),
    "half of a gzip": (encoded("gzip", gzip.compress(SMALL)[:-9]), "response_encoding", "compressed data is cut off"),
    "more behind a gzip": (
        encoded("gzip", gzip.compress(SMALL) + gzip.compress(SMALL)),
        "response_encoding",
        "goes on behind its compressed data",
    ),
    "an unknown charset": (typed("text/plain; charset=klingon", b"Qapla"), "response_charset", "charset is klingon"),
    "a codec that is no charset": (typed("text/plain; charset=zip", BOMB), "response_charset", "charset is zip, which"),
    "a slow codec": (typed("text/plain; charset=punycode", b"a-" + b"z" * 10**6), "response_charset", "is punycode"),
    "bytes beyond the charset": (
        typed("text/plain; charset=ascii", b"\xff"),
        "response_charset",
        "its charset (ascii)",
    ),
    "bytes of no charset": (answer(b"\xff\xfe\xfd"), "response_charset", "is not UTF-8, and names no charset"),
    "no JSON": (typed(JSON, b'{"ok": tru'), "response_json", "but is none (line 1, column 8)"),
    "JSON in Latin-1": (typed(JSON, '"ü"'.encode("latin-1")), "response_json", "but is not UTF-8"),
    "JSON 100,000 deep": (typed(JSON, b"[" * 10**5 + b"]" * 10**5), "response_json", "more than 128 levels deep"),
    "JSON that only Python's writer refuses": (typed(JSON, b"[" * 960 + b"]" * 960), "response_json", "128 levels"),
    "JSON one level too deep": (typed(JSON, b'{"a":' * 129 + b"0" + b"}" * 129), "response_json", "128 levels deep"),
    "a number of a million digits": (typed(JSON, b"9" * 10**6), "response_json", "thousands of digits"),
    "a number beyond all": (typed(JSON, b"[1e999]"), "response_json", "character or number that does not exist"),
    "no number": (typed(JSON, b"[NaN]"), "response_json", "a number that is none"),
    "half a character": (typed(JSON, b'"\\ud800"'), "response_json", "character or number that does not exist"),
    "text that grows in JSON": (answer(b'"' * 2**20), "response_too_large", "1048576 bytes when it is written as JSON"),
    "a length beyond the limit": (answer(b"x", length=2**20 + 1), "response_too_large", "exceeds 1048576 bytes"),
    "a length without end": (answer(b"x", length=10**19), "response_too_large", "exceeds 1048576 bytes"),
    "more than the limit without a length": (
        [b"HTTP/1.1 200 OK\r\n\r\n", bytes(2**20 + 1)],
        "response_too_large",
        "exceeds 1048576 bytes",
    ),
    "headers without end": (
        itertools.chain([b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"X-A: b\r\n" * 100)),
        "response_too_large",
        "headers exceed 65536 bytes",
    ),
    "one header without end": (
        itertools.chain([b"HTTP/1.1 200 OK\r\nX-A: "], itertools.repeat(b"a" * 1000)),
        "response_too_large",
        "headers exceed 65536 bytes",
    ),
    "hints without end": (
        itertools.repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
        "response_too_large",
        "headers exceed 65536 bytes",
    ),
    "chunks that are all frame": (
        chunked(itertools.repeat(b"1;" + b"a" * 50_000 + b"\r\nx\r\n")),
        "response_too_large",
        "exceeds 1048576 bytes with what frames it",
    ),
    "chunks of a byte": (chunked([b"1\r\nx\r\n" * 100_001]), "response_too_large", "more than 100000 chunks"),
    "trailers without end": (
        chunked(itertools.chain([b"0\r\n"], itertools.repeat(b"X-A: b\r\n" * 100))),
        "response_invalid",
        "not valid HTTP",
    ),
    "half of what was promised": (answer(SMALL, length=100), "response_cut_off", "the answer began, but"),
    "an end within the headers": ([b"HTTP/1.1 200 OK\r\nContent-"], "response_cut_off", "the answer began, but"),
    "an end within the chunks": (chunked([b"5\r\nab"]), "response_cut_off", "the answer began, but"),
    "another protocol": ([b"SSH-2.0-OpenSSH_9.2\r\n\r\n"], "response_invalid", "not valid HTTP"),
    "a chunk of no size": (chunked([b"-1\r\nx\r\n"]), "response_invalid", "not valid HTTP"),
    "two lengths": (answer(SMALL, "Content-Length: 5"), "response_invalid", "not valid HTTP"),
    "a compressed transfer": (
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
        "response_invalid",
        "not valid HTTP",
    ),
    "another protocol from here on": (
        [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"],
        "response_invalid",
        "not valid HTTP",
    ),
    "a way on that is no address": (
        answer(b"", "Location: http://[::1:x/", status="302 Found"),
        "http_status",
        "answered with status 302",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_call_whose_answer_is_of_no_use_is_made_once_and_told(tenant: Tenant, sink: Sink, kind: str) -> None:
    raw, code, words = HOSTILE[kind]
    sink.answer = lambda _request, _number: Answer(raw=raw)
    connector(tenant, sink.url)
    error = tenant.call("f", {})["error"]
    assert (error["code"], error["attempts"], len(sink.received)) == (code, 1, 1)
    assert words in error["message"]


def test_an_answer_that_drips_ends_at_the_steps_timeout_and_is_not_asked_for_again(tenant: Tenant, sink: Sink) -> None:
    over = threading.Event()

    def drip() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        while not over.wait(0.05):
            yield b"x"

    sink.answer = lambda _request, _number: Answer(raw=drip())
    connector(tenant, sink.url, timeout_seconds=0.5)
    error = tenant.call("f", {})["error"]
    over.set()
    assert (error["code"], len(sink.received)) == ("response_cut_off", 1)
    assert error["message"] == "the answer began, but no complete answer within 0.5 s"


def test_a_get_whose_answer_was_cut_off_is_made_again(tenant: Tenant, sink: Sink) -> None:
    sink.answer = lambda _request, number: Answer(raw=answer(SMALL, length=100)) if number == 0 else Answer()
    connector(tenant, sink.url, method="GET")
    assert (tenant.call("f", {})["status"], len(sink.received)) == ("completed", 2)


@pytest.mark.parametrize("wait", ["²", "9" * 400, "Mon, 01 Jan 2024 00:00:00 +9999999999999", "soon", "-5"])
def test_a_wait_that_makes_no_sense_changes_nothing(tenant: Tenant, sink: Sink, wait: str) -> None:
    trouble = Answer(raw=[f"HTTP/1.1 503 Busy\r\nRetry-After: {wait}\r\n\r\n".encode("latin-1")])
    sink.answer = lambda _request, number: trouble if number == 0 else Answer()
    connector(tenant, sink.url)
    assert (tenant.call("f", {})["status"], len(sink.received)) == ("completed", 2)


def test_a_refusal_is_told_by_its_status_whatever_comes_with_it(tenant: Tenant, sink: Sink) -> None:
    raw = list(answer(BOMB, "Content-Encoding: gzip, gzip", status="404 Not Found"))
    sink.answer = lambda _request, _number: Answer(raw=raw)
    connector(tenant, sink.url)
    assert tenant.call("f", {})["error"]["message"] == "answered with status 404"


MEASURE = """
import asyncio, ipaddress, json, sys, tracemalloc
from patchbay_runtime.calls.call import call
from patchbay_runtime.calls.content import told
from patchbay_runtime.steps.fault import StepFault

async def as_it_is_written(host, port):
    return [ipaddress.ip_address(host)]

async def peak(url):
    tracemalloc.start()
    try:
        kept = told(await call("GET", url, {}, None, 60, addresses=as_it_is_written))
    except StepFault as fault:
        kept = fault.code
    after, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return [most, after]

async def main():
    await peak(sys.argv[1])  # imports
    print(json.dumps([await peak(sys.argv[1]) for _ in range(int(sys.argv[2]))]))

asyncio.run(main())
"""

# The answers that cost most: what they are unpacked, parsed or joined to.
LARGE: dict[str, list[bytes]] = {
    "compressed twice": list(encoded("gzip, gzip", gzip.compress(BOMB))),
    "compressed once": list(encoded("gzip", BOMB)),
    "many values": list(typed(JSON, b"[" + b"{}," * 349_000 + b"0]")),
    "small chunks": list(chunked([b"1\r\nx\r\n" * 30_000, b"0\r\n\r\n"])),
    "a large head": [b"HTTP/1.1 200 OK\r\n" + b"A:\r\n" * 10**6],
}


def test_no_answer_takes_more_than_32_mib_or_leaves_more_than_2(sink: Sink) -> None:
    raws = list(LARGE.values())
    sink.answer = lambda _request, number: Answer() if number == 0 else Answer(raw=raws[number - 1])
    command = [sys.executable, "-c", MEASURE, sink.url, str(len(raws))]
    measured = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=300).stdout)
    for kind, (most, after) in zip(LARGE, measured, strict=True):
        assert most < 32 * 2**20, f"{kind}: {most}"
        assert after < 2 * 2**20, f"{kind}: {after} are kept"


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


DEEP: Any = 0
for _ in range(128):
    DEEP = [DEEP]

USEFUL: dict[str, tuple[Iterable[bytes], Any]] = {
    "gzip": (encoded("gzip", gzip.compress(SMALL)), {"ok": True}),
    "gzip by its old name": (encoded("x-gzip", gzip.compress(SMALL)), {"ok": True}),
    "deflate": (encoded("Deflate", zlib.compress(SMALL)), {"ok": True}),
    "deflate without its frame": (encoded("deflate", raw_deflate(SMALL)), {"ok": True}),
    "identity": (encoded("identity", SMALL), {"ok": True}),
    "an encoding of nothing": (encoded("gzip", b""), None),
    "Latin-1": (typed('text/plain; charset="ISO-8859-1"', b"\xfc"), "ü"),
    "Windows' own": (typed("text/plain;charset=windows-1252", b"\x80"), "€"),
    "UTF-16": (typed("text/plain; charset=utf-16", "ü".encode("utf-16")), "ü"),
    "text without a charset": (answer("ü".encode()), "ü"),
    "JSON with another charset said": (typed(f"{JSON}; charset=latin1", '"ü"'.encode()), "ü"),
    "JSON 128 deep": (typed(JSON, b"[" * 128 + b"0" + b"]" * 128), DEEP),
    "chunks": (chunked([b"2;note=x\r\nab\r\n", b"1\r\nc\r\n0\r\nX-Sum: 1\r\n\r\n"]), "abc"),
    "hints before": (itertools.chain([b"HTTP/1.1 103 Early Hints\r\n\r\n"], answer(b"abc")), "abc"),
    "no length, an end": ([b"HTTP/1.0 200 OK\r\n\r\nabc"], "abc"),
}


@pytest.mark.parametrize("kind", USEFUL)
def test_an_answer_of_use_is_the_steps_output(tenant: Tenant, sink: Sink, kind: str) -> None:
    raw, body = USEFUL[kind]
    sink.answer = lambda _request, _number: Answer(raw=raw)
    connector(tenant, sink.url)
    run = tenant.call("f", {})
    assert run["output"] == {"status": 200, "body": body}, run["error"]
    assert tenant.run(run["run"])["output"] == run["output"]


def test_nothing_that_an_answer_brought_goes_with_the_next_call(tenant: Tenant, sink: Sink, new_tenant: Any) -> None:
    secret = ("Set-Cookie: session=of-the-first; Path=/", "Set-Cookie: again=1; Domain=127.0.0.1")
    more = ('WWW-Authenticate: Basic realm="a"', 'Alt-Svc: h2=":1"', "Keep-Alive: timeout=600")
    # The second answer waits on the connection for whoever asks next.
    pushed = b"".join([*answer(b"mine", *secret, *more), *answer(b"a stranger's")])

    def once(_request: Received, number: int) -> Answer:
        return Answer(raw=[pushed]) if number == 0 else Answer(body=b"yours", headers={})

    sink.answer = once
    other = new_tenant()
    for each in (tenant, other):
        connector(each, sink.url)
    outputs = [each.call("f", {})["output"]["body"] for each in (tenant, other, tenant)]
    assert outputs == ["mine", "yours", "yours"]
    first, *later = [set(request.headers) for request in sink.received]
    assert later == [first, first]
    assert not first & {"cookie", "authorization"}


def test_each_call_has_a_connection_of_its_own(tenant: Tenant, sink: Sink) -> None:
    connector(tenant, sink.url)
    for _ in range(3):
        tenant.call("f", {})
    assert len({request.client for request in sink.received}) == 3
    assert {request.headers["connection"] for request in sink.received} == {"close"}


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_leads_nowhere(tenant: Tenant, sink: Sink, status: int) -> None:
    elsewhere = Sink()
    headers = {"Location": elsewhere.url, "Refresh": f"0; url={elsewhere.url}"}
    sink.answer = lambda _request, _number: Answer(status=status, headers=headers)
    connector(tenant, sink.url, method="GET")
    error = tenant.call("f", {})["error"]
    elsewhere.close()
    assert (error["message"], error["attempts"]) == (f"answered with status {status}", 1)
    assert (len(sink.received), len(elsewhere.received)) == (1, 0)
