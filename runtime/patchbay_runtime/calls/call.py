"""A request and its answer, over a connection that carries nothing else.

httpx' client is not used: its jar would send the cookies of one tenant's partner with another tenant's call, and it
reads redirects even where it does not follow them. Nor is a connection used twice, not even for the same tenant:
httpcore takes what a server sends behind an answer for the answer to the next request, and a kept connection may end
under a request, which leaves open whether the partner has got it. What calls share is the trust in authorities (a
client's `ssl.SSLContext` keeps no sessions), the resolver of names, and the worker. No client certificates, no proxies,
HTTP/1.1 alone.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import httpcore
import httpx

from patchbay_runtime.calls.network import Network
from patchbay_runtime.calls.retry_after import retry_after
from patchbay_runtime.steps.addresses import Addresses
from patchbay_runtime.steps.fault import StepFault

LARGEST_BODY_BYTES: Final = 2**20
# Lengths, extensions and line ends of chunks, and trailers.
_FRAMING_BYTES: Final = 2**20
# Each piece costs some 25 microseconds.
_MOST_PIECES: Final = 100_000
_TOO_LARGE: Final = f"the answer exceeds {LARGEST_BODY_BYTES} bytes"
_COMMON_HEADERS: Final = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "Patchbay",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that says success; `body` as it came, still compressed."""

    status: int
    headers: httpx.Headers
    body: bytes


async def call(
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes | None,
    timeout_seconds: float,
    *,
    addresses: Addresses,
) -> Answer:
    """Send a request once. Raises StepFault for everything but a complete answer with a status from 200 to 299.

    `addresses`: what the connection may be made to. The certificate and the header `Host` are the URL's all the same.

    It may be sent again where nothing came back, and after 429 and 5xx. Where an answer has begun that says anything
    else, the partner has got the call: only a GET, which changes nothing, may be repeated, if its answer was cut off.
    """
    network = Network(addresses, timeout_seconds)

    def unanswered(code: str, message: str) -> StepFault:
        if not network.received:
            return StepFault(code, message, retryable=True)
        return StepFault("response_cut_off", f"the answer began, but {message}", retryable=method == "GET")

    try:
        request = _request(method, url, headers, content)
        async with asyncio.timeout(timeout_seconds):
            return await _exchange(request, network)
    except TimeoutError:
        raise unanswered("http_timeout", f"no complete answer within {timeout_seconds:g} s") from None
    except (httpx.InvalidURL, httpcore.LocalProtocolError) as error:
        raise StepFault("http_connection", f"the address cannot be called ({type(error).__name__})") from None
    except (httpcore.NetworkError, httpcore.RemoteProtocolError, OSError) as error:
        if isinstance(error, httpcore.RemoteProtocolError) and network.received and not network.ended:
            raise StepFault("response_invalid", "the answer is not valid HTTP/1.1") from None
        # Only the kind: the text of some of these errors quotes the URL with its query.
        raise unanswered("http_connection", f"the call failed ({type(error).__name__})") from None
    finally:
        await network.aclose()


def _request(method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> httpcore.Request:
    given = httpx.Headers(dict(headers))
    for name, value in _COMMON_HEADERS.items():
        given.setdefault(name, value)
    given["Connection"] = "close"
    # It adds the headers `Host` and `Content-Length`.
    request = httpx.Request(method, url, headers=given, content=content)
    address = request.url
    return httpcore.Request(
        method,
        httpcore.URL(scheme=address.raw_scheme, host=address.raw_host, port=address.port, target=address.raw_path),
        headers=request.headers.raw,
        content=content,
    )


async def _exchange(request: httpcore.Request, network: Network) -> Answer:
    origin = request.url.origin
    context = _trust() if origin.scheme == b"https" else None
    connection = httpcore.AsyncHTTPConnection(origin, ssl_context=context, network_backend=network)
    response = await connection.handle_async_request(request)
    headers = httpx.Headers(response.headers)
    _check_status(response.status, headers)
    length = headers.get("Content-Length", "")
    if len(length) > len(str(LARGEST_BODY_BYTES)) or (length.isdecimal() and int(length) > LARGEST_BODY_BYTES):
        raise StepFault("response_too_large", _TOO_LARGE)
    network.expect_body(LARGEST_BODY_BYTES + _FRAMING_BYTES, f"{_TOO_LARGE} with what frames it")
    body = bytearray()
    pieces = 0
    async for piece in response.aiter_stream():
        body += piece
        pieces += 1
        if len(body) > LARGEST_BODY_BYTES:
            raise StepFault("response_too_large", _TOO_LARGE)
        if pieces > _MOST_PIECES:
            raise StepFault("response_too_large", f"the answer comes in more than {_MOST_PIECES} chunks")
    return Answer(response.status, headers, bytes(body))


def _check_status(status: int, headers: httpx.Headers) -> None:
    """Raise StepFault for all but success; such an answer's body is not even read."""
    if 200 <= status < 300:
        return
    retryable = status == 429 or status >= 500
    wait = retry_after(headers.get("Retry-After")) if retryable else None
    raise StepFault("http_status", f"answered with status {status}", retryable=retryable, retry_after=wait)


@cache
def _trust() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
