"""Attempts by a partner of the attacker's to take memory, time or sense from a worker that serves all."""

import gzip
import itertools
from collections.abc import Iterable, Mapping
from typing import Final

import httpx

from tests.runtime.sink import Answer
from tests.security.attempts import Act, attempts
from tests.security.stage import Stage

AREA: Final = "answers"
_OK: Final = b"HTTP/1.1 200 OK\r\n"
ZEROS: Final = gzip.compress(bytes(2**25), 1)


def _answered(pieces: Iterable[bytes], **config: object) -> Act:
    def act(stage: Stage) -> httpx.Response:
        stage.partner.answer = lambda _request, _number: Answer(raw=pieces)
        return stage.call(stage.partner.url, **config)

    return act


def _body(body: bytes, *headers: bytes) -> list[bytes]:
    return [_OK + b"".join(header + b"\r\n" for header in headers) + b"Content-Length: %d\r\n\r\n" % len(body) + body]


def _json(body: bytes) -> list[bytes]:
    return _body(body, b"Content-Type: application/json")


HOSTILE: Final[Mapping[str, tuple[str, Act]]] = {
    "32 MiB in little gzip": ("response_too_large", _answered(_body(ZEROS, b"Content-Encoding: gzip"))),
    "gzip in gzip": ("response_encoding", _answered(_body(gzip.compress(ZEROS), b"Content-Encoding: gzip, gzip"))),
    "a body without an end": (
        "response_too_large",
        _answered(itertools.chain([_OK + b"\r\n"], itertools.repeat(b"x" * 65_536, 64))),
    ),
    "headers without an end": (
        "response_too_large",
        _answered(itertools.chain([_OK], itertools.repeat(b"X-A: " + b"a" * 1000 + b"\r\n", 200))),
    ),
    "more than it says": ("response_cut_off", _answered([_OK + b"Content-Length: 1000\r\n\r\nshort"])),
    "no HTTP at all": ("response_invalid", _answered([b"SSH-2.0-OpenSSH_9.2\r\n\r\n"])),
    "JSON as deep as can be": ("response_json", _answered(_json(b"[" * 100_000))),
    "a number of thousands of digits": ("response_json", _answered(_json(b"9" * 10_000))),
    "JSON that is none": ("response_json", _answered(_json(b"{"))),
    "a charset that unpacks": ("response_charset", _answered(_body(ZEROS, b"Content-Type: text/plain; charset=zip"))),
}
for _what, (_code, _act) in HOSTILE.items():
    attempts(AREA, f"failed {_code}", {_what: _act})
