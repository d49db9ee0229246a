"""Calls another system over HTTP."""

import asyncio
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from patchbay_runtime.catalog.shape import Shape
from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.expression import Expression, evaluate
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.outcome import Context, Output, onward
from patchbay_runtime.steps.retry import RetryPolicy

if TYPE_CHECKING:
    import httpx

LONGEST_TIMEOUT_SECONDS = 60
LARGEST_RESPONSE_BYTES = 2**20
# The headers that the runtime sets itself, or that would let a step change how the request is framed.
RESERVED_HEADERS = frozenset(
    {"connection", "content-length", "host", "idempotency-key", "te", "transfer-encoding", "upgrade", "x-patchbay-run"}
)

SHAPE = Shape(
    name="http-connector",
    description="Sends the payload to another system over HTTP and goes on with its answer.",
    max_pods=16,
    longest_step_seconds=LONGEST_TIMEOUT_SECONDS + 10,
)
LONG = True

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,80}$")]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{0,1000}$")]


class Config(StepConfig):
    """The request; `timeout_seconds` covers one call from its start to the last byte of the answer."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    url: Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[^\s/?#@]+([/?][^\s#]*)?$")]
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict, max_length=30)
    # The body that is sent; the payload where it is not given. GET and DELETE send none.
    body: Expression | None = None
    timeout_seconds: float = Field(default=20, gt=0, le=LONGEST_TIMEOUT_SECONDS)
    retries: int = Field(default=2, ge=0, le=20)
    backoff_seconds: float = Field(default=0.5, ge=0, le=60)

    @field_validator("headers")
    @classmethod
    def _no_reserved_header(cls, headers: dict[str, str]) -> dict[str, str]:
        reserved = sorted(name for name in headers if name.lower() in RESERVED_HEADERS)
        if reserved:
            raise ValueError(f"{', '.join(reserved)}: set by the runtime; remove it")
        return headers


def called(config: Config) -> str:
    """The address that the step calls."""
    return config.url


def retry_policy(config: Config) -> RetryPolicy:
    """The step's own settings."""
    return RetryPolicy(retries=config.retries, backoff_seconds=config.backoff_seconds)


async def execute(payload: Any, config: Config, context: Context) -> Output:
    """Send one request. Connection errors, 429 and 5xx may be retried; any other status of 400 and above may not.

    The output is `{"status": code, "body": JSON or text}`.
    """
    headers = {**config.headers, "Idempotency-Key": context.process, "X-Patchbay-Run": context.run}
    content = None
    if config.method not in {"GET", "DELETE"}:
        body = payload if config.body is None else evaluate(config.body, payload, context.variables)
        content = _encoded(body)
        headers.setdefault("Content-Type", "application/json")
    return onward(await _send(config, headers, content), context)


async def _send(config: Config, headers: dict[str, str], content: bytes | None) -> dict[str, Any]:
    import httpx  # noqa: PLC0415 - heavy, and the catalogue must not import it

    try:
        async with (
            asyncio.timeout(config.timeout_seconds),
            _client().stream(config.method, config.url, headers=headers, content=content) as response,
        ):
            body = await _read(response)
    except TimeoutError:
        message = f"no complete answer within {config.timeout_seconds:g} s"
        raise StepFault("http_timeout", message, retryable=True) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Only the kind: the text of some of these errors quotes the URL with its query.
        raise StepFault("http_connection", f"the call failed ({type(error).__name__})", retryable=True) from None
    status = response.status_code
    if status >= 300:
        retryable = status == 429 or status >= 500
        retry_after = _retry_after(response.headers.get("Retry-After")) if retryable else None
        raise StepFault("http_status", f"answered with status {status}", retryable=retryable, retry_after=retry_after)
    return {"status": status, "body": _decoded(body, response)}


@cache
def _client() -> "httpx.AsyncClient":
    """One pool of connections per worker. Redirects are not followed: they could lead past the network's rules."""
    import httpx  # noqa: PLC0415 - heavy, and the catalogue must not import it

    limits = httpx.Limits(max_connections=64, max_keepalive_connections=16)
    return httpx.AsyncClient(timeout=None, limits=limits, follow_redirects=False, trust_env=False)  # noqa: S113 - asyncio.timeout bounds the whole call


async def _read(response: "httpx.Response") -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST_RESPONSE_BYTES:
            raise StepFault("response_too_large", f"the answer exceeds {LARGEST_RESPONSE_BYTES} bytes")
    return bytes(body)


def _encoded(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _decoded(body: bytes, response: "httpx.Response") -> Any:
    if not body:
        return None
    if "json" in response.headers.get("Content-Type", ""):
        try:
            return json.loads(body)
        except ValueError:
            raise StepFault("invalid_response", "the answer says it is JSON, but it is not") from None
    return body.decode(response.encoding or "utf-8", "replace")


def _retry_after(value: str | None) -> float | None:
    """Seconds from a `Retry-After` header, a number or a date."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
