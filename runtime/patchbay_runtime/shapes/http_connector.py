"""Calls another system over HTTP."""

import asyncio
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, field_validator

from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.expression import Expression
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.json_text import JsonText
from patchbay_runtime.steps.number import Real, Whole
from patchbay_runtime.steps.outcome import Context, Output, onward
from patchbay_runtime.steps.retry import RetryPolicy
from patchbay_runtime.steps.shape import Shape

LONGEST_TIMEOUT_SECONDS = 60
# Before the call, and like it within the time that a pod which is told to leave has.
_EVALUATION_SECONDS: Final = 8
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
    timeout_seconds: Real = Field(default=20, gt=0, le=LONGEST_TIMEOUT_SECONDS)
    retries: Whole = Field(default=2, ge=0, le=20)
    backoff_seconds: Real = Field(default=0.5, ge=0, le=60)

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


async def execute(payload: JsonText, config: Config, context: Context) -> Output:
    """Send one request. The output is `{"status": code, "body": JSON or text}`."""
    from patchbay_runtime.calls.call import call  # noqa: PLC0415 - heavy, and the catalogue must not import it
    from patchbay_runtime.calls.content import told  # noqa: PLC0415 - as above

    headers = {**config.headers, "Idempotency-Key": context.process, "X-Patchbay-Run": context.run}
    content = None
    if config.method not in {"GET", "DELETE"}:
        content = await _content(payload, config, context)
        if "content-type" not in {name.lower() for name in headers}:
            headers["Content-Type"] = "application/json"
    answer = await call(
        config.method, config.url, headers, content, config.timeout_seconds, addresses=context.addresses
    )
    return onward(told(answer), context)


async def _content(payload: JsonText, config: Config, context: Context) -> bytes:
    if config.body is None:
        return payload.text.encode()
    try:
        async with asyncio.timeout(_EVALUATION_SECONDS):
            (body,) = await context.evaluate({"body": config.body}, payload)
        return body.text.encode()
    except TimeoutError:
        raise StepFault("evaluation_busy", "the body could not be evaluated in time", retryable=True) from None
    except UnicodeEncodeError:
        raise StepFault("expression_failed", "body: the text holds a character that does not exist") from None
