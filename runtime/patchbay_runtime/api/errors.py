"""Errors in one form: `{"error": {"code", "message", "details": [{"path", "message"}]}}`."""

import functools
import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import compile_path

from patchbay_runtime.flows.problem import InvalidFlowError, Problem, json_path
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.storage.database import is_contention, is_older_schema, is_too_slow, is_unavailable, outage

RETRY_AFTER_SECONDS = 2

log = logging.getLogger(__name__)


class ApiError(Exception):
    """An answer that says what is wrong."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        details: Sequence[Problem] = (),
        *,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)
        self.status = status
        self.code = code
        self.message = message
        self.details = details


def not_found(kind: str, name: str) -> ApiError:
    """404 for a tenant, flow, version, run, key, member or invitation."""
    return ApiError(HTTPStatus.NOT_FOUND, f"unknown_{kind}", f"there is no {kind} {name!r}")


def invalid_field(path: str, message: str) -> ApiError:
    """422 for one field of a body, by its JSON path."""
    problem = Problem(path, message)
    return ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", "the request is not valid", [problem])


def error_response(
    status: HTTPStatus | int,
    code: str,
    message: str,
    details: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error in its form."""
    listed = [{"path": problem.path, "message": problem.message} for problem in details]
    body = {"error": {"code": code, "message": message, "details": listed}}
    return JSONResponse(body, status_code=int(status), headers=dict(headers or {}))


async def _api_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this type alone
    return error_response(error.status, error.code, error.message, error.details, error.headers)


async def _invalid_flow(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, InvalidFlowError)  # noqa: S101 - likewise
    return error_response(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_flow", str(error), error.problems)


async def _invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - likewise
    problems = [Problem(json_path(detail["loc"]), detail["msg"]) for detail in error.errors()]
    return error_response(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", "the request is not valid", problems)


async def _http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - likewise
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(sorted(_methods_of(request)))}
    return error_response(error.status_code, code, str(error.detail), headers=headers)


def _methods_of(request: Request) -> set[str]:
    """All that the path takes; the framework tells those of the first route on it."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.path and _pattern(route.path).match(request.scope["path"]):
            found.update(route.methods or ())
    return found


@functools.cache
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]


async def _incomplete_body(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ClientDisconnect)  # noqa: S101 - likewise
    # Nobody is there to read it. What a client breaks off is no failure of ours, so it is not in the log.
    return error_response(HTTPStatus.BAD_REQUEST, "incomplete_body", "the connection ended within the body")


async def _server_error(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, RedisError | ConnectionError) or is_unavailable(error):
        log.warning("MariaDB or Redis is away: %s", outage(error), extra={"path": request.url.path})
        return _try_again("unavailable", "the service cannot reach its storage")
    if isinstance(error, StepFault):
        log.warning("expressions could not be read: %s", error.code, extra={"path": request.url.path})
        return _try_again("busy", "the machine had no room to read the flow's expressions")
    if is_contention(error) or is_too_slow(error):
        log.warning("a request lost against others in MariaDB", extra={"path": request.url.path})
        return _try_again("busy", "too many requests want the same at once")
    if is_older_schema(error):
        log.error("a schema is older than this program", extra={"path": request.url.path}, exc_info=error)
        return _try_again("unavailable", "the tenant's data are not up to date yet")
    log.error("a request failed: %s", type(error).__name__, extra={"path": request.url.path}, exc_info=error)
    return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "the request failed; the cause is in the log")


def _try_again(code: str, problem: str) -> JSONResponse:
    return error_response(
        HTTPStatus.SERVICE_UNAVAILABLE,
        code,
        f"{problem}; try again, with the same Idempotency-Key if the request had one",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def add_error_handlers(app: FastAPI) -> None:
    """Give every error its form."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(InvalidFlowError, _invalid_flow)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(ClientDisconnect, _incomplete_body)
    for kind in (SQLAlchemyError, RedisError, OSError, StepFault, Exception):
        app.add_exception_handler(kind, _server_error)
